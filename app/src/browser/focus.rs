//! Moving the focus.

use wasm_bindgen::JsCast;
use web_sys::HtmlElement;

/// Focuses an element.
pub fn focus(element: &HtmlElement) {
    // It fails only when the element is gone, and then there is nothing to focus.
    drop(element.focus());
}

/// Focuses the first button in the element with an id, which brings it into view.
pub fn focus_first_button(id: &str) {
    let button = leptos::prelude::document().query_selector(&format!("#{id} button")).ok().flatten();
    if let Some(button) = button.and_then(|button| button.dyn_into::<HtmlElement>().ok()) {
        focus(&button);
    }
}
