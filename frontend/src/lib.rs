//! The entry point of the page in the browser. Everything else of the page stands in `app`.

// A page is one nested type, and the compiler has to walk all of it.
#![recursion_limit = "512"]

use wasm_bindgen::prelude::wasm_bindgen;

/// Takes over the page that the server has rendered. Called once by the page's loader script.
#[wasm_bindgen]
pub async fn hydrate() {
    console_error_panic_hook::set_once();
    octobot_app::late::ready().await;
    leptos::mount::hydrate_body(octobot_app::App);
}
