//! Short messages about what was just done, or couldn't be.

use std::sync::Arc;
use std::time::Duration;

use leptos::prelude::*;
use octobot_wire::Problem;

use crate::components::dynamic::rows::Rows;
use crate::components::form::icon::{Glyph, Icon};
use crate::components::form::icon_button::IconButton;

/// How long a message stays that needs no answer.
const STAY: Duration = Duration::from_secs(5);
/// How long one stays that says something failed, or lets it be undone.
const STAY_LONG: Duration = Duration::from_secs(12);

/// What can be done about a message, and what that is called. It outlives whoever says it.
type Action = (&'static str, Arc<dyn Fn() + Send + Sync>);

/// A message.
#[derive(Clone)]
struct Toast {
    number: u32,
    failed: bool,
    title: String,
    detail: String,
    action: Option<Action>,
}

/// The messages of the frame. A context of everything inside it.
#[derive(Clone, Copy)]
pub struct Toasts {
    list: RwSignal<Vec<Toast>>,
    last: StoredValue<u32>,
}

impl Toasts {
    /// None yet.
    #[expect(clippy::new_without_default, reason = "it makes signals, so it isn't a value")]
    pub fn new() -> Self {
        Self { list: RwSignal::new(Vec::new()), last: StoredValue::new(0) }
    }

    /// The messages of the frame that this component stands in.
    pub fn expect() -> Self {
        expect_context()
    }

    /// Something was done.
    pub fn success(self, title: impl Into<String>) {
        self.show(false, title.into(), String::new(), None);
    }

    /// Something couldn't be done.
    pub fn failure(self, title: &str, problem: &Problem) {
        self.warn(title, &problem.detail);
    }

    /// Something went another way than it was meant to.
    pub fn warn(self, title: &str, detail: &str) {
        self.show(true, title.to_owned(), detail.to_owned(), None);
    }

    /// Something couldn't be done, and can be tried again.
    pub fn failure_with_retry(self, title: &str, problem: &Problem, retry: impl Fn() + Send + Sync + 'static) {
        self.show(true, title.to_owned(), problem.detail.clone(), Some(("Try again", Arc::new(retry))));
    }

    /// Something was done, and can be undone.
    pub fn undoable(self, title: impl Into<String>, undo: impl Fn() + Send + Sync + 'static) {
        self.show(false, title.into(), String::new(), Some(("Undo", Arc::new(undo))));
    }

    fn show(self, failed: bool, title: String, detail: String, action: Option<Action>) {
        // Whoever may do something about it needs time to.
        let stay = if failed || action.is_some() { STAY_LONG } else { STAY };
        let Some(number) = self.last.try_update_value(|last| {
            *last += 1;
            *last
        }) else {
            return;
        };
        self.list.update(|list| list.push(Toast { number, failed, title, detail, action }));
        set_timeout(move || self.dismiss(number), stay);
    }

    fn dismiss(self, number: u32) {
        let _ = self.list.try_update(|list| list.retain(|toast| toast.number != number));
    }
}

/// Where the messages appear.
#[component]
pub fn ToastList() -> impl IntoView {
    let toasts = Toasts::expect();
    view! {
        <div class="toasts" role="region" aria-label="Messages" aria-live="polite">
            <Rows each=move || toasts.list.get() key=|toast| u64::from(toast.number) let:toast>
                <ToastView toast/>
            </Rows>
        </div>
    }
}

#[component]
fn ToastView(toast: Toast) -> impl IntoView {
    let toasts = Toasts::expect();
    let Toast { number, failed, title, detail, action } = toast;
    let action = action.map(|(word, act)| {
        let press = move |_| {
            toasts.dismiss(number);
            act();
        };
        view! {
            <button type="button" class="button button--small" on:click=press>
                {word}
            </button>
        }
    });
    view! {
        <div class="toast" data-tone=if failed { "bad" } else { "good" }>
            <Icon glyph=if failed { Glyph::Alert } else { Glyph::Check }/>
            <div class="toast__text">
                <p class="toast__title">{title}</p>
                {(!detail.is_empty()).then(|| view! { <p class="toast__detail">{detail}</p> })}
            </div>
            {action}
            <IconButton glyph=Glyph::Close label="Dismiss" on_press=move |()| toasts.dismiss(number)/>
        </div>
    }
}
