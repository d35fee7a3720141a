//! The chunks of an AI SDK UI message stream, as the SDK's own schema takes them. What they are made from stands in
//! `telling`.

use octobot_wire::form::{Field, Filled};
use octobot_wire::message::ToolCallStatus;
use octobot_wire::permission::{PermissionOption, PermissionState};
use octobot_wire::plan::PlanEntry;
use octobot_wire::tool::{Location, ToolKind};
use octobot_wire::usage::Usage;
use octobot_wire::{PartId, TurnId};
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

/// A chunk.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
#[schema(as = ChatChunk)]
#[serde(tag = "type", rename_all = "kebab-case", rename_all_fields = "camelCase")]
pub(super) enum Chunk {
    /// The agent's message begins, maybe again.
    Start {
        /// The turn's id.
        message_id: TurnId,
        /// What is known of the turn.
        message_metadata: Metadata,
    },
    /// All that the agent does about a prompt is one step.
    StartStep,
    /// What the client has of the message is told again from its beginning.
    ResetStep,
    /// The agent begins to say something.
    TextStart {
        /// The part.
        id: PartId,
    },
    /// It says more, as Markdown.
    TextDelta {
        /// The part.
        id: PartId,
        /// What follows.
        delta: String,
    },
    /// It has said it.
    TextEnd {
        /// The part.
        id: PartId,
    },
    /// The agent begins to think something.
    ReasoningStart {
        /// The part.
        id: PartId,
    },
    /// It thinks more.
    ReasoningDelta {
        /// The part.
        id: PartId,
        /// What follows.
        delta: String,
    },
    /// It has thought it.
    ReasoningEnd {
        /// The part.
        id: PartId,
    },
    /// A tool call begins, and what is given to the tool isn't known yet.
    ToolInputStart(ToolInput),
    /// What is given to the tool. It may be told again when the agent has changed it.
    ToolInputAvailable(ToolInput),
    /// The agent asks for permission, and the stream ends until there is an answer.
    ToolApprovalRequest {
        /// Names the request in the answer.
        approval_id: String,
        /// The tool call that it is for.
        tool_call_id: PartId,
        /// What the agent wants to do.
        reason: String,
        /// The possible answers.
        approval_descriptor: ApprovalDescriptor,
    },
    /// Somebody answered, or nobody can any more.
    ToolApprovalResponse {
        /// The request.
        approval_id: String,
        /// Whether the answer permits it.
        approved: bool,
        /// The answer in words.
        reason: String,
    },
    /// What a tool call did. A preliminary one is followed by another.
    ToolOutputAvailable {
        /// The tool call.
        tool_call_id: PartId,
        /// What it did.
        output: CallOutput,
        /// Always set: which tools there are is the agent's affair.
        dynamic: bool,
        /// Whether the tool still runs.
        #[serde(skip_serializing_if = "std::ops::Not::not")]
        preliminary: bool,
    },
    /// A tool call failed, or was ended.
    ToolOutputError {
        /// The tool call.
        tool_call_id: PartId,
        /// Why, with what it printed last.
        error_text: String,
        /// Always set.
        dynamic: bool,
    },
    /// A tool call wasn't permitted.
    ToolOutputDenied {
        /// The tool call.
        tool_call_id: PartId,
    },
    /// An image or another file from the agent.
    File {
        /// Where its bytes are, on this server.
        url: String,
        /// Its media type.
        media_type: String,
    },
    /// The agent's list of things to do, all of it.
    DataPlan {
        /// The part.
        id: PartId,
        /// The list.
        data: Plan,
    },
    /// Something that the user should know.
    DataNotice {
        /// The part.
        id: PartId,
        /// What.
        data: Notice,
    },
    /// What went wrong, before the chunk `error` that ends the message.
    DataError {
        /// The part.
        id: PartId,
        /// What.
        data: Failing,
    },
    /// A request for permission that belongs to no tool call, or a form. An SDK client has no answer of its own for it, so
    /// the stream goes on; it is answered by `POST …/turns/{turn}/permissions/{number}`.
    DataPermission {
        /// The part.
        id: PartId,
        /// The request.
        data: Request,
    },
    /// The turn failed.
    Error {
        /// Why, for a person.
        error_text: String,
    },
    /// A user stopped the turn.
    Abort {
        /// Why it ended.
        reason: String,
    },
    /// The step has ended.
    FinishStep,
    /// The message has ended, or waits for an answer.
    Finish {
        /// Why.
        finish_reason: FinishReason,
        /// What is known of the turn.
        message_metadata: Metadata,
    },
}

/// What a message's metadata hold.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = ChatMetadata)]
#[serde(rename_all = "camelCase")]
pub(super) struct Metadata {
    /// The turn, for stopping it.
    pub(super) turn_id: TurnId,
    /// What it cost, once it has ended.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) usage: Option<Usage>,
}

/// What is given to a tool.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
#[schema(as = ChatToolInput)]
#[serde(rename_all = "camelCase")]
pub(super) struct ToolInput {
    /// The tool call.
    pub(super) tool_call_id: PartId,
    /// What the tool does.
    pub(super) tool_name: ToolKind,
    /// One line that says what is done.
    pub(super) title: String,
    /// What is given to it: an object. For a command its `command`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) input: Option<Value>,
    /// Always set: which tools there are is the agent's affair.
    pub(super) dynamic: bool,
    /// Always set: a client has nothing to run.
    pub(super) provider_executed: bool,
}

/// The possible answers to a request for permission.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = ChatApprovalDescriptor)]
#[serde(rename_all = "camelCase")]
pub(super) struct ApprovalDescriptor {
    /// The answers. One is chosen when the response's `reason` is its id.
    pub(super) options: Vec<PermissionOption>,
}

/// What a tool call did.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = ChatCallOutput)]
#[serde(rename_all = "camelCase")]
pub(super) struct CallOutput {
    /// Where it stands.
    #[serde(flatten)]
    pub(super) status: ToolCallStatus,
    /// The end of what it printed, escape sequences included.
    pub(super) printed: String,
    /// Whether it printed more than that.
    pub(super) truncated: bool,
    /// What it shows.
    pub(super) content: Vec<Shown>,
    /// The places that it works on.
    pub(super) locations: Vec<Location>,
}

/// Something that a tool call shows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = ChatShown)]
#[serde(tag = "type", rename_all = "camelCase", rename_all_fields = "camelCase")]
pub(super) enum Shown {
    /// Markdown.
    Text {
        /// The text.
        text: String,
    },
    /// A change of a file.
    Diff {
        /// The file: relative to the workspace if it is in it.
        path: String,
        /// How many lines are new.
        added: u32,
        /// How many lines are gone.
        removed: u32,
        /// A unified diff.
        patch: String,
        /// Whether there is more than is shown.
        truncated: bool,
    },
    /// An image or another file.
    File {
        /// Its name.
        name: String,
        /// Its media type.
        media_type: String,
        /// Where its bytes are, on this server.
        url: String,
    },
}

/// The agent's list of things to do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = ChatPlan)]
pub(super) struct Plan {
    /// The things.
    pub(super) entries: Vec<PlanEntry>,
}

/// Something that the user should know.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = ChatNotice)]
pub(super) struct Notice {
    /// What.
    pub(super) text: String,
}

/// Something that went wrong.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = ChatError)]
pub(super) struct Failing {
    /// What, for a person.
    pub(super) text: String,
    /// The credential that is missing or was refused.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) credential: Option<String>,
}

/// A request for permission, or a form.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = ChatPermission)]
#[serde(rename_all = "camelCase")]
pub(super) struct Request {
    /// Its number within the turn, for the answer.
    pub(super) number: u32,
    /// What the agent wants to do.
    pub(super) title: String,
    /// The possible answers.
    pub(super) options: Vec<PermissionOption>,
    /// The fields of a form.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) fields: Vec<Field>,
    /// What was filled in.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) values: Vec<Filled>,
    /// Where it stands.
    #[serde(flatten)]
    pub(super) state: PermissionState,
}

/// Why a message has ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = ChatFinishReason)]
#[serde(rename_all = "kebab-case")]
pub(super) enum FinishReason {
    /// The agent is done.
    Stop,
    /// The agent waits for a permission.
    ToolCalls,
    /// The turn failed.
    Error,
    /// A user stopped it.
    Interrupted,
}

impl Chunk {
    /// The chunk as a server-sent event.
    pub(super) fn push_to(&self, stream: &mut Vec<u8>) {
        stream.extend_from_slice(b"data: ");
        serde_json::to_writer(&mut *stream, self).expect("a chunk is always valid JSON");
        stream.extend_from_slice(b"\n\n");
    }
}
