//! Pasting: what has many lines, or is long, is asked about first, as a shell may run each line.

use leptos::prelude::*;

use super::attachment::Attachment;
use crate::browser::xterm::Screen;
use crate::components::dynamic::dynamic;
use crate::components::form::confirm::Confirm;

/// With more lines it is asked about.
const FEW_LINES: usize = 5;

/// With more bytes it is asked about.
const FEW_BYTES: usize = 5_000;

/// So much of it is shown.
const PREVIEW_CHARS: usize = 400;

/// A text that was pasted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pasted {
    /// The text, without what could end the pasting: a program that knows of pasting is told its end by an escape sequence.
    pub text: String,
    /// How many lines it has.
    pub lines: usize,
    /// Whether to ask first.
    pub is_long: bool,
}

impl Pasted {
    /// Looks at a text.
    pub fn read(text: &str) -> Self {
        let text: String = text.chars().filter(|character| !matches!(character, '\u{1b}' | '\u{9b}')).collect();
        let lines = text.lines().count();
        let is_long = lines > FEW_LINES || text.len() > FEW_BYTES;
        Self { text, lines, is_long }
    }

    fn preview(&self) -> String {
        let start: String = self.text.chars().take(PREVIEW_CHARS).collect();
        if start.len() < self.text.len() { start + "…" } else { start }
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
    Effect::new(move |_| {
        if !open.get() {
            attachment.with_screen(Screen::focus);
        }
    });
    let title = Signal::derive(move || {
        let lines = pasted.with(|pasted| pasted.as_ref().map_or(0, |pasted| pasted.lines));
        format!("Paste {lines} lines into the terminal?")
    });
    let paste = move |()| {
        if let Some(Pasted { text, .. }) = pasted.get_untracked() {
            attachment.with_screen(|screen| screen.paste(&text));
        }
        pasted.set(None);
    };
    let preview = move || pasted.with(|pasted| pasted.as_ref().map(Pasted::preview).unwrap_or_default());
    view! {
        <Confirm open title action="Paste" on_confirm=paste>
            <p>"A shell may run each line as a command. It begins with:"</p>
            <pre class="terminal__preview">{dynamic(preview)}</pre>
        </Confirm>
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pasting_cannot_be_ended_from_within() {
        assert_eq!(Pasted::read("a\u{1b}[201~rm\u{9b}201~").text, "a[201~rm201~");
    }

    #[test]
    fn what_is_long_is_asked_about() {
        assert!(!Pasted::read("one\ntwo\n").is_long);
        assert!(Pasted::read(&"line\n".repeat(6)).is_long);
        let long = Pasted::read(&"é".repeat(3_000));
        assert!(long.is_long && long.preview().chars().count() == PREVIEW_CHARS + 1);
    }
}
