//! A field in which text is typed: a line, or several.

use leptos::prelude::*;

use super::field::{Field, description_id};
use crate::components::dynamic::dynamic;

/// A text field.
#[component]
pub fn TextField(
    /// The input's id.
    id: &'static str,
    /// What it is for.
    label: &'static str,
    /// What to type.
    #[prop(optional)]
    hint: &'static str,
    /// What is typed.
    text: RwSignal<String>,
    /// How many lines it shows of something that may have several; without it, it is a line.
    #[prop(optional)]
    rows: Option<u8>,
    /// Whether it can't be left empty.
    #[prop(optional)]
    required: bool,
    /// What is wrong with it.
    error: Signal<Option<String>>,
) -> impl IntoView {
    let describedby = description_id(id);
    let input = match rows {
        Some(rows) => view! {
            <textarea
                id=id
                class="input input--code"
                rows=rows.to_string()
                spellcheck="false"
                aria-describedby=describedby
                prop:value=dynamic(move || text.get())
                on:input=move |event| text.set(event_target_value(&event))
            ></textarea>
        }
        .into_any(),
        None => view! {
            <input
                id=id
                class="input"
                required=required
                maxlength="100"
                autocomplete="off"
                aria-describedby=describedby
                prop:value=dynamic(move || text.get())
                value=text.get_untracked()
                on:input=move |event| text.set(event_target_value(&event))
            />
        }
        .into_any(),
    };
    view! {
        <Field id label hint error>
            {input}
        </Field>
    }
}
