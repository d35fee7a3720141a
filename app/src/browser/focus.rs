//! Moving the focus.

use web_sys::HtmlElement;

/// Focuses an element.
pub fn focus(element: &HtmlElement) {
    // It fails only when the element is gone, and then there is nothing to focus.
    drop(element.focus());
}
