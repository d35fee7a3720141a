//! Which records are shown.

use leptos::prelude::*;
use octobot_wire::traffic::TrafficDecision;

use super::log::TrafficLog;
use crate::components::dynamic::dynamic;

/// The decisions that can be chosen, and what they are called.
const DECISIONS: [(TrafficDecision, &str); 6] = [
    (TrafficDecision::Deny, "Denied"),
    (TrafficDecision::Allow, "Allowed"),
    (TrafficDecision::Tunnel, "Tunnelled"),
    (TrafficDecision::Cached, "From the cache"),
    (TrafficDecision::Refuse, "Malformed"),
    (TrafficDecision::Fail, "Failed"),
];

/// What is asked for, as it is typed.
#[derive(Clone, Copy)]
pub struct Filter {
    /// A host, or with a dot first those beneath it.
    pub host: RwSignal<String>,
    /// A decision's name.
    pub decision: RwSignal<String>,
    /// A status.
    pub status: RwSignal<String>,
}

impl Filter {
    /// Everything.
    #[expect(clippy::new_without_default, reason = "it makes signals, so it isn't a value")]
    pub fn new() -> Self {
        let [host, decision, status] = [(); 3].map(|()| RwSignal::new(String::new()));
        Self { host, decision, status }
    }

    /// The filter as the query of an address, each part with `&` first.
    pub fn query(self) -> String {
        let parts = [("host", self.host), ("decision", self.decision), ("status", self.status)];
        let part = |(name, signal): (&str, RwSignal<String>)| {
            let value = signal.get();
            let value = value.trim();
            (!value.is_empty()).then(|| format!("&{name}={}", String::from(js_sys::encode_uri_component(value))))
        };
        parts.into_iter().filter_map(part).collect()
    }

    fn is_everything(self) -> bool {
        [self.host, self.decision, self.status].into_iter().all(|signal| signal.with(String::is_empty))
    }

    fn clear(self) {
        for signal in [self.host, self.decision, self.status] {
            signal.set(String::new());
        }
    }
}

/// What a decision is called.
pub fn decision_word(decision: TrafficDecision) -> &'static str {
    DECISIONS.iter().find(|(known, _)| *known == decision).map_or("", |(_, word)| word)
}

/// The fields of the filter, and what is exported with it.
#[component]
pub fn FilterBar(
    /// The log.
    log: TrafficLog,
) -> impl IntoView {
    let filter = log.filter;
    let option = |(decision, word): (TrafficDecision, &'static str)| {
        let value = serde_json::to_value(decision).ok().and_then(|name| name.as_str().map(str::to_owned));
        view! { <option value=value>{word}</option> }.into_any()
    };
    let options: Vec<_> = DECISIONS.into_iter().map(option).collect();
    view! {
        <div class="traffic__bar">
            <input
                class="input"
                type="search"
                aria-label="Host"
                placeholder="Host, or .example.com"
                autocapitalize="off"
                spellcheck="false"
                prop:value=dynamic(move || filter.host.get())
                on:change=move |event| filter.host.set(event_target_value(&event))
            />
            <select
                class="select"
                aria-label="Decision"
                prop:value=dynamic(move || filter.decision.get())
                on:change=move |event| filter.decision.set(event_target_value(&event))
            >
                <option value="">"Every decision"</option>
                {options}
            </select>
            <input
                class="input traffic__status"
                inputmode="numeric"
                pattern="[1-5][0-9][0-9]"
                aria-label="Status"
                placeholder="Status"
                prop:value=dynamic(move || filter.status.get())
                on:change=move |event| {
                    // What is no status yet is none.
                    let typed = event_target_value(&event);
                    let is_status = typed.parse::<u16>().is_ok_and(|status| (100..600).contains(&status));
                    filter.status.set(if is_status { typed } else { String::new() });
                }
            />
            {dynamic(move || {
                (!filter.is_everything())
                    .then(|| {
                        view! {
                            <button type="button" class="button" on:click=move |_| filter.clear()>
                                "Show all"
                            </button>
                        }
                        .into_any()
                    })
            })}
            <a class="button" download="network.jsonl" href=dynamic(move || log.export_url("jsonl"))>
                "JSON lines"
            </a>
            <a class="button" download="network.csv" href=dynamic(move || log.export_url("csv"))>
                "CSV"
            </a>
        </div>
    }
}
