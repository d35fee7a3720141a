//! What changes in a view, compiled once.
//!
//! Leptos compiles its machinery anew for each type of closure that stands in a view, some kilobytes of WASM every
//! time. What stands here hides those types behind pointers. It draws nothing of its own.

use std::sync::{Arc, Mutex};

pub mod rows;
pub mod when;

/// A part of a view, or an attribute, that follows signals. Leptos shares what is in views as this type itself.
pub type Dynamic<T> = Arc<Mutex<dyn FnMut() -> T + Send>>;

/// Makes a closure a part of a view.
pub fn dynamic<T: 'static>(closure: impl FnMut() -> T + Send + 'static) -> Dynamic<T> {
    Arc::new(Mutex::new(closure))
}
