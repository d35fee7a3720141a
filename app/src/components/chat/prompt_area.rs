//! A text area that grows with its text.

use leptos::html::Textarea;
use leptos::prelude::*;
use web_sys::KeyboardEvent;

use crate::components::dynamic::dynamic;

/// The text area.
#[component]
pub fn PromptArea(
    /// What is typed.
    text: RwSignal<String>,
    /// The area itself.
    area: NodeRef<Textarea>,
    /// What it says while nothing is typed.
    placeholder: Signal<String>,
    /// Whether nothing can be typed.
    #[prop(into)]
    disabled: Signal<bool>,
    /// The id of the option that Enter would take, while there are options for what is typed.
    #[prop(optional)]
    option: Signal<Option<String>>,
    /// A key was pressed.
    #[prop(into)]
    on_key: Callback<KeyboardEvent>,
) -> impl IntoView {
    // What was typed before the page came alive is kept: until it has been read, nothing is written over it.
    Effect::new(move |was_read: Option<bool>| {
        let Some(area) = area.get() else { return false };
        if was_read != Some(true) && text.with(String::is_empty) {
            text.set(area.value());
        } else if text.with(|text| *text != area.value()) {
            area.set_value(&text.get());
        }
        true
    });
    // The style sheet lays the text behind the area, which takes its height: no measuring.
    view! {
        <div class="grow">
            <div class="grow__measure" aria-hidden="true">{dynamic(move || text.with(|text| format!("{text} ")))}</div>
            <textarea
                class="grow__area"
                rows="1"
                aria-label="Prompt"
                aria-describedby="composer-hint"
                aria-activedescendant=dynamic(move || option.get())
                placeholder=dynamic(move || placeholder.get())
                spellcheck="false"
                autocapitalize="off"
                enterkeyhint="send"
                disabled=dynamic(move || disabled.get())
                node_ref=area
                on:input=move |event| text.set(event_target_value(&event))
                on:keydown=move |event| on_key.run(event)
            ></textarea>
        </div>
    }
}
