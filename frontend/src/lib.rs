//! The entry point of the page in the browser. Everything else of the page stands in `app`.

// The type of a view names every element in it, and the compiler lays out the future that hydrates it.
#![recursion_limit = "256"]

use wasm_bindgen::prelude::wasm_bindgen;

/// Takes over the page that the server has rendered. Called once by the page's loader script.
#[wasm_bindgen]
pub fn hydrate() {
    console_error_panic_hook::set_once();
    leptos::mount::hydrate_body(octobot_app::App);
}
