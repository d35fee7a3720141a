//! Requests for permission and forms: while one is open, its turn waits.

use octobot_wire::form::{Field, Filled};
use octobot_wire::permission::{PermissionOption, PermissionState};
use octobot_wire::{Timestamp, TurnId};

use super::batch::{Batch, storable};
use crate::domain::{Part, PartContent, Permission};
use crate::services::ServiceError;

impl Batch<'_> {
    pub(super) async fn permission_requested(
        &mut self,
        turn_id: TurnId,
        number: u32,
        (call, title, options, fields): (Option<u32>, &str, &[PermissionOption], &[Field]),
        at: Timestamp,
    ) -> Result<(), ServiceError> {
        let call = match call {
            Some(call) => self.tx.part(turn_id, call).await?.map(|(_, part)| part.id),
            None => None,
        };
        let permission = Permission {
            call,
            title: storable(title),
            options: options.to_vec(),
            fields: fields.to_vec(),
            values: Vec::new(),
            state: PermissionState::Open,
        };
        self.put_part(turn_id, number, PartContent::Permission(permission), at).await?;
        self.set_waits(turn_id).await
    }

    pub(super) async fn permission_answered(
        &mut self,
        turn_id: TurnId,
        number: u32,
        option: Option<&str>,
        values: &[Filled],
    ) -> Result<(), ServiceError> {
        let Some((message, Part { id, position, content: PartContent::Permission(permission), .. })) =
            self.tx.part(turn_id, number).await?
        else {
            return Err(ServiceError::NotFound("request for permission"));
        };
        let state = match option {
            Some(option) => PermissionState::Answered { option: option.to_owned() },
            None => PermissionState::Cancelled,
        };
        let content = PartContent::Permission(Permission { state, values: values.to_vec(), ..permission });
        self.update_part(message, Part { id, number: Some(number), position, content }).await?;
        self.set_waits(turn_id).await
    }

    /// Notes whether the turn waits for an answer.
    async fn set_waits(&mut self, turn_id: TurnId) -> Result<(), ServiceError> {
        let is_open = |part: &Part| matches!(part.content, PartContent::Permission(_)) && part.content.is_open();
        let waits = self.tx.parts(turn_id).await?.iter().any(|(_, part)| is_open(part));
        let turn = self.turn(turn_id).await?;
        let before = turn.state.clone();
        let turn = turn.waits(waits);
        if turn.state != before {
            self.update_turn(&turn).await?;
        }
        Ok(())
    }
}
