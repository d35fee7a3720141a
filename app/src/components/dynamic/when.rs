//! One view or another.

use leptos::prelude::*;

use super::dynamic;

/// Shows its children while a condition holds, and else the fallback, if there is one.
#[component]
pub fn When(
    /// The condition.
    #[prop(into)]
    when: Signal<bool>,
    /// What is shown while it doesn't hold.
    #[prop(optional, into)]
    fallback: ViewFn,
    /// What is shown while it holds.
    children: ChildrenFn,
) -> impl IntoView {
    // What stands here is made anew only when the condition changes, not whenever it is found out again.
    let holds = Memo::new(move |_| when.get());
    dynamic(move || if holds.get() { children() } else { fallback.run() })
}
