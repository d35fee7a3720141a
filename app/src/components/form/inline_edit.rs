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
    let done = Callback::new(move |typed: Option<String>| {
        editing.set(false);
        if let Some(typed) = typed {
            on_change.run(typed);
        }
    });
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
            <InlineInput text label on_done=done/>
        </When>
    }
}

/// The input, which has the focus from the beginning.
#[component]
pub fn InlineInput(
    /// The text as it was.
    text: Signal<String>,
    /// What it is.
    label: &'static str,
    /// How many characters it may have.
    #[prop(default = 100)]
    most: u32,
    /// The editing is over. With the new text where there is one.
    on_done: Callback<Option<String>>,
) -> impl IntoView {
    let is_done = StoredValue::new(false);
    let input = NodeRef::<html::Input>::new();
    // An effect, because the input isn't there yet.
    Effect::new(move |_| {
        if let Some(input) = input.get() {
            focus(&input);
            input.select();
        }
    });
    let finish = move |keep: bool| {
        // Taking the input away takes its focus, which comes back here as a blur when nothing of the input is left.
        if is_done.try_get_value() != Some(false) {
            return;
        }
        is_done.set_value(true);
        let typed = input.get_untracked().map(|input| input.value().trim().to_owned());
        on_done.run(typed.filter(|typed| keep && *typed != text.get_untracked()));
    };
    let key = move |event: web_sys::KeyboardEvent| {
        event.stop_propagation();
        if keys::is_enter(&event) || keys::is_escape(&event) {
            event.prevent_default();
            finish(keys::is_enter(&event));
        }
    };
    view! {
        <input
            class="inline-edit__input"
            node_ref=input
            aria-label=label
            maxlength=most
            prop:value=dynamic(move || text.get_untracked())
            on:keydown=key
            on:blur=move |_| finish(true)
        />
    }
}
