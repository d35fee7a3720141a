//! Pasting: what a shell may run line by line, is long, or holds more than text is asked about first.

use leptos::prelude::*;

use super::attachment::Attachment;
use crate::browser::xterm::Screen;
use crate::components::code::view::shown;
use crate::components::dynamic::dynamic;
use crate::components::dynamic::when::When;
use crate::components::form::confirm::Confirm;
use crate::words;

/// With more lines it is asked about, also where the program knows of pasting.
const FEW_LINES: usize = 5;

/// With more bytes it is asked about.
const FEW_BYTES: usize = 5_000;

/// More bytes aren't pasted: the page holds them until the program takes them.
pub const MOST_BYTES: usize = 64 * 1024 * 1024;

/// So much of it is shown.
const PREVIEW_CHARS: usize = 400;

/// A text that was pasted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pasted {
    /// The text as it is typed: with a carriage return where a line ends, and without control characters. They would be commands
    /// to the program, and one could end the pasting: a program that knows of pasting is told its end by an escape sequence.
    pub text: String,
    /// How many lines it has.
    pub lines: usize,
    /// Whether control characters were left out.
    pub is_cleaned: bool,
}

impl Pasted {
    /// Looks at a text.
    pub fn read(text: &str) -> Self {
        let mut typed = String::with_capacity(text.len());
        let mut is_cleaned = false;
        let mut characters = text.chars().peekable();
        while let Some(character) = characters.next() {
            match character {
                '\r' if characters.peek() == Some(&'\n') => {}
                '\n' => typed.push('\r'),
                '\r' | '\t' => typed.push(character),
                other if other.is_control() => is_cleaned = true,
                other => typed.push(other),
            }
        }
        let ends = typed.matches('\r').count();
        let lines = ends + usize::from(!typed.is_empty() && !typed.ends_with('\r'));
        Self { text: typed, lines, is_cleaned }
    }

    /// Whether to ask first. A program that knows of pasting doesn't take each line for a command.
    pub fn is_doubtful(&self, is_known_of: bool) -> bool {
        let few = if is_known_of { FEW_LINES } else { 1 };
        self.lines > few || self.text.len() > FEW_BYTES || self.is_cleaned
    }

    /// Its beginning. What isn't a letter of anybody's is told by its number.
    fn preview(&self) -> String {
        let start: String = self.text.chars().take(PREVIEW_CHARS).collect();
        let lines: Vec<_> =
            start.split('\r').map(|line| line.split('\t').map(shown).collect::<Vec<_>>().join("\t")).collect();
        let end = if start.len() < self.text.len() { "…" } else { "" };
        lines.join("\n") + end
    }

    /// The question.
    fn question(&self) -> String {
        let size = words::bytes(self.text.len() as u64);
        match self.lines {
            1 => format!("Paste {size} into the terminal?"),
            lines => format!("Paste {lines} lines ({size}) into the terminal?"),
        }
    }
}

/// Asks about what was pasted.
#[component]
pub fn PasteDialog(
    /// Where it goes.
    attachment: Attachment,
    /// What was pasted.
    pasted: RwSignal<Option<Pasted>>,
) -> impl IntoView {
    let open = RwSignal::new(false);
    Effect::new(move |_| open.set(pasted.with(Option::is_some)));
    Effect::new(move |was_open: Option<bool>| {
        let is_open = open.get();
        if was_open == Some(true) && !is_open {
            // It may be megabytes.
            pasted.set(None);
            attachment.with_screen(Screen::focus);
        }
        is_open
    });
    let title = Signal::derive(move || pasted.with(|pasted| pasted.as_ref().map(Pasted::question).unwrap_or_default()));
    let paste = move |()| {
        if let Some(Some(Pasted { text, .. })) = pasted.try_update(Option::take) {
            attachment.paste(&text);
        }
    };
    let preview = move || pasted.with(|pasted| pasted.as_ref().map(Pasted::preview).unwrap_or_default());
    let is_cleaned = move || pasted.with(|pasted| pasted.as_ref().is_some_and(|pasted| pasted.is_cleaned));
    view! {
        <Confirm open title action="Paste" on_confirm=paste>
            <p>"A shell may run each line as a command. It begins with:"</p>
            <pre class="terminal__preview">{dynamic(preview)}</pre>
            <When when=is_cleaned>
                <p>"The control characters in it are left out: to a program they are commands."</p>
            </When>
        </Confirm>
    }
}

/// How far a long paste is, and a button that ends it.
pub fn progress_view(attachment: Attachment) -> AnyView {
    let pasting = move || attachment.pasting().get();
    let told = move |is_total: bool| {
        pasting().map(|(taken, total)| if is_total { total } else { taken }.to_string()).unwrap_or_default()
    };
    let label = move || {
        let (taken, total) = pasting().unwrap_or_default();
        format!("Pasting: {} of {}", words::bytes(taken), words::bytes(total))
    };
    let cancel = move |_| {
        attachment.cancel_paste();
        attachment.with_screen(Screen::focus);
    };
    view! {
        <When when=move || attachment.pasting().with(Option::is_some)>
            <div class="terminal__pasting" role="group" aria-label="Pasting">
                <progress aria-label="Pasting" max=dynamic(move || told(true)) value=dynamic(move || told(false))></progress>
                <span>{dynamic(label)}</span>
                <button type="button" class="button button--small" on:click=cancel>
                    "Cancel"
                </button>
            </div>
        </When>
    }
    .into_any()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_typed_has_no_control_characters_but_ends_of_lines_and_tabs() {
        let pasted = Pasted::read("a\u{1b}[201~rm\u{9b}201~\u{3}\u{7f}");
        assert_eq!((pasted.text.as_str(), pasted.is_cleaned), ("a[201~rm201~", true));
        let pasted = Pasted::read("one\r\n\ttwo\nthree\r");
        assert_eq!((pasted.text.as_str(), pasted.lines, pasted.is_cleaned), ("one\r\ttwo\rthree\r", 3, false));
        assert_eq!(Pasted::read("").lines, 0);
    }

    #[test]
    fn what_a_shell_may_run_is_long_or_was_changed_is_asked_about() {
        assert!(!Pasted::read("one\n").is_doubtful(false));
        assert!(Pasted::read("one\ntwo").is_doubtful(false));
        assert!(!Pasted::read("one\ntwo").is_doubtful(true));
        assert!(Pasted::read(&"line\n".repeat(6)).is_doubtful(true));
        assert!(Pasted::read("a\u{1b}").is_doubtful(true));
        let long = Pasted::read(&"é".repeat(3_000));
        assert!(long.is_doubtful(true) && long.preview().chars().count() == PREVIEW_CHARS + 1);
    }

    #[test]
    fn the_beginning_shows_what_would_be_unseen() {
        let pasted = Pasted::read("a\tb\n\u{202e}c");
        assert_eq!(pasted.preview(), "a\tb\n\\u{202e}c");
        assert_eq!(pasted.question(), "Paste 2 lines (8 B) into the terminal?");
    }
}
