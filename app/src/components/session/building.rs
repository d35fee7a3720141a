//! The building of a sandbox: its stages, and what they print.

use leptos::html;
use leptos::prelude::*;
use octobot_wire::SessionId;
use octobot_wire::session::{Session, SessionStage};

use super::actions::SessionActions;
use crate::components::dynamic::dynamic;
use crate::components::dynamic::rows::Rows;
use crate::components::dynamic::when::When;
use crate::components::form::icon::{Glyph, Icon};
use crate::components::form::spinner::Spinner;
use crate::live::SessionStore;
use crate::words;

/// The stages on the way, in order.
const STAGES: [SessionStage; 4] =
    [SessionStage::Initializing, SessionStage::Cloning, SessionStage::PullingImage, SessionStage::CreatingSandbox];

/// A card that shows how far the sandbox is. Shown only while it is being built.
#[component]
pub fn Building(
    /// The session.
    id: SessionId,
    /// The same, followed.
    session: Memo<Option<Session>>,
) -> impl IntoView {
    let actions = SessionActions::new();
    let stage = Memo::new(move |_| session.with(|s| s.as_ref().and_then(|s| words::building_stage(&s.state))));
    view! {
        <When when=move || stage.get().is_some()>
            <section class="building" aria-label="Building the sandbox">
                <Stages stage/>
                <BuildLog/>
                <button type="button" class="button button--small" on:click=move |_| actions.stop(id)>
                    "Cancel"
                </button>
            </section>
        </When>
    }
}

/// The stages, each done, going on or to come.
#[component]
fn Stages(stage: Memo<Option<SessionStage>>) -> impl IntoView {
    let place = move || stage.get().and_then(|stage| STAGES.iter().position(|known| *known == stage));
    let rows = STAGES.into_iter().enumerate().map(move |(number, stage)| {
        let state = Memo::new(move |_| match place() {
            Some(now) if number < now => "done",
            Some(now) if number == now => "now",
            _ => "next",
        });
        let mark = move || match state.get() {
            "done" => view! { <Icon glyph=Glyph::Check/> }.into_any(),
            "now" => view! { <Spinner/> }.into_any(),
            _ => view! { <Icon glyph=Glyph::Circle/> }.into_any(),
        };
        view! {
            <li
                class="stage"
                data-state=dynamic(move || state.get())
                aria-current=dynamic(move || (state.get() == "now").then_some("step"))
            >
                {dynamic(mark)}
                <span>{words::stage(stage)}</span>
            </li>
        }
    });
    view! { <ol class="stages">{rows.collect_view()}</ol> }
}

/// What building the sandbox printed, with the last line in view.
#[component]
pub fn BuildLog() -> impl IntoView {
    let log = SessionStore::expect().log;
    let node = NodeRef::<html::Div>::new();
    Effect::new(move |_| {
        log.track();
        if let Some(node) = node.get() {
            node.set_scroll_top(node.scroll_height());
        }
    });
    view! {
        <div class="build-log" node_ref=node role="log" aria-label="Sandbox log" tabindex="0">
            <Rows each=move || log.get() key=|line| line.number let:line>
                <div class="build-log__line">{line.text}</div>
            </Rows>
        </div>
    }
}
