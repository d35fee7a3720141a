//! The screen of one terminal, with what belongs to it: search, pasting, links, keys for phones.

use leptos::html;
use leptos::prelude::*;
use leptos::task::spawn_local;
use octobot_wire::TerminalId;
use web_sys::ClipboardEvent;

use super::attachment::{Attachment, Connection};
use super::keys::KeyRow;
use super::link::LinkDialog;
use super::paste::{MOST_BYTES, PasteDialog, Pasted, progress_view};
use super::search::SearchBar;
use super::tabs::{focus_tab, tab_id};
use super::terminals::Terminals;
use crate::browser::resize::SizeWatch;
use crate::browser::xterm::{self, Found, Screen, ScreenEvent};
use crate::components::dynamic::dynamic;
use crate::components::dynamic::when::When;
use crate::live::ProjectStore;

/// The screen of a terminal. It is made when it is first chosen, and stays while others are.
#[component]
pub fn TerminalScreen(
    /// The terminal.
    id: TerminalId,
    /// All of them.
    terminals: Terminals,
) -> impl IntoView {
    let is_active = Memo::new(move |_| terminals.active.get() == Some(id));
    let was_active = Memo::new(move |before| before == Some(&true) || is_active.get());
    view! {
        <div
            class="terminal"
            id=format!("terminal-{id}")
            role="tabpanel"
            aria-labelledby=tab_id(id)
            hidden=dynamic(move || !is_active.get())
        >
            <When when=move || was_active.get()>
                <LiveScreen id terminals is_active/>
            </When>
        </div>
    }
}

/// What a screen asks of its surroundings.
#[derive(Clone, Copy)]
struct Asked {
    finding: RwSignal<bool>,
    found: RwSignal<Option<Found>>,
    pasted: RwSignal<Option<Pasted>>,
    link: RwSignal<Option<String>>,
}

#[component]
fn LiveScreen(id: TerminalId, terminals: Terminals, is_active: Memo<bool>) -> impl IntoView {
    let attachment = Attachment::new(id, terminals);
    let failed = RwSignal::new(false);
    let asked = Asked {
        finding: RwSignal::new(false),
        found: RwSignal::new(None),
        pasted: RwSignal::new(None),
        link: RwSignal::new(None),
    };
    let host = NodeRef::<html::Div>::new();
    let open = move || {
        failed.set(false);
        spawn_local(async move {
            let is_open = xterm::load().await.is_some() && show(attachment, host, terminals, asked);
            let _ = failed.try_set(!is_open);
        });
    };
    Effect::new(move |_| {
        if host.get().is_some() {
            open();
        }
    });
    watch_size(attachment, host, is_active);
    watch_looks(attachment, terminals);
    let paste = move |event: ClipboardEvent| {
        let text = event.clipboard_data().and_then(|data| data.get_data("text/plain").ok()).unwrap_or_default();
        event.prevent_default();
        event.stop_propagation();
        if text.len() > MOST_BYTES {
            terminals.tell_too_long();
            return;
        }
        let pasted = Pasted::read(&text);
        if pasted.is_doubtful(attachment.with_screen(Screen::wants_brackets) == Some(true)) {
            asked.pasted.set(Some(pasted));
        } else {
            attachment.paste(&pasted.text);
        }
    };
    view! {
        {dynamic(move || notice(attachment, failed.get()))}
        {progress_view(attachment)}
        <When when=move || failed.get()>
            <button type="button" class="button button--small" on:click=move |_| open()>
                "Try again"
            </button>
        </When>
        <SearchBar attachment open=asked.finding found=asked.found/>
        <div
            class="terminal__screen"
            node_ref=host
            role="group"
            aria-label="Terminal. Shift and Escape leave it."
            on:paste:capture=paste
            on:focusin=move |_| attachment.fit()
        ></div>
        <KeyRow attachment/>
        <PasteDialog attachment pasted=asked.pasted/>
        <LinkDialog link=asked.link/>
    }
}

/// What is wrong with the connection, if anything is.
fn notice(attachment: Attachment, failed: bool) -> Option<AnyView> {
    let text = match attachment.connection.get() {
        _ if failed => "The terminal couldn’t be loaded. Check that you are online.",
        Connection::Opening => "Connecting…",
        Connection::Lost => "The connection was lost. Trying again…",
        Connection::Open => return None,
    };
    Some(view! { <p class="terminal__notice" role="status">{text}</p> }.into_any())
}

/// Opens the screen and connects it. Tells whether that worked.
fn show(attachment: Attachment, host: NodeRef<html::Div>, terminals: Terminals, asked: Asked) -> bool {
    // The page may have gone elsewhere while the program was fetched.
    let Some(Some(host)) = host.try_get_untracked() else { return true };
    let id = attachment.id;
    let screen = Screen::open(host.into(), terminals.screen_reader.get_untracked(), move |event| match event {
        ScreenEvent::Typed(text) => attachment.press(&text),
        ScreenEvent::Replied(data) => attachment.reply(data),
        ScreenEvent::Title(title) => terminals.set_title(id, &title),
        ScreenEvent::Link(url) => drop(asked.link.try_set(Some(url))),
        ScreenEvent::Find => drop(asked.finding.try_set(true)),
        ScreenEvent::Found(found) => drop(asked.found.try_set(Some(found))),
        ScreenEvent::NotCopied => terminals.tell_not_copied(),
        ScreenEvent::Leave => focus_tab(id),
    });
    let is_open = screen.is_some();
    attachment.screen.set_value(screen);
    if is_open {
        attachment.connect();
        attachment.with_screen(Screen::focus);
    }
    is_open
}

/// The terminal takes the size of its place.
fn watch_size(attachment: Attachment, host: NodeRef<html::Div>, is_active: Memo<bool>) {
    let watch = StoredValue::new(None);
    Effect::new(move |_| {
        if let Some(host) = host.get() {
            let sizes = SizeWatch::new(move |_| attachment.fit());
            if let Some(sizes) = &sizes {
                sizes.watch(&host);
            }
            watch.set_value(sizes);
        }
    });
    Effect::new(move |_| {
        if is_active.get() {
            request_animation_frame(move || {
                attachment.fit();
                attachment.with_screen(Screen::focus);
            });
        }
    });
    on_cleanup(move || {
        let _ = watch.try_update_value(|watch| *watch = None);
    });
}

/// The screen takes the theme's colours, and tells a screen reader what it shows where that is wanted.
fn watch_looks(attachment: Attachment, terminals: Terminals) {
    let store = ProjectStore::expect();
    let recolour = move || {
        request_animation_frame(move || {
            attachment.with_screen(Screen::recolour);
        });
    };
    Effect::new(move |_| {
        store.preferences.with(|preferences| preferences.theme);
        recolour();
    });
    Effect::new(move |_| {
        let on = terminals.screen_reader.get();
        attachment.with_screen(|screen| screen.set_screen_reader(on));
    });
    let system = crate::browser::dom::on_dark_changed(recolour);
    let system = StoredValue::new(system);
    on_cleanup(move || {
        let _ = system.try_update_value(|system| *system = None);
    });
}
