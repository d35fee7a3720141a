//! Searching what a screen shows and can be scrolled back to.

use leptos::html;
use leptos::prelude::*;
use web_sys::KeyboardEvent;

use super::attachment::Attachment;
use crate::browser::focus::focus;
use crate::browser::keys;
use crate::browser::xterm::Screen;
use crate::components::dynamic::dynamic;
use crate::components::dynamic::when::When;
use crate::components::form::icon::Glyph;
use crate::components::form::icon_button::IconButton;

/// The bar in which is typed what to search. Enter goes up to older lines, Shift and Enter down.
#[component]
pub fn SearchBar(
    /// Whose screen.
    attachment: Attachment,
    /// Whether it is open.
    open: RwSignal<bool>,
) -> impl IntoView {
    let text = RwSignal::new(String::new());
    let is_missing = RwSignal::new(false);
    let input = NodeRef::<html::Input>::new();
    Effect::new(move |_| {
        if let Some(input) = input.get() {
            focus(&input);
            input.select();
        }
    });
    let find = move |above: bool| {
        let wanted = text.get_untracked();
        let found = wanted.is_empty() || attachment.with_screen(|screen| screen.find(&wanted, above)) == Some(true);
        is_missing.set(!found);
    };
    let close = move || {
        open.set(false);
        attachment.with_screen(Screen::clear_selection);
        attachment.with_screen(Screen::focus);
    };
    let key = move |event: KeyboardEvent| {
        if keys::is_escape(&event) {
            close();
        } else if keys::is_enter(&event) {
            event.prevent_default();
            find(!event.shift_key());
        }
    };
    let told = move || if is_missing.get() { "Not found" } else { "" };
    view! {
        <When when=move || open.get()>
            <div class="terminal__search" role="search">
                <input
                    class="input"
                    node_ref=input
                    type="search"
                    aria-label="Search in the terminal"
                    placeholder="Search"
                    prop:value=dynamic(move || text.get())
                    on:input=move |event| {
                        text.set(event_target_value(&event));
                        find(true);
                    }
                    on:keydown=key
                />
                <span class="terminal__missing" role="status">
                    {dynamic(told)}
                </span>
                <IconButton glyph=Glyph::Send label="Older" on_press=move |()| find(true)/>
                <IconButton glyph=Glyph::ArrowDown label="Newer" on_press=move |()| find(false)/>
                <IconButton glyph=Glyph::Close label="Close the search" on_press=move |()| close()/>
            </div>
        </When>
    }
}
