//! What a turn's agent asks its user: each request is answered once, and withdrawn when the turn ends before.

use std::collections::{BTreeMap, HashMap};

use octobot_wire::TurnId;
use octobot_wire::daemon::DaemonEventBody;
use octobot_wire::form::{Field, FieldKind, Filled};
use octobot_wire::permission::{AnswerPermission, PermissionState};

use crate::turn::effect::Question;

/// The requests of one turn. Pure.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Permissions {
    turn_id: Option<TurnId>,
    /// Where each request stands, by its part.
    pub(super) states: BTreeMap<u32, PermissionState>,
    /// What those ask that are open. Of a former life of the daemon none is.
    asked: BTreeMap<u32, Question>,
}

/// Why a request can't be answered.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AnswerError {
    /// There is no such request, or it is too long ago.
    #[error("no permission {part} was asked for in turn {turn_id}, as far as is remembered")]
    Unknown {
        /// The turn that was named.
        turn_id: TurnId,
        /// The part that was named.
        part: u32,
    },
    /// It offers other options.
    #[error("the permission has no option {0}")]
    NoSuchOption(String),
    /// The form has no such field.
    #[error("the form has no field {0}")]
    NoSuchField(String),
    /// A field was left empty that mustn't be.
    #[error("{0} is needed")]
    Missing(String),
    /// A field can't hold what it was given.
    #[error("{field} can't be {value:?}")]
    Unfit {
        /// The field's name.
        field: String,
        /// What it was given.
        value: String,
    },
}

impl Permissions {
    /// Those of a turn that has asked for nothing yet.
    pub fn of(turn_id: TurnId) -> Self {
        Self { turn_id: Some(turn_id), ..Self::default() }
    }

    /// Takes note of a request.
    pub fn requested(&mut self, question: &Question) {
        self.states.insert(question.part, PermissionState::Open);
        self.asked.insert(question.part, question.clone());
    }

    /// Answers a request and tells the answer that counts, and whether it is this one for the first time.
    pub fn answer(
        &mut self,
        turn_id: TurnId,
        part: u32,
        answer: &AnswerPermission,
    ) -> Result<(PermissionState, bool), AnswerError> {
        let state = self.states.get_mut(&part).filter(|_| self.turn_id == Some(turn_id));
        let state = state.ok_or(AnswerError::Unknown { turn_id, part })?;
        if *state != PermissionState::Open {
            return Ok((state.clone(), false));
        }
        let AnswerPermission { option, values } = answer;
        let question = self.asked.get(&part).ok_or(AnswerError::Unknown { turn_id, part })?;
        let place = question.options.iter().position(|known| known.id == *option);
        match place.ok_or_else(|| AnswerError::NoSuchOption(option.clone()))? {
            0 => check(&question.fields, values)?,
            _ => check_fields_exist(&question.fields, values)?,
        }
        *state = PermissionState::Answered { option: option.clone() };
        self.asked.remove(&part);
        Ok((state.clone(), true))
    }

    /// Withdraws those that are open, and returns the events that say so.
    pub fn withdraw(&mut self) -> Vec<DaemonEventBody> {
        let Some(turn_id) = self.turn_id else { return Vec::new() };
        let open = self.states.iter_mut().filter(|(_, state)| **state == PermissionState::Open);
        open.map(|(&part, state)| {
            *state = PermissionState::Cancelled;
            DaemonEventBody::PermissionAnswered { turn_id, part, option: None, values: Vec::new() }
        })
        .collect()
    }
}

/// Whether a form can hold what it was given.
fn check(fields: &[Field], filled: &[Filled]) -> Result<(), AnswerError> {
    check_fields_exist(fields, filled)?;
    let given: HashMap<_, _> = filled.iter().map(|filled| (&filled.field, &filled.values[..])).collect();
    for field in fields {
        let values = given.get(&field.id).copied().unwrap_or_default();
        if field.is_required && values.iter().all(String::is_empty) {
            return Err(AnswerError::Missing(field.name.clone()));
        }
        let most = if field.kind == FieldKind::Several { field.choices.len() } else { 1 };
        let unfit = values.get(most).or_else(|| values.iter().find(|value| !fits(field, value)));
        if let Some(value) = unfit {
            return Err(AnswerError::Unfit { field: field.name.clone(), value: value.clone() });
        }
    }
    Ok(())
}

fn check_fields_exist(fields: &[Field], filled: &[Filled]) -> Result<(), AnswerError> {
    match filled.iter().find(|filled| fields.iter().all(|field| field.id != filled.field)) {
        Some(unknown) => Err(AnswerError::NoSuchField(unknown.field.clone())),
        None => Ok(()),
    }
}

fn fits(field: &Field, value: &str) -> bool {
    match field.kind {
        FieldKind::Text => true,
        FieldKind::Number => value.is_empty() || value.parse::<f64>().is_ok_and(f64::is_finite),
        FieldKind::Integer => value.is_empty() || value.parse::<i64>().is_ok(),
        FieldKind::Switch => matches!(value, "true" | "false"),
        FieldKind::One | FieldKind::Several => field.choices.iter().any(|choice| choice.value == value),
    }
}
