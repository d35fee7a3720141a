//! The permissions that a turn's agent asks for: each is answered once, and withdrawn when the turn ends before.

use std::collections::BTreeMap;

use octobot_wire::TurnId;
use octobot_wire::daemon::DaemonEventBody;
use octobot_wire::permission::{PermissionOption, PermissionState};

/// The requests of one turn. Pure.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Permissions {
    turn_id: Option<TurnId>,
    /// Where each request stands, by its part.
    pub(super) states: BTreeMap<u32, PermissionState>,
    /// The ids of the options of those that are open. Of a former life of the daemon none is.
    options: BTreeMap<u32, Vec<String>>,
}

/// Why a permission can't be answered.
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
}

impl Permissions {
    /// Those of a turn that has asked for nothing yet.
    pub fn of(turn_id: TurnId) -> Self {
        Self { turn_id: Some(turn_id), ..Self::default() }
    }

    /// Takes note of a request.
    pub fn requested(&mut self, part: u32, options: &[PermissionOption]) {
        self.states.insert(part, PermissionState::Open);
        self.options.insert(part, options.iter().map(|option| option.id.clone()).collect());
    }

    /// Answers a request and tells the answer that counts, and whether it is this one for the first time.
    pub fn answer(&mut self, turn_id: TurnId, part: u32, option: &str) -> Result<(PermissionState, bool), AnswerError> {
        let state = self.states.get_mut(&part).filter(|_| self.turn_id == Some(turn_id));
        let state = state.ok_or(AnswerError::Unknown { turn_id, part })?;
        if *state != PermissionState::Open {
            return Ok((state.clone(), false));
        }
        if self.options.get(&part).is_none_or(|options| !options.iter().any(|known| known == option)) {
            return Err(AnswerError::NoSuchOption(option.to_owned()));
        }
        *state = PermissionState::Answered { option: option.to_owned() };
        Ok((state.clone(), true))
    }

    /// Withdraws those that are open, and returns the events that say so.
    pub fn withdraw(&mut self) -> Vec<DaemonEventBody> {
        let Some(turn_id) = self.turn_id else { return Vec::new() };
        let open = self.states.iter_mut().filter(|(_, state)| **state == PermissionState::Open);
        open.map(|(&part, state)| {
            *state = PermissionState::Cancelled;
            DaemonEventBody::PermissionAnswered { turn_id, part, option: None }
        })
        .collect()
    }
}
