//! An agent asks before it does something, or wants to know something.

use leptos::prelude::*;
use octobot_wire::message::{PartBody, Permission};
use octobot_wire::permission::{AnswerPermission, PermissionKind, PermissionOption, PermissionState};
use octobot_wire::{PartId, TurnId};

use super::actions::TurnActions;
use crate::components::dynamic::dynamic;
use crate::components::dynamic::when::When;
use crate::components::form::icon::{Glyph, Icon};
use crate::late::{self, Late};

/// A request for permission: a question with buttons until it is answered, then a line.
#[component]
pub fn PermissionCard(
    /// Its part.
    id: PartId,
    /// The turn that waits for the answer.
    turn: TurnId,
    /// The part, followed.
    body: RwSignal<PartBody>,
) -> impl IntoView {
    let actions = TurnActions::new();
    dynamic(move || {
        let PartBody::Permission(permission) = body.get() else { return None };
        Some(match permission.state {
            PermissionState::Open if permission.fields.is_empty() => question(&actions, id, turn, permission),
            PermissionState::Open => form(id, turn, permission),
            PermissionState::Answered { ref option } => answer(&permission, Some(option)),
            PermissionState::Cancelled => answer(&permission, None),
        })
    })
}

/// The id of an open request's element.
pub fn element_id(part: PartId) -> String {
    format!("permission-{part}")
}

fn question(actions: &TurnActions, id: PartId, turn: TurnId, permission: Permission) -> AnyView {
    let actions = *actions;
    let number = permission.number;
    // One button stands out: the first that allows it, but rather this time than always.
    let first = |wanted: fn(PermissionKind) -> bool| permission.options.iter().position(|option| wanted(option.kind));
    let primary = first(|kind| kind == PermissionKind::AllowOnce).or_else(|| first(is_allowed));
    let button = |(place, PermissionOption { id: option, name, .. })| {
        let class = if primary == Some(place) { "button button--primary" } else { "button" };
        let choose = move |_| {
            let answer = AnswerPermission { option: option.clone(), values: Vec::new() };
            actions.answer(turn, id, number, answer);
        };
        view! {
            <button type="button" class=class on:click=choose>
                {name}
            </button>
        }
        .into_any()
    };
    let buttons: Vec<_> = permission.options.into_iter().enumerate().map(button).collect();
    view! {
        <section class="permission" id=element_id(id) aria-label="The agent asks for permission">
            <p class="permission__title">
                <Icon glyph=Glyph::Unlock/>
                {permission.title}
            </p>
            <div class="permission__options">{buttons}</div>
        </section>
    }
    .into_any()
}

/// What it asks is there at once. What fills it in loads late, and can't take over anything that the server rendered.
fn form(id: PartId, turn: TurnId, permission: Permission) -> AnyView {
    let is_alive = RwSignal::new(false);
    Effect::new(move |_| is_alive.set(true));
    let title = permission.title.clone();
    let asked = StoredValue::new(permission);
    view! {
        <section class="permission" id=element_id(id) aria-label="The agent asks a question">
            <p class="permission__title">
                <Icon glyph=Glyph::Info/>
                {title}
            </p>
            <When when=move || is_alive.get()>{late::show(Late::Question(id, turn, asked))}</When>
        </section>
    }
    .into_any()
}

fn answer(permission: &Permission, option: Option<&str>) -> AnyView {
    let chosen = permission.options.iter().find(|known| Some(known.id.as_str()) == option);
    let filled: Vec<_> = permission.values.iter().flat_map(|filled| filled.values.clone()).collect();
    let (tone, glyph, word) = match chosen {
        Some(option) if is_allowed(option.kind) && !filled.is_empty() => ("good", Glyph::Check, filled.join(", ")),
        Some(option) if is_allowed(option.kind) => ("good", Glyph::Check, option.name.clone()),
        Some(option) => ("bad", Glyph::Close, option.name.clone()),
        None => ("quiet", Glyph::Stop, "Not answered".to_owned()),
    };
    view! {
        <p class="permission permission--answered">
            <span class="status-icon" data-tone=tone>
                <Icon glyph/>
            </span>
            <span class="permission__answer">{word}</span>
            <span class="permission__about">{permission.title.clone()}</span>
        </p>
    }
    .into_any()
}

fn is_allowed(kind: PermissionKind) -> bool {
    matches!(kind, PermissionKind::AllowOnce | PermissionKind::AllowAlways)
}
