//! The clipboard.

use wasm_bindgen_futures::JsFuture;

/// Puts text on the clipboard and says whether that worked; browsers refuse it outside a user's action.
pub async fn copy(text: String) -> bool {
    let clipboard = leptos::prelude::window().navigator().clipboard();
    JsFuture::from(clipboard.write_text(&text)).await.is_ok()
}
