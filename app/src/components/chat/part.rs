//! A part of a message: which view shows it.

use leptos::prelude::*;
use octobot_wire::message::{MessageRole, PartBody, Prose};
use octobot_wire::plan::PlanEntry;

use super::error_part::ErrorPart;
use super::file::FileView;
use super::permission::PermissionCard;
use super::plan::PlanView;
use super::prompt::Prompt;
use super::prose::ProseView;
use super::reasoning::ReasoningView;
use super::tool_call::ToolCallView;
use crate::live::SessionStore;
use crate::live::transcript::{LiveMessage, LivePart};

/// The view of a part. What a part holds never changes its kind, so the kind is read once.
pub fn part_view(part: LivePart, message: &LiveMessage) -> AnyView {
    let grows = grows(&part, message);
    let LivePart { id, body } = part;
    let kind = body.get_untracked();
    let body = RwSignal::from(body);
    match kind {
        PartBody::Text(Prose { text, .. }) if message.role == MessageRole::User => {
            view! { <Prompt text turn=message.turn_id/> }.into_any()
        }
        PartBody::Text(_) => view! { <ProseView prose=prose_of(body)/> }.into_any(),
        PartBody::Reasoning(_) => view! { <ReasoningView prose=prose_of(body) grows/> }.into_any(),
        PartBody::ToolCall(_) => {
            // A call that opens its message began with it; of the others nobody says when they began.
            let is_first = message.parts.with_untracked(|parts| parts.first().is_some_and(|first| first.id == id));
            view! { <ToolCallView id body since=is_first.then_some(message.created_at)/> }.into_any()
        }
        PartBody::Plan { .. } => view! { <PlanView entries=entries_of(body)/> }.into_any(),
        PartBody::Permission(_) => view! { <PermissionCard id turn=message.turn_id body/> }.into_any(),
        PartBody::File(file) => view! { <FileView file/> }.into_any(),
        PartBody::Notice { text } => view! { <p class="remark">{text}</p> }.into_any(),
        PartBody::Error { text, credential } => view! { <ErrorPart text credential/> }.into_any(),
    }
}

/// Follows whether a part is what its turn is at.
fn grows(part: &LivePart, message: &LiveMessage) -> Signal<bool> {
    let (id, parts, turn) = (part.id, message.parts.clone(), message.turn_id);
    let turns = SessionStore::expect().turns;
    Signal::derive(move || {
        parts.with(|parts| parts.last().is_some_and(|last| last.id == id))
            && turns.with(|turns| turns.iter().any(|known| known.id == turn))
    })
}

fn prose_of(body: RwSignal<PartBody>) -> Signal<Prose> {
    Signal::derive(move || match body.get() {
        PartBody::Text(prose) | PartBody::Reasoning(prose) => prose,
        _ => Prose::default(),
    })
}

fn entries_of(body: RwSignal<PartBody>) -> Signal<Vec<PlanEntry>> {
    Signal::derive(move || match body.get() {
        PartBody::Plan { entries } => entries,
        _ => Vec::new(),
    })
}
