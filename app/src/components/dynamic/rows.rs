//! A row for each thing in a list.

use std::sync::Arc;

use leptos::prelude::*;
use uuid::Uuid;

/// What tells one row from another: a number, such as an id's, and where that isn't enough a text.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct RowKey(u128, String);

impl From<u64> for RowKey {
    fn from(number: u64) -> Self {
        Self(number.into(), String::new())
    }
}

impl From<Uuid> for RowKey {
    fn from(id: Uuid) -> Self {
        Self(id.as_u128(), String::new())
    }
}

impl From<(u64, String)> for RowKey {
    fn from((number, text): (u64, String)) -> Self {
        Self(number.into(), text)
    }
}

impl From<(Uuid, String)> for RowKey {
    fn from((id, text): (Uuid, String)) -> Self {
        Self(id.as_u128(), text)
    }
}

/// A row that is made when it is new.
struct Row {
    key: RowKey,
    view: Box<dyn FnOnce() -> AnyView + Send>,
}

/// Shows a list. A row is made anew only when its key is new.
#[component]
pub fn Rows<T: Send + 'static, K: Into<RowKey>, V: IntoView + 'static>(
    /// The things in the list.
    each: impl Fn() -> Vec<T> + Send + 'static,
    /// What tells one from another.
    key: impl Fn(&T) -> K + Send + 'static,
    /// The row of a thing.
    children: impl Fn(T) -> V + Send + Sync + 'static,
) -> impl IntoView {
    let children = Arc::new(children);
    let row = move |thing: T| {
        let (key, children) = (key(&thing).into(), children.clone());
        Row { key, view: Box::new(move || children(thing).into_any()) }
    };
    all(Box::new(move || each().into_iter().map(&row).collect()))
}

fn all(rows: Box<dyn Fn() -> Vec<Row> + Send>) -> AnyView {
    view! { <For each=move || rows() key=|row| row.key.clone() children=|row| (row.view)()/> }.into_any()
}
