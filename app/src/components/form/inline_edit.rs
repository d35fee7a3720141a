//! A text that becomes an input when it is pressed. Enter and leaving it keep the change, Escape drops it.

use leptos::html;
use leptos::prelude::*;

use crate::browser::focus::focus;
use crate::browser::keys;
use crate::components::dynamic::dynamic;
use crate::components::dynamic::when::When;

/// A text that can be edited in its place.
#[component]
pub fn InlineEdit(
    /// The text.
    #[prop(into)]
    text: Signal<String>,
    /// What pressing it does: "Rename …".
    label: &'static str,
    /// The new text; called only when it differs.
    #[prop(into)]
    on_change: Callback<String>,
) -> impl IntoView {
    let editing = RwSignal::new(false);
    let input = NodeRef::<html::Input>::new();
    // An effect, because the input comes and goes.
    Effect::new(move |_| {
        if let Some(input) = input.get() {
            focus(&input);
            input.select();
        }
    });
    let finish = move |keep: bool| {
        // Closing the input takes its focus, which would come back here as a blur.
        if !editing.get_untracked() {
            return;
        }
        let typed = input.get_untracked().map(|input| input.value());
        editing.set(false);
        if let Some(typed) = typed
            && keep
            && typed.trim() != text.get_untracked()
        {
            on_change.run(typed.trim().to_owned());
        }
    };
    let key = move |event: web_sys::KeyboardEvent| {
        if keys::is_enter(&event) || keys::is_escape(&event) {
            event.prevent_default();
            finish(keys::is_enter(&event));
        }
    };
    view! {
        <When
            when=move || editing.get()
            fallback=move || {
                view! {
                    <button type="button" class="inline-edit" title=label on:click=move |_| editing.set(true)>
                        {dynamic(move || text.get())}
                    </button>
                }
            }
        >
            <input
                class="inline-edit__input"
                node_ref=input
                aria-label=label
                maxlength="100"
                prop:value=dynamic(move || text.get_untracked())
                on:keydown=key
                on:blur=move |_| finish(true)
            />
        </When>
    }
}
