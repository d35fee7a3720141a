//! The messages of a session: a virtual list that begins at its end.

use leptos::html;
use leptos::prelude::*;
use leptos::task::spawn_local;
use uuid::Uuid;

use super::message::MessageView;
use super::viewport::Viewport;
use super::window::window;
use crate::browser::dom;
use crate::calls;
use crate::components::dynamic::dynamic;
use crate::components::dynamic::rows::Rows;
use crate::components::dynamic::when::When;
use crate::components::form::icon::{Glyph, Icon};
use crate::components::form::spinner::Spinner;
use crate::components::frame::toasts::Toasts;
use crate::live::transcript::LiveMessage;
use crate::live::{ProjectStore, SessionStore};

/// Earlier messages are asked for when there is less than this above what is seen, in CSS pixels.
const NEAR_BEGINNING: f64 = 1_500.0;

/// The transcript. What stands after the last message scrolls with it.
#[component]
pub fn Transcript(
    /// What stands after the last message.
    children: Children,
) -> impl IntoView {
    let store = SessionStore::expect();
    let viewport = Viewport::expect();
    let earlier = EarlierMessages::new(store, viewport);
    let shown = Memo::new(move |_| {
        store.messages.with(|messages| {
            viewport.heights.with(|heights| {
                let height_of = |place: usize| {
                    if is_folded(messages, place, store) {
                        0.0
                    } else {
                        Viewport::height_of(heights, messages[place].number)
                    }
                };
                window(messages.len(), height_of, viewport.view.get())
            })
        })
    });
    let messages = move || {
        let shown = shown.get();
        store.messages.with(|messages| {
            let mut list = Vec::new();
            for place in shown.start..shown.end.min(messages.len()) {
                if !is_folded(messages, place, store) {
                    list.push(messages[place].clone());
                }
            }
            list
        })
    };
    let scrolled = move |_| {
        viewport.note_scroll();
        earlier.load_if_near();
    };
    view! {
        <div class="transcript" class:transcript--unfolded=dynamic(move || store.unfolded.get()) node_ref=viewport.scroller tabindex="0" role="region" aria-label="Transcript" on:scroll=scrolled>
            <div class="transcript__content">
                <EarlierRow earlier/>
                <Room height=Signal::derive(move || shown.get().above)/>
                <Rows each=messages key=key let:message>
                    <MessageView message/>
                </Rows>
                <Room height=Signal::derive(move || shown.get().below)/>
                {children()}
            </div>
        </div>
        <When when=move || !viewport.is_at_end()>
            <button type="button" class="jump" on:click=move |_| viewport.to_end()>
                <Icon glyph=Glyph::ArrowDown/>
                "Jump to latest"
            </button>
        </When>
    }
}

/// A message is made anew when it is set aside, or brought back.
fn key(message: &LiveMessage) -> Uuid {
    Uuid::from_u128(message.id.uuid().as_u128() ^ u128::from(message.rewound))
}

/// Whether a message was set aside and isn't shown. The last of several is, because it has the line that stands for all of them.
fn is_folded(messages: &[LiveMessage], place: usize, store: SessionStore) -> bool {
    messages[place].rewound && messages.get(place + 1).is_some_and(|next| next.rewound) && !store.unfolded.get()
}

/// Room for messages that aren't rendered.
#[component]
fn Room(height: Signal<f64>) -> impl IntoView {
    let node = NodeRef::<html::Div>::new();
    Effect::new(move |_| {
        if let Some(node) = node.get() {
            // Whole pixels: formatting fractions would cost 16 KB of WASM.
            #[expect(clippy::cast_possible_truncation, reason = "a transcript is less than 2^63 pixels high")]
            let whole = height.get().round() as i64;
            dom::set_property(&node, "height", &format!("{whole}px"));
        }
    });
    view! { <div node_ref=node></div> }
}

/// The messages before those that are loaded.
#[derive(Clone, Copy)]
struct EarlierMessages {
    store: SessionStore,
    project: ProjectStore,
    viewport: Viewport,
    toasts: Toasts,
    loading: RwSignal<bool>,
}

impl EarlierMessages {
    fn new(store: SessionStore, viewport: Viewport) -> Self {
        let (project, toasts) = (ProjectStore::expect(), Toasts::expect());
        Self { store, project, viewport, toasts, loading: RwSignal::new(false) }
    }

    fn load_if_near(self) {
        if self.viewport.room_above() < NEAR_BEGINNING {
            self.load();
        }
    }

    fn load(self) {
        let first = self.store.messages.with_untracked(|messages| messages.first().map(|first| first.number));
        let Some(first) = first else { return };
        if self.store.earlier_messages.get_untracked() == 0 || self.loading.get_untracked() {
            return;
        }
        self.loading.set(true);
        spawn_local(async move {
            let answer = calls::load_messages(self.project.id(), self.store.id, first).await;
            // The page may have gone on to another session meanwhile.
            if self.loading.try_set(false).is_some() {
                return;
            }
            match answer {
                Ok(page) => self.store.prepend_messages(page),
                Err(failure) => {
                    let again = move || self.load();
                    self.toasts.failure_with_retry("Earlier messages couldn't be loaded", &failure.0, again);
                }
            }
        });
    }
}

/// Says that there are earlier messages. They load by themselves when one scrolls there.
#[component]
fn EarlierRow(earlier: EarlierMessages) -> impl IntoView {
    view! {
        <When when=move || { earlier.store.earlier_messages.get() > 0 }>
            <div class="transcript__earlier">
                <When
                    when=move || earlier.loading.get()
                    fallback=move || {
                        view! {
                            <button type="button" class="button button--small" on:click=move |_| earlier.load()>
                                "Load earlier messages"
                            </button>
                        }
                    }
                >
                    <Spinner/>
                    <span>"Loading earlier messages…"</span>
                </When>
            </div>
        </When>
    }
}
