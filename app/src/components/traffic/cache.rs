//! What the cache did.

use leptos::prelude::*;
use octobot_wire::traffic::CacheStatistics;

use super::log::TrafficLog;
use crate::components::dynamic::dynamic;
use crate::components::form::confirm::Confirm;
use crate::words;

/// The figures, and the button that clears the cache.
#[component]
pub fn CacheFigures(
    /// The log.
    log: TrafficLog,
) -> impl IntoView {
    let clearing = RwSignal::new(false);
    let figures = move || {
        let cache = log.summary.with(|summary| match summary {
            Some(Ok(summary)) => Some(summary.cache.clone()),
            Some(Err(_)) | None => None,
        })?;
        Some(shown(&cache, clearing))
    };
    view! {
        {dynamic(figures)}
        <Confirm
            open=clearing
            title="Clear the cache?".to_owned()
            action="Clear cache"
            on_confirm=move |()| log.clear_cache()
        >
            <p>"All sandboxes of the project share it. What is in it is fetched again when it is next needed."</p>
        </Confirm>
    }
}

fn shown(cache: &CacheStatistics, clearing: RwSignal<bool>) -> AnyView {
    let asked = cache.hits + cache.misses;
    let hits = match asked {
        0 => "Nothing that could be kept was asked for yet".to_owned(),
        _ => format!("{} of {asked} ({} %)", cache.hits, words::percent(cache.hits, asked)),
    };
    let held = format!(
        "{} in {} entries, at most {}",
        words::bytes(cache.size_bytes),
        cache.entries,
        words::bytes(cache.max_size_bytes)
    );
    view! {
        <h2 class="page__subtitle">"Cache"</h2>
        <dl class="facts">
            <dt>"Answered from it"</dt>
            <dd>{hits}</dd>
            <dt>"Not fetched again"</dt>
            <dd>{words::bytes(cache.served_bytes)}</dd>
            <dt>"Held"</dt>
            <dd>{held}</dd>
        </dl>
        <div class="page__actions">
            <button
                type="button"
                class="button"
                disabled=cache.entries == 0
                on:click=move |_| clearing.set(true)
            >
                "Clear cache…"
            </button>
        </div>
    }
    .into_any()
}
