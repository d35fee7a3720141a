//! A form that an agent wants filled in. What it holds is asked of the browser when it is sent.

use leptos::prelude::*;
use octobot_wire::form::{Field, FieldKind, Filled};
use octobot_wire::message::Permission;
use octobot_wire::permission::{AnswerPermission, PermissionOption};
use octobot_wire::{PartId, TurnId};
use wasm_bindgen::JsCast as _;
use web_sys::{FormData, HtmlFormElement, SubmitEvent};

use super::actions::TurnActions;

/// The fields and the buttons of a form that is open.
#[component]
pub fn QuestionForm(
    /// Its part.
    id: PartId,
    /// The turn that waits for the answer.
    turn: TurnId,
    /// What is asked.
    asked: StoredValue<Permission>,
) -> impl IntoView {
    let actions = TurnActions::new();
    let Permission { number, options, fields, .. } = asked.get_value();
    let views: Vec<_> = fields.iter().enumerate().map(|(place, field)| field_view(id, place, field)).collect();
    let answer = move |option: String, values| actions.answer(turn, id, number, AnswerPermission { option, values });
    let mut options = options.into_iter();
    let send = options.next().map(|PermissionOption { id, name, .. }| {
        let option = id.clone();
        let submit = move |event: SubmitEvent| {
            event.prevent_default();
            answer(option.clone(), filled(&event, &fields));
        };
        (submit, name)
    });
    let others: Vec<_> = options
        .map(|PermissionOption { id: option, name, .. }| {
            let choose = move |_| answer(option.clone(), Vec::new());
            view! {
                <button type="button" class="button" on:click=choose>
                    {name}
                </button>
            }
        })
        .collect();
    send.map(|(submit, name)| {
        view! {
            <form class="question" on:submit=submit>
                {views}
                <div class="permission__options">
                    <button type="submit" class="button button--primary">
                        {name}
                    </button>
                    {others}
                </div>
            </form>
        }
    })
}

/// What the form holds that is sent. What was left empty isn't.
fn filled(event: &SubmitEvent, fields: &[Field]) -> Vec<Filled> {
    let form = event.target().and_then(|target| target.dyn_into::<HtmlFormElement>().ok());
    let Some(data) = form.and_then(|form| FormData::new_with_form(&form).ok()) else { return Vec::new() };
    let of_field = |field: &Field| {
        let values = data.get_all(&field.id).into_iter().filter_map(|value| value.as_string());
        let values: Vec<_> = values.filter(|value| !value.is_empty()).collect();
        (!values.is_empty()).then(|| Filled { field: field.id.clone(), values })
    };
    fields.iter().filter_map(of_field).collect()
}

fn field_view(part: PartId, place: usize, field: &Field) -> AnyView {
    let id = format!("question-{part}-{place}");
    let Field { name, description, .. } = field.clone();
    let hint = (!description.is_empty()).then(|| view! { <span class="field__hint">{description}</span> });
    let (of_choices, step) = match field.kind {
        FieldKind::One => (Some("radio"), None),
        FieldKind::Several | FieldKind::Switch => (Some("checkbox"), None),
        FieldKind::Text => (None, None),
        FieldKind::Number => (None, Some("any")),
        FieldKind::Integer => (None, Some("1")),
    };
    match of_choices {
        Some(_) if field.kind == FieldKind::Switch => view! {
            <label class="question__choice">
                <input
                    type="checkbox"
                    name=field.id.clone()
                    value="true"
                    checked=!field.initial.is_empty()
                    required=field.is_required
                />
                <span class="question__words">
                    {name}
                    {hint}
                </span>
            </label>
        }
        .into_any(),
        Some(kind) => view! {
            <fieldset class="field question__choices">
                <legend class="field__label">{name}</legend>
                {hint}
                {choices(kind, field)}
            </fieldset>
        }
        .into_any(),
        None => view! {
            <div class="field">
                <label class="field__label" for=id.clone()>
                    {name}
                </label>
                {hint}
                <input
                    id=id
                    class="input"
                    type=if step.is_some() { "number" } else { "text" }
                    step=step
                    name=field.id.clone()
                    value=field.initial.first().cloned()
                    required=field.is_required
                    autocomplete="off"
                />
            </div>
        }
        .into_any(),
    }
}

fn choices(kind: &'static str, field: &Field) -> Vec<AnyView> {
    let choice = |choice: &octobot_wire::setting::SettingChoice| {
        let hint = choice.description.clone();
        view! {
            <label class="question__choice">
                <input
                    type=kind
                    name=field.id.clone()
                    value=choice.value.clone()
                    checked=field.initial.contains(&choice.value)
                    required=field.is_required && field.kind == FieldKind::One
                />
                <span class="question__words">
                    {choice.name.clone()}
                    <span class="field__hint">{hint}</span>
                </span>
            </label>
        }
        .into_any()
    };
    field.choices.iter().map(choice).collect()
}
