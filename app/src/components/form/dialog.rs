//! A modal dialog: the platform's, which keeps the focus inside and closes on Escape.

use leptos::html;
use leptos::prelude::*;

use super::icon::Glyph;
use super::icon_button::IconButton;

use crate::components::dynamic::dynamic;
use crate::components::dynamic::when::When;

/// A dialog. What it holds is made anew each time it opens.
#[component]
pub fn Dialog(
    /// Whether it is open.
    open: RwSignal<bool>,
    /// Its heading.
    #[prop(into)]
    title: Signal<String>,
    /// What it holds.
    children: ChildrenFn,
) -> impl IntoView {
    let node = NodeRef::<html::Dialog>::new();
    Effect::new(move |_| {
        let Some(dialog) = node.get() else { return };
        if open.get() && !dialog.open() {
            // After the content is there, so that its first field gets the focus.
            request_animation_frame(move || {
                if dialog.is_connected() && !dialog.open() {
                    drop(dialog.show_modal());
                }
            });
        } else if !open.get() && dialog.open() {
            dialog.close();
        }
    });
    let children = StoredValue::new(children);
    view! {
        <dialog class="dialog" node_ref=node aria-label=dynamic(move || title.get()) on:close=move |_| open.set(false)>
            <When when=move || open.get()>
                <div class="dialog__sheet">
                    <h2 class="dialog__title">{dynamic(move || title.get())}</h2>
                    {children.read_value()()}
                    <div class="dialog__close">
                        <IconButton glyph=Glyph::Close label="Close" on_press=move |()| open.set(false)/>
                    </div>
                </div>
            </When>
        </dialog>
    }
}
