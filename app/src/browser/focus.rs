//! Moving the focus.

use wasm_bindgen::JsCast;
use web_sys::HtmlElement;

/// Focuses an element.
pub fn focus(element: &HtmlElement) {
    // It fails only when the element is gone, and then there is nothing to focus.
    drop(element.focus());
}

/// Focuses the first control in the element with an id, which brings it into view.
pub fn focus_first_control(id: &str) {
    let control = leptos::prelude::document().query_selector(&format!("#{id} :is(button, input)")).ok().flatten();
    if let Some(control) = control.and_then(|control| control.dyn_into::<HtmlElement>().ok()) {
        focus(&control);
    }
}
