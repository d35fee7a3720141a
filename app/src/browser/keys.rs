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

/// Enter that sends at once, before all that waits: with Ctrl, or with Cmd on a Mac.
pub fn is_steer(event: &KeyboardEvent) -> bool {
    is_enter(event) && (event.ctrl_key() || event.meta_key())
}

/// Escape.
pub fn is_escape(event: &KeyboardEvent) -> bool {
    event.key() == "Escape"
}
