//! Keys that phones don't have.

use leptos::prelude::*;

use super::attachment::Attachment;
use crate::browser::xterm::Screen;
use crate::components::dynamic::dynamic;

/// A key: what stands on it, its name, and what it types; an arrow key's last letter only.
type Key = (&'static str, &'static str, Types);

#[derive(Debug, Clone, Copy)]
enum Types {
    Text(&'static str),
    Arrow(char),
}

const KEYS: [Key; 7] = [
    ("Esc", "Escape", Types::Text("\x1b")),
    ("Tab", "Tab", Types::Text("\t")),
    ("^C", "Control and C", Types::Text("\x03")),
    ("←", "Left", Types::Arrow('D')),
    ("↓", "Down", Types::Arrow('B')),
    ("↑", "Up", Types::Arrow('A')),
    ("→", "Right", Types::Arrow('C')),
];

/// A row of keys, which the style sheet shows where there is no keyboard.
#[component]
pub fn KeyRow(
    /// Where they are typed.
    attachment: Attachment,
) -> impl IntoView {
    let press = move |types| {
        match types {
            Types::Text(text) => attachment.press(text),
            Types::Arrow(last) => {
                let is_application = attachment.with_screen(Screen::wants_application_keys) == Some(true);
                attachment.press(&format!("\x1b{}{last}", if is_application { 'O' } else { '[' }));
            }
        }
        attachment.with_screen(Screen::focus);
    };
    let key = move |(shown, name, types): Key| {
        view! {
            <button type="button" class="button button--small" title=name on:click=move |_| press(types)>
                {shown}
            </button>
        }
        .into_any()
    };
    let control = move |_| {
        attachment.is_controlled().update(|is_on| *is_on = !*is_on);
        attachment.with_screen(Screen::focus);
    };
    view! {
        <div class="terminal__keys" role="group" aria-label="Keys">
            <button
                type="button"
                class="button button--small"
                title="Control, with the next key"
                aria-pressed=dynamic(move || attachment.is_controlled().get().to_string())
                on:click=control
            >
                "Ctrl"
            </button>
            {KEYS.into_iter().map(key).collect::<Vec<_>>()}
        </div>
    }
}

/// What a key types while Ctrl is pressed; none where that is nothing else.
pub fn with_control(text: &str) -> Option<String> {
    let mut characters = text.chars();
    match (characters.next()?, characters.as_str()) {
        // An arrow, with the number for Ctrl.
        ('\x1b', arrow) if arrow.len() == 2 && arrow.starts_with(['[', 'O']) => {
            Some(format!("\x1b[1;5{}", &arrow[1..]))
        }
        (' ', "") => Some("\0".to_owned()),
        ('?', "") => Some("\x7f".to_owned()),
        (key @ '@'..='~', "") => u8::try_from(key).ok().map(|key| char::from(key & 0x1f).to_string()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn control_makes_commands_of_letters_and_other_arrows_of_arrows() {
        for (key, typed) in
            [("c", "\x03"), ("D", "\x04"), ("[", "\x1b"), (" ", "\0"), ("\x1b[D", "\x1b[1;5D"), ("\x1bOA", "\x1b[1;5A")]
        {
            assert_eq!(with_control(key).as_deref(), Some(typed), "{key:?}");
        }
        for other in ["", "é", "1", "\x1b", "\t", "word"] {
            assert_eq!(with_control(other), None, "{other:?}");
        }
    }
}
