//! How a tool call goes, or went.

use std::time::Duration;

use leptos::prelude::*;
use octobot_wire::Timestamp;
use octobot_wire::message::ToolCallStatus;

use crate::components::dynamic::dynamic;
use crate::components::form::icon::{Glyph, Icon};
use crate::components::form::spinner::Spinner;
use crate::words::Tone;
use crate::{browser, time};

/// How often a running duration is brought up to date.
const TICK: Duration = Duration::from_millis(250);

/// The status as an icon.
#[component]
pub fn StatusIcon(
    /// The status.
    status: Signal<ToolCallStatus>,
) -> impl IntoView {
    let tone = Memo::new(move |_| tone(status.get()));
    view! {
        <span class="status-icon" data-tone=dynamic(move || tone.get().name())>
            {dynamic(move || match tone.get() {
                Tone::Busy => view! { <Spinner/> }.into_any(),
                Tone::Good => view! { <Icon glyph=Glyph::Check/> }.into_any(),
                Tone::Bad | Tone::Warning => view! { <Icon glyph=Glyph::Alert/> }.into_any(),
                Tone::Quiet => view! { <Icon glyph=Glyph::Stop/> }.into_any(),
            })}
        </span>
    }
}

/// The status in words: "exit 0 · 1.2 s".
#[component]
pub fn StatusText(
    /// The status.
    status: Signal<ToolCallStatus>,
    /// When it began, nearly, if that is known.
    since: Option<Timestamp>,
) -> impl IntoView {
    view! {
        <span class="tool-call__status">
            {dynamic(move || match status.get() {
                ToolCallStatus::Running => match since {
                    Some(since) => view! { <Running since/> }.into_any(),
                    None => "running".into_any(),
                },
                status => in_words(status).into_any(),
            })}
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
    dynamic(move || match now.get() {
        Some(now) => format!("running · {}", time::duration(now.ms_since(since))),
        None => "running".to_owned(),
    })
}

fn tone(status: ToolCallStatus) -> Tone {
    match status {
        ToolCallStatus::Pending | ToolCallStatus::Running => Tone::Busy,
        ToolCallStatus::Completed { .. } | ToolCallStatus::Exited { exit_code: 0, .. } => Tone::Good,
        ToolCallStatus::Failed { .. } | ToolCallStatus::Exited { .. } | ToolCallStatus::Killed { .. } => Tone::Bad,
        ToolCallStatus::Cancelled { .. } | ToolCallStatus::Interrupted => Tone::Quiet,
    }
}

fn in_words(status: ToolCallStatus) -> String {
    match status {
        ToolCallStatus::Pending => "waiting".to_owned(),
        ToolCallStatus::Completed { duration_ms } => time::duration(duration_ms),
        ToolCallStatus::Failed { duration_ms } => format!("failed · {}", time::duration(duration_ms)),
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
