//! A menu behind a button: the platform's popover, which closes on Escape and on a press elsewhere, and is placed
//! beside its button by the style sheet.

use leptos::html;
use leptos::prelude::*;

use super::icon::{Glyph, Icon};

/// A menu. Choosing something closes it.
#[component]
pub fn Menu(
    /// An id of its own in the document.
    id: String,
    /// What it is for.
    #[prop(into)]
    label: String,
    /// Its [`MenuItem`]s.
    children: Children,
) -> impl IntoView {
    menu(id, label, None, children().into_any())
}

/// A menu with this in it. `opened` is set when it is first opened.
pub(super) fn menu(id: String, label: String, opened: Option<RwSignal<bool>>, entries: AnyView) -> AnyView {
    let popover = NodeRef::<html::Div>::new();
    let close = move |_| {
        if let Some(popover) = popover.get_untracked() {
            drop(popover.hide_popover());
        }
    };
    let open = move |_| {
        if let Some(opened) = opened {
            opened.set(true);
        }
    };
    view! {
        <button type="button" class="icon-button" popovertarget=id.clone() aria-label=label.clone() title=label>
            <Icon glyph=Glyph::More/>
        </button>
        <div class="menu" popover="auto" id=id node_ref=popover on:toggle=open on:click=close>
            {entries}
        </div>
    }
    .into_any()
}

/// An entry of a menu.
#[component]
pub fn MenuItem(
    /// What it shows.
    glyph: Glyph,
    /// What it does.
    label: &'static str,
    /// Whether it destroys something.
    #[prop(optional)]
    danger: bool,
    /// It was chosen.
    #[prop(into)]
    on_choose: Callback<()>,
) -> impl IntoView {
    view! {
        <button type="button" class="menu__item" class:menu__item--danger=danger on:click=move |_| on_choose.run(())>
            <Icon glyph/>
            {label}
        </button>
    }
}
