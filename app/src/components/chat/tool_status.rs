//! How a tool call goes, or went.

use std::time::Duration;

use leptos::prelude::*;
use octobot_wire::Timestamp;
use octobot_wire::message::ToolCallStatus;

use crate::components::form::icon::{Glyph, Icon};
use crate::components::form::spinner::Spinner;
use crate::{browser, time};

/// How often a running duration is brought up to date.
const TICK: Duration = Duration::from_millis(250);

/// The status as an icon.
#[component]
pub fn StatusIcon(
    /// The status.
    status: Memo<ToolCallStatus>,
) -> impl IntoView {
    let tone = move || match status.get() {
        ToolCallStatus::Running => "busy",
        ToolCallStatus::Exited { exit_code: 0, .. } => "good",
        ToolCallStatus::Exited { .. } | ToolCallStatus::Killed { .. } => "bad",
        ToolCallStatus::Cancelled { .. } | ToolCallStatus::Interrupted => "quiet",
    };
    view! {
        <span class="status-icon" data-tone=tone>
            {move || match status.get() {
                ToolCallStatus::Running => view! { <Spinner/> }.into_any(),
                ToolCallStatus::Exited { exit_code: 0, .. } => view! { <Icon glyph=Glyph::Check/> }.into_any(),
                ToolCallStatus::Exited { .. } | ToolCallStatus::Killed { .. } => {
                    view! { <Icon glyph=Glyph::Alert/> }.into_any()
                }
                ToolCallStatus::Cancelled { .. } | ToolCallStatus::Interrupted => {
                    view! { <Icon glyph=Glyph::Stop/> }.into_any()
                }
            }}
        </span>
    }
}

/// The status in words: "exit 0 · 1.2 s".
#[component]
pub fn StatusText(
    /// The status.
    status: Memo<ToolCallStatus>,
    /// When it began, nearly.
    since: Timestamp,
) -> impl IntoView {
    view! {
        <span class="tool-call__status">
            {move || match status.get() {
                ToolCallStatus::Running => view! { <Running since/> }.into_any(),
                ended => in_words(ended).into_any(),
            }}
        </span>
    }
}

/// A duration that goes on. The server doesn't write it: its clock isn't the reader's.
#[component]
pub fn Running(
    /// Since when.
    since: Timestamp,
) -> impl IntoView {
    let now = RwSignal::new(None);
    Effect::new(move |_| {
        let tick = move || {
            let _ = now.try_set(Some(browser::clock::now()));
        };
        tick();
        if let Ok(interval) = set_interval_with_handle(tick, TICK) {
            on_cleanup(move || interval.clear());
        }
    });
    move || match now.get() {
        Some(now) => format!("running · {}", time::duration(now.ms_since(since))),
        None => "running".to_owned(),
    }
}

fn in_words(status: ToolCallStatus) -> String {
    match status {
        ToolCallStatus::Running => "running".to_owned(),
        ToolCallStatus::Exited { exit_code, duration_ms } => {
            format!("exit {exit_code} · {}", time::duration(duration_ms))
        }
        ToolCallStatus::Killed { signal, duration_ms } => {
            format!("killed by signal {signal} · {}", time::duration(duration_ms))
        }
        ToolCallStatus::Cancelled { duration_ms } => format!("stopped · {}", time::duration(duration_ms)),
        ToolCallStatus::Interrupted => "interrupted".to_owned(),
    }
}
