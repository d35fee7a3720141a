//! Keys that phones don't have.

use leptos::prelude::*;

use super::attachment::Attachment;
use crate::browser::xterm::Screen;

/// A key: what stands on it, its name, and what it types; an arrow key's last letter only.
type Key = (&'static str, &'static str, Types);

#[derive(Debug, Clone, Copy)]
enum Types {
    Text(&'static str),
    Arrow(char),
}

const KEYS: [Key; 8] = [
    ("Esc", "Escape", Types::Text("\x1b")),
    ("Tab", "Tab", Types::Text("\t")),
    ("^C", "Control and C", Types::Text("\x03")),
    ("^D", "Control and D", Types::Text("\x04")),
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
            Types::Text(text) => attachment.type_in(text),
            Types::Arrow(last) => {
                let is_application = attachment.with_screen(Screen::wants_application_keys) == Some(true);
                attachment.type_in(&format!("\x1b{}{last}", if is_application { 'O' } else { '[' }));
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
    view! {
        <div class="terminal__keys" role="group" aria-label="Keys">
            {KEYS.into_iter().map(key).collect::<Vec<_>>()}
        </div>
    }
}
