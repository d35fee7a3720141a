//! How long ago something was.

use std::time::Duration;

use leptos::prelude::*;
use octobot_wire::Timestamp;

use crate::components::dynamic::dynamic;
use crate::{browser, time};

/// How often the words are brought up to date.
const STEP: Duration = Duration::from_secs(20);

/// The browser's clock, for words that change with time. None on the server and in the first render, which must be
/// the same on both sides.
#[derive(Clone, Copy)]
pub struct Clock(RwSignal<Option<Timestamp>>);

impl Clock {
    /// A clock that ticks once the page is up.
    pub fn start() -> Self {
        let clock = Self(RwSignal::new(None));
        Effect::new(move |_| {
            clock.0.set(Some(browser::clock::now()));
            let tick = move || {
                let _ = clock.0.try_set(Some(browser::clock::now()));
            };
            if let Ok(interval) = set_interval_with_handle(tick, STEP) {
                on_cleanup(move || interval.clear());
            }
        });
        clock
    }
}

/// "5m", or "5m ago": relative once the browser's clock is known, until then the day.
#[component]
pub fn Since(
    /// When it was.
    #[prop(into)]
    at: Signal<Timestamp>,
    /// Whether it stands alone, where a bare "5m" would be a riddle.
    #[prop(optional)]
    in_full: bool,
) -> impl IntoView {
    let Clock(now) = expect_context();
    let ago = if in_full { time::ago_in_full } else { time::ago };
    let words = move || now.get().map_or_else(|| time::day(at.get()), |now| ago(at.get(), now));
    let title = move || now.get().map(|_| browser::clock::in_words(at.get()));
    view! {
        <time class="since" datetime=dynamic(move || time::iso(at.get())) title=dynamic(title)>
            {dynamic(words)}
        </time>
    }
}
