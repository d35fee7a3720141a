//! What a session's state asks of its reader.

use leptos::prelude::*;
use octobot_wire::SessionId;
use octobot_wire::session::{Session, SessionState};

use super::actions::SessionActions;
use crate::components::dynamic::dynamic;
use crate::components::form::notice::Notice;
use crate::live::ProjectStore;
use crate::place::project_url;
use crate::words::{self, Tone};

/// A notice for a session that has failed, is stopped or is being removed; nothing for one that works.
#[component]
pub fn StateNotice(
    /// The session.
    id: SessionId,
    /// The same, followed.
    session: Memo<Option<Session>>,
) -> impl IntoView {
    let actions = SessionActions::new();
    let home = StoredValue::new(project_url(&ProjectStore::expect().id()));
    let state = Memo::new(move |_| session.with(|s| s.as_ref().map(|s| s.state.clone())));
    let start = move |label: &'static str| {
        view! {
            <button type="button" class="button button--small" on:click=move |_| actions.start(id)>
                {label}
            </button>
        }
    };
    let gone = move || {
        view! {
            <Notice tone=Tone::Quiet title="The session was deleted">
                <a class="button button--small" href=home.get_value()>
                    "Go to the overview"
                </a>
            </Notice>
        }
        .into_any()
    };
    dynamic(move || match state.get() {
        None => Some(gone()),
        Some(SessionState::Error { stage, reason }) => Some(
            view! {
                <Notice tone=Tone::Bad title=format!("{} failed", words::stage(stage))>
                    <p class="notice__reason">{reason}</p>
                    {start("Try again")}
                </Notice>
            }
            .into_any(),
        ),
        Some(SessionState::Stopped) => Some(
            view! {
                <Notice tone=Tone::Quiet title="The sandbox is stopped">
                    <p>"It starts again with the next prompt. Its files are kept."</p>
                    {start("Start now")}
                </Notice>
            }
            .into_any(),
        ),
        Some(SessionState::Removing) => Some(
            view! {
                <Notice tone=Tone::Busy title="The session is being deleted">
                    <p>"Its sandbox and all its data are being removed."</p>
                </Notice>
            }
            .into_any(),
        ),
        Some(
            SessionState::Initializing
            | SessionState::Cloning
            | SessionState::PullingImage
            | SessionState::CreatingSandbox
            | SessionState::Ready
            | SessionState::Running,
        ) => None,
    })
}
