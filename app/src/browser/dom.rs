//! Measures and styles of elements. Styles are set through the CSSOM: the content security policy refuses `style`
//! attributes, so none may stand in the HTML that the server renders.

use send_wrapper::SendWrapper;
use wasm_bindgen::JsCast;
use wasm_bindgen::prelude::Closure;
use web_sys::{HtmlElement, MediaQueryList};

/// Sets a CSS property, a custom one included, on an element.
pub fn set_property(element: &HtmlElement, name: &str, value: &str) {
    // It fails only for read-only declarations, which an element's own style isn't.
    drop(element.style().set_property(name, value));
}

/// Sets a custom property on the document's root.
pub fn set_root_property(name: &str, value: &str) {
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

/// Watches whether the system is dark. Dropping it ends that.
pub struct DarkWatch(#[expect(dead_code, reason = "held for what dropping it does")] SendWrapper<DarkQuery>);

struct DarkQuery {
    query: MediaQueryList,
    _changed: Closure<dyn Fn()>,
}

/// Calls a listener when the system becomes dark, or light.
pub fn on_dark_changed(listener: impl Fn() + 'static) -> Option<DarkWatch> {
    let query = leptos::prelude::window().match_media("(prefers-color-scheme: dark)").ok().flatten()?;
    let changed = Closure::<dyn Fn()>::new(listener);
    query.set_onchange(Some(changed.as_ref().unchecked_ref()));
    Some(DarkWatch(SendWrapper::new(DarkQuery { query, _changed: changed })))
}

impl Drop for DarkQuery {
    fn drop(&mut self) {
        self.query.set_onchange(None);
    }
}

/// Whether the window has at most this width, in CSS pixels.
pub fn is_at_most_wide(px: u16) -> bool {
    let query = format!("(max-width: {px}px)");
    leptos::prelude::window().match_media(&query).ok().flatten().is_some_and(|query| query.matches())
}

/// The text that HTML of the server's shows.
pub fn plain_text(html: &str) -> String {
    use wasm_bindgen::JsCast;
    let Ok(element) = leptos::prelude::document().create_element("template") else { return String::new() };
    element.set_inner_html(html);
    let template = element.dyn_into::<web_sys::HtmlTemplateElement>().ok();
    template.and_then(|template| template.content().text_content()).unwrap_or_default()
}
