//! A menu whose entries load when it is first opened.

use leptos::prelude::*;

use super::menu::menu;
use crate::late::{self, Late};

/// See the module.
#[component]
pub fn LateMenu(
    /// An id of its own in the document.
    id: String,
    /// What it is for.
    label: String,
    /// Its entries.
    entries: Late,
) -> impl IntoView {
    let opened = RwSignal::new(false);
    menu(id, label, Some(opened), late::show_once(move || opened.get(), entries))
}
