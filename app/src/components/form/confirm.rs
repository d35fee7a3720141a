//! Asks before something is destroyed.

use leptos::prelude::*;

use super::dialog::Dialog;

/// A dialog that asks.
#[component]
pub fn Confirm(
    /// Whether it is open.
    open: RwSignal<bool>,
    /// The question.
    #[prop(into)]
    title: Signal<String>,
    /// What the button that goes ahead says.
    action: &'static str,
    /// Yes.
    #[prop(into)]
    on_confirm: Callback<()>,
    /// What will happen.
    children: ChildrenFn,
) -> impl IntoView {
    let children = StoredValue::new(children);
    let confirm = move |_| {
        open.set(false);
        on_confirm.run(());
    };
    view! {
        <Dialog open title>
            <div class="dialog__text">{children.read_value()()}</div>
            <div class="dialog__actions">
                <button type="button" class="button" autofocus on:click=move |_| open.set(false)>
                    "Cancel"
                </button>
                <button type="button" class="button button--danger" on:click=confirm>
                    {action}
                </button>
            </div>
        </Dialog>
    }
}
