//! The tabs of terminals, and what can be done with them.

use leptos::prelude::*;
use octobot_wire::TerminalId;
use web_sys::KeyboardEvent;

use super::terminals::Terminals;
use crate::browser::focus::focus;
use crate::components::dynamic::dynamic;
use crate::components::dynamic::rows::Rows;
use crate::components::dynamic::when::When;
use crate::components::form::icon::{Glyph, Icon};
use crate::components::form::icon_button::IconButton;
use crate::components::form::inline_edit::InlineInput;
use crate::components::form::menu::{Menu, MenuItem};
use crate::live::preferences::PreferenceKeeper;
use crate::place::{Panes, panes_url, use_panes};

/// The tabs. Arrow keys go from one to the next.
#[component]
pub fn Tabs(
    /// The terminals.
    terminals: Terminals,
    /// Whether the kept output is searched.
    searching: RwSignal<bool>,
) -> impl IntoView {
    let renaming = RwSignal::new(None);
    view! {
        <div class="terminal-tabs">
            <div
                class="terminal-tabs__list"
                role="tablist"
                aria-label="Terminals"
                on:keydown=move |event| go(terminals, &event)
            >
                <Rows
                    each=move || terminals.all()
                    key=|terminal| terminal.id.uuid()
                    children=move |terminal| view! { <Tab id=terminal.id terminals renaming/> }
                />
            </div>
            <SideBySide terminals/>
            <When when=move || terminals.is_running.get()>
                <IconButton glyph=Glyph::Plus label="New terminal" on_press=move |()| terminals.open()/>
                <TerminalMenu terminals renaming searching/>
            </When>
        </div>
    }
}

/// The link that shows the chat beside the terminals, or the terminals alone. There is no room for both on a phone.
#[component]
fn SideBySide(terminals: Terminals) -> impl IntoView {
    let panes = use_panes();
    let is_alone = move || panes.get() == Panes::Terminal;
    let label = move || if is_alone() { "Show the chat beside the terminal" } else { "Show the terminal only" };
    let url = move || {
        let panes = if is_alone() { Panes::Both } else { Panes::Terminal };
        panes_url(&terminals.project(), terminals.session, panes)
    };
    view! {
        <a class="icon-button terminal-tabs__beside" href=dynamic(url) aria-label=dynamic(label) title=dynamic(label)>
            <Icon glyph=Glyph::Columns/>
        </a>
    }
}

/// The id of a terminal's tab.
pub fn tab_id(id: TerminalId) -> String {
    format!("terminal-tab-{id}")
}

/// Gives a terminal's tab the focus.
pub fn focus_tab(id: TerminalId) {
    use wasm_bindgen::JsCast;
    let tab = document().get_element_by_id(&tab_id(id));
    if let Some(tab) = tab.and_then(|tab| tab.dyn_into::<web_sys::HtmlElement>().ok()) {
        focus(&tab);
    }
}

#[component]
fn Tab(id: TerminalId, terminals: Terminals, renaming: RwSignal<Option<TerminalId>>) -> impl IntoView {
    let known = Memo::new(move |_| terminals.all().into_iter().find(|terminal| terminal.id == id));
    let name = Signal::derive(move || known.get().map(|terminal| terminal.name).unwrap_or_default());
    let is_active = move || terminals.active.get() == Some(id);
    let button = move || {
        view! {
            <button
                type="button"
                class="terminal-tabs__tab"
                role="tab"
                id=tab_id(id)
                aria-selected=dynamic(move || is_active().to_string())
                aria-controls=format!("terminal-{id}")
                tabindex=dynamic(move || if is_active() { "0" } else { "-1" })
                title=dynamic(move || terminals.title(id))
                on:click=move |_| terminals.active.set(Some(id))
                on:dblclick=move |_| renaming.set(Some(id))
            >
                {dynamic(move || name.get())}
            </button>
        }
    };
    let renamed = Callback::new(move |typed: Option<String>| {
        renaming.set(None);
        if let Some(typed) = typed.filter(|typed| !typed.is_empty()) {
            terminals.rename(id, typed);
        }
    });
    view! {
        <When when=move || renaming.get() == Some(id) fallback=button>
            <InlineInput text=name label="Name of the terminal" on_done=renamed/>
        </When>
    }
}

#[component]
fn TerminalMenu(
    terminals: Terminals,
    renaming: RwSignal<Option<TerminalId>>,
    searching: RwSignal<bool>,
) -> impl IntoView {
    let keeper = PreferenceKeeper::expect();
    let active = move || terminals.active.get_untracked();
    let is_told = Memo::new(move |_| terminals.screen_reader.get());
    let tell = move |()| keeper.change(|preferences| preferences.screen_reader = !preferences.screen_reader);
    // Not before the menu is closed: then the focus goes back to its button, and the name would be done with.
    let rename = move |()| request_animation_frame(move || renaming.set(active()));
    view! {
        <Menu id="terminal-menu".to_owned() label="Actions for terminals">
            <MenuItem glyph=Glyph::Search label="Search all output…" on_choose=move |()| searching.set(true)/>
            <When
                when=move || is_told.get()
                fallback=move || {
                    view! { <MenuItem glyph=Glyph::Circle label="Screen reader mode" on_choose=tell/> }
                }
            >
                <MenuItem glyph=Glyph::Check label="Screen reader mode" on_choose=tell/>
            </When>
            <When when=move || terminals.active.get().is_some()>
                <MenuItem glyph=Glyph::Pencil label="Rename" on_choose=rename/>
                <MenuItem
                    glyph=Glyph::Trash
                    label="Close terminal"
                    danger=true
                    on_choose=move |()| {
                        if let Some(id) = active() {
                            terminals.close(id);
                        }
                    }
                />
            </When>
        </Menu>
    }
}

/// Goes to another tab by key.
fn go(terminals: Terminals, event: &KeyboardEvent) {
    let all = untrack(|| terminals.all());
    let at = all.iter().position(|terminal| Some(terminal.id) == terminals.active.get_untracked());
    let Some(at) = at else { return };
    let next = match event.key().as_str() {
        "ArrowLeft" => at.checked_sub(1).unwrap_or(all.len() - 1),
        "ArrowRight" => (at + 1) % all.len(),
        "Home" => 0,
        "End" => all.len() - 1,
        _ => return,
    };
    event.prevent_default();
    let id = all[next].id;
    terminals.active.set(Some(id));
    request_animation_frame(move || focus_tab(id));
}
