//! Searching what a screen shows and can be scrolled back to.

use leptos::html;
use leptos::prelude::*;
use web_sys::KeyboardEvent;

use super::attachment::Attachment;
use crate::browser::focus::focus;
use crate::browser::keys;
use crate::browser::xterm::{Found, MOST_FOUND, Screen};
use crate::components::dynamic::dynamic;
use crate::components::dynamic::when::When;
use crate::components::form::icon::Glyph;
use crate::components::form::icon_button::IconButton;

/// The bar in which is typed what to search. Enter goes up to older lines, Shift and Enter down.
#[component]
pub fn SearchBar(
    /// Whose screen.
    attachment: Attachment,
    /// Whether it is open. Who opens it again gets to what is typed.
    open: RwSignal<bool>,
    /// How many places there are.
    found: RwSignal<Option<Found>>,
) -> impl IntoView {
    let text = RwSignal::new(String::new());
    let input = NodeRef::<html::Input>::new();
    Effect::new(move |_| {
        if let (true, Some(input)) = (open.get(), input.get()) {
            focus(&input);
            input.select();
        }
    });
    let find = move |above: bool| {
        let wanted = text.get_untracked();
        if wanted.is_empty() {
            found.set(None);
            attachment.with_screen(Screen::end_search);
        } else {
            attachment.with_screen(|screen| screen.find(&wanted, above));
        }
    };
    let close = move || {
        open.set(false);
        found.set(None);
        attachment.with_screen(Screen::end_search);
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
    view! {
        <When when=move || open.get()>
            <div class="terminal__search" role="search" aria-label="Terminal">
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
                <span class="terminal__found" role="status">
                    {dynamic(move || found.get().map(told))}
                </span>
                <IconButton glyph=Glyph::ChevronUp label="Older" on_press=move |()| find(true)/>
                <IconButton glyph=Glyph::ChevronDown label="Newer" on_press=move |()| find(false)/>
                <IconButton glyph=Glyph::Close label="Close the search" on_press=move |()| close()/>
            </div>
        </When>
    }
}

/// How many places there are, and which of them is shown, the newest being the first.
fn told(Found { place, count }: Found) -> String {
    match (place, count) {
        (_, 0) => "Not found".to_owned(),
        // More aren't counted.
        (_, MOST_FOUND..) => format!("{MOST_FOUND} or more"),
        (Some(place), _) => format!("{} of {count}", count.saturating_sub(place)),
        (None, _) => format!("{count} found"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_place_is_the_first() {
        let told = |place, count| told(Found { place, count });
        assert_eq!(told(Some(11), 12), "1 of 12");
        assert_eq!(told(Some(0), 12), "12 of 12");
        assert_eq!((told(None, 0), told(None, 3)), ("Not found".to_owned(), "3 found".to_owned()));
        assert_eq!(told(None, MOST_FOUND), "1000 or more");
    }
}
