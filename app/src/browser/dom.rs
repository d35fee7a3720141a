//! Measures and styles of elements. Styles are set through the CSSOM: the content security policy refuses `style`
//! attributes, so none may stand in the HTML that the server renders.

use web_sys::HtmlElement;

/// Sets a CSS property, a custom one included, on an element.
pub fn set_property(element: &HtmlElement, name: &str, value: &str) {
    // It fails only for read-only declarations, which an element's own style isn't.
    drop(element.style().set_property(name, value));
}

/// Sets a custom property on the document's root.
pub fn set_root_property(name: &str, value: &str) {
    use wasm_bindgen::JsCast;
    if let Some(root) = leptos::prelude::document().document_element().and_then(|e| e.dyn_into::<HtmlElement>().ok()) {
        set_property(&root, name, value);
    }
}

/// Sets an attribute of the document's root.
pub fn set_root_attribute(name: &str, value: &str) {
    if let Some(root) = leptos::prelude::document().document_element() {
        // It fails only for names that aren't names.
        drop(root.set_attribute(name, value));
    }
}

/// Whether the window has at most this width, in CSS pixels.
pub fn is_at_most_wide(px: u16) -> bool {
    let query = format!("(max-width: {px}px)");
    leptos::prelude::window().match_media(&query).ok().flatten().is_some_and(|query| query.matches())
}
