//! The title of a page whose name may change while it is shown.

use leptos::prelude::*;
use leptos_meta::Title;

/// Names the document after what is shown.
///
/// On the server the document's head is written when the page's own signals may be gone already, so the name is found out at
/// once and kept in a memo that nothing owns.
pub fn live_title(name: impl Fn() -> String + Send + Sync + 'static) -> impl IntoView {
    let name = ArcMemo::new(move |_| name());
    name.with_untracked(|_| ());
    view! { <Title text=move || name.get()/> }
}
