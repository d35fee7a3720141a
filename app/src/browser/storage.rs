//! What this browser keeps of a page when that is closed.

use serde::Serialize;
use serde::de::DeserializeOwned;

/// What was kept under a name; none where nothing was, or nothing that is understood.
pub fn kept<T: DeserializeOwned>(name: &str) -> Option<T> {
    let storage = leptos::prelude::window().local_storage().ok()??;
    serde_json::from_str(&storage.get_item(name).ok()??).ok()
}

/// Keeps something under a name. A browser that keeps nothing, or has no room, forgets it with the page.
pub fn keep<T: Serialize>(name: &str, value: &T) {
    if let (Ok(Some(storage)), Ok(text)) = (leptos::prelude::window().local_storage(), serde_json::to_string(value)) {
        drop(storage.set_item(name, &text));
    }
}
