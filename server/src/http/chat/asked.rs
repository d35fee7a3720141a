//! A request for permission, and what a client has been told of it. Pure.

use std::collections::HashSet;

use octobot_wire::permission::{PermissionKind, PermissionState};
use octobot_wire::{PartId, TurnId};

use super::approval::ApprovalId;
use super::chunk::{ApprovalDescriptor, Chunk, Request};
use crate::domain::Permission;

/// A request for permission.
#[derive(Debug)]
pub(super) struct Asked {
    part: PartId,
    id: ApprovalId,
    permission: Permission,
    /// The state that was told.
    told: Option<PermissionState>,
}

impl Asked {
    /// One that nothing was told of.
    pub(super) fn new(part: PartId, turn: TurnId, number: u32, permission: Permission) -> Self {
        Self { part, id: ApprovalId { turn, number }, permission, told: None }
    }

    /// Takes what became of it.
    pub(super) fn note(&mut self, permission: &Permission) {
        self.permission.clone_from(permission);
    }

    /// The tool call that it is for.
    pub(super) fn call(&self) -> Option<PartId> {
        self.permission.call
    }

    /// Whether a client has yet to answer, when it has answered these.
    pub(super) fn is_open(&self, answered: &HashSet<u32>) -> bool {
        self.permission.state == PermissionState::Open && !answered.contains(&self.id.number)
    }

    /// Whether the tool call may not go on.
    pub(super) fn is_denied(&self) -> bool {
        self.answer().is_some_and(|(approved, _)| !approved)
    }

    /// Tells what became of it, as a matter of its tool call.
    pub(super) fn tell(&mut self, call: PartId, answered: &HashSet<u32>) -> Vec<Chunk> {
        let mut chunks = Vec::new();
        if !self.is_news(answered) {
            return chunks;
        }
        let approval_id = self.id.to_string();
        if self.told.is_none() {
            chunks.push(Chunk::ToolApprovalRequest {
                approval_id: approval_id.clone(),
                tool_call_id: call,
                reason: self.permission.title.clone(),
                approval_descriptor: ApprovalDescriptor { options: self.permission.options.clone() },
            });
        }
        if let Some((approved, reason)) = self.answer() {
            chunks.push(Chunk::ToolApprovalResponse { approval_id, approved, reason });
        }
        self.told = Some(self.permission.state.clone());
        chunks
    }

    /// Tells of it where its tool call isn't known.
    pub(super) fn tell_alone(&mut self, answered: &HashSet<u32>) -> Option<Chunk> {
        if !self.is_news(answered) {
            return None;
        }
        self.told = Some(self.permission.state.clone());
        let Permission { title, options, fields, values, state, .. } = self.permission.clone();
        let data = Request { number: self.id.number, title, options, fields, values, state };
        Some(Chunk::DataPermission { id: self.part, data })
    }

    /// Whether the client doesn't know the state. One that has answered isn't asked until the answer is stored.
    fn is_news(&self, answered: &HashSet<u32>) -> bool {
        let is_answered_here = self.permission.state == PermissionState::Open && answered.contains(&self.id.number);
        !is_answered_here && self.told.as_ref() != Some(&self.permission.state)
    }

    /// Whether it was permitted, and the answer in words.
    fn answer(&self) -> Option<(bool, String)> {
        match &self.permission.state {
            PermissionState::Open => None,
            PermissionState::Answered { option } => {
                let chosen = self.permission.options.iter().find(|offered| offered.id == *option);
                let permits = |kind| matches!(kind, PermissionKind::AllowOnce | PermissionKind::AllowAlways);
                let name = chosen.map_or(option, |chosen| &chosen.name).clone();
                Some((chosen.is_some_and(|chosen| permits(chosen.kind)), name))
            }
            PermissionState::Cancelled => Some((false, "The turn ended before anybody answered.".to_owned())),
        }
    }
}
