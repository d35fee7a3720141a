//! Keys that more than one component listens to.

use web_sys::KeyboardEvent;

/// Enter, unless it only ends the composition of a character.
pub fn is_enter(event: &KeyboardEvent) -> bool {
    event.key() == "Enter" && !event.is_composing()
}

/// Enter that sends: without Shift, which makes a new line.
pub fn is_send(event: &KeyboardEvent) -> bool {
    is_enter(event) && !event.shift_key()
}

/// Escape.
pub fn is_escape(event: &KeyboardEvent) -> bool {
    event.key() == "Escape"
}
