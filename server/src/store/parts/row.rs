//! How a part stands in its columns.

use octobot_wire::PartId;
use octobot_wire::form::{Field, Filled};
use octobot_wire::message::{Output, ToolCallStatus};
use octobot_wire::permission::{PermissionOption, PermissionState};
use octobot_wire::tool::Location;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::domain::{CallItem, Part, PartContent, Permission, ToolCall};
use crate::store::StoreError;
use crate::store::column::{Reading, TextColumn as _, to_json};

#[derive(sqlx::FromRow)]
pub(in crate::store) struct PartRow {
    id: Uuid,
    pub(in crate::store) message_id: Uuid,
    number: Option<i64>,
    position: i64,
    kind: String,
    text: Option<String>,
    title: Option<String>,
    status: Option<String>,
    status_detail: Option<String>,
    tool: Option<String>,
    input: Option<String>,
    output_tail: Option<String>,
    detail: Option<String>,
}

#[derive(Serialize, Deserialize)]
struct DurationDetail {
    duration_ms: u64,
}

#[derive(Serialize, Deserialize)]
struct ExitedDetail {
    exit_code: u8,
    duration_ms: u64,
}

#[derive(Serialize, Deserialize)]
struct KilledDetail {
    signal: u8,
    duration_ms: u64,
}

#[derive(Serialize, Deserialize)]
struct AnsweredDetail {
    option: String,
}

#[derive(Serialize, Deserialize)]
struct ToolCallDetail {
    content: Vec<CallItem>,
    locations: Vec<Location>,
}

#[derive(Serialize, Deserialize)]
struct PermissionDetail {
    call: Option<PartId>,
    options: Vec<PermissionOption>,
    // Earlier versions knew no forms.
    #[serde(default)]
    fields: Vec<Field>,
    #[serde(default)]
    values: Vec<Filled>,
}

#[derive(Serialize, Deserialize)]
struct ErrorDetail {
    credential: String,
}

/// The columns of a part that its kind decides.
#[derive(Default)]
pub(super) struct ContentColumns<'a> {
    pub(super) kind: &'static str,
    pub(super) text: Option<&'a str>,
    pub(super) title: Option<&'a str>,
    pub(super) status: Option<&'static str>,
    pub(super) status_detail: Option<String>,
    pub(super) tool: Option<&'static str>,
    pub(super) input: Option<&'a str>,
    pub(super) output_tail: Option<String>,
    pub(super) detail: Option<String>,
}

impl TryFrom<PartRow> for Part {
    type Error = StoreError;

    fn try_from(row: PartRow) -> Result<Self, Self::Error> {
        let reading = Reading { table: "parts", row: &row.id };
        Ok(Self {
            id: PartId::new(row.id),
            number: row.number.map(|number| reading.number("number", number)).transpose()?,
            position: reading.number("position", row.position)?,
            content: read_content(reading, &row)?,
        })
    }
}

fn read_content(reading: Reading<'_>, row: &PartRow) -> Result<PartContent, StoreError> {
    let text = || reading.present("text", row.text.clone());
    let detail = row.detail.as_deref();
    let blocks = || detail.map(|blocks| reading.detail("detail", Some(blocks))).transpose();
    Ok(match row.kind.as_str() {
        "text" => PartContent::Text { text: text()? },
        "answer" => PartContent::Answer { blocks: blocks()? },
        "reasoning" => PartContent::Reasoning { blocks: blocks()? },
        "tool_call" => PartContent::ToolCall(Box::new(read_tool_call(reading, row)?)),
        "plan" => PartContent::Plan { entries: reading.detail("detail", detail)? },
        "permission" => {
            let PermissionDetail { call, options, fields, values } = reading.detail("detail", detail)?;
            let title = reading.present("title", row.title.clone())?;
            let state = read_permission_state(reading, row)?;
            PartContent::Permission(Permission { call, title, options, fields, values, state })
        }
        "file" => PartContent::File(reading.detail("detail", detail)?),
        "notice" => PartContent::Notice { text: text()? },
        "error" => {
            let detail: Option<ErrorDetail> =
                detail.map(|detail| reading.detail("detail", Some(detail))).transpose()?;
            PartContent::Error { text: text()?, credential: detail.map(|detail| detail.credential) }
        }
        _ => return Err(reading.corrupt("kind")),
    })
}

fn read_tool_call(reading: Reading<'_>, row: &PartRow) -> Result<ToolCall, StoreError> {
    let ToolCallDetail { content, locations } = reading.detail("detail", row.detail.as_deref())?;
    let tail: Option<Output> =
        row.output_tail.as_deref().map(|tail| reading.detail("output_tail", Some(tail))).transpose()?;
    Ok(ToolCall {
        tool: reading.text("tool", reading.present("tool", row.tool.as_deref())?)?,
        title: reading.present("title", row.title.clone())?,
        input: reading.present("input", row.input.clone())?,
        status: read_status(reading, row)?,
        content,
        locations,
        tail,
    })
}

fn read_permission_state(reading: Reading<'_>, row: &PartRow) -> Result<PermissionState, StoreError> {
    Ok(match reading.present("status", row.status.as_deref())? {
        "open" => PermissionState::Open,
        "answered" => {
            let AnsweredDetail { option } = reading.detail("status_detail", row.status_detail.as_deref())?;
            PermissionState::Answered { option }
        }
        "cancelled" => PermissionState::Cancelled,
        _ => return Err(reading.corrupt("status")),
    })
}

fn read_status(reading: Reading<'_>, row: &PartRow) -> Result<ToolCallStatus, StoreError> {
    let detail = row.status_detail.as_deref();
    let duration = || reading.detail("status_detail", detail).map(|DurationDetail { duration_ms }| duration_ms);
    Ok(match reading.present("status", row.status.as_deref())? {
        "pending" => ToolCallStatus::Pending,
        "running" => ToolCallStatus::Running,
        "completed" => ToolCallStatus::Completed { duration_ms: duration()? },
        "failed" => ToolCallStatus::Failed { duration_ms: duration()? },
        "exited" => {
            let ExitedDetail { exit_code, duration_ms } = reading.detail("status_detail", detail)?;
            ToolCallStatus::Exited { exit_code, duration_ms }
        }
        "killed" => {
            let KilledDetail { signal, duration_ms } = reading.detail("status_detail", detail)?;
            ToolCallStatus::Killed { signal, duration_ms }
        }
        "cancelled" => ToolCallStatus::Cancelled { duration_ms: duration()? },
        "interrupted" => ToolCallStatus::Interrupted,
        _ => return Err(reading.corrupt("status")),
    })
}

impl<'a> ContentColumns<'a> {
    pub(super) fn new(content: &'a PartContent) -> Result<Self, StoreError> {
        let plain = |kind, text: &'a str| Self { kind, text: Some(text), ..Self::default() };
        let detailed = |kind, detail| Self { kind, detail, ..Self::default() };
        Ok(match content {
            PartContent::Text { text } => plain("text", text),
            PartContent::Answer { blocks } => detailed("answer", blocks.as_ref().map(to_json).transpose()?),
            PartContent::Reasoning { blocks } => detailed("reasoning", blocks.as_ref().map(to_json).transpose()?),
            PartContent::ToolCall(call) => Self::of_tool_call(call)?,
            PartContent::Plan { entries } => detailed("plan", Some(to_json(entries)?)),
            PartContent::Permission(permission) => Self::of_permission(permission)?,
            PartContent::File(file) => detailed("file", Some(to_json(file)?)),
            PartContent::Notice { text } => plain("notice", text),
            PartContent::Error { text, credential } => {
                let detail = credential.clone().map(|credential| to_json(&ErrorDetail { credential })).transpose()?;
                Self { detail, ..plain("error", text) }
            }
        })
    }

    fn of_tool_call(call: &'a ToolCall) -> Result<Self, StoreError> {
        let (status, status_detail) = write_status(call.status)?;
        let detail = ToolCallDetail { content: call.content.clone(), locations: call.locations.clone() };
        Ok(Self {
            kind: "tool_call",
            text: None,
            title: Some(&call.title),
            status: Some(status),
            status_detail,
            tool: Some(call.tool.to_text()),
            input: Some(&call.input),
            output_tail: call.tail.as_ref().map(to_json).transpose()?,
            detail: Some(to_json(&detail)?),
        })
    }

    fn of_permission(permission: &'a Permission) -> Result<Self, StoreError> {
        let (status, status_detail) = match &permission.state {
            PermissionState::Open => ("open", None),
            PermissionState::Answered { option } => {
                ("answered", Some(to_json(&AnsweredDetail { option: option.clone() })?))
            }
            PermissionState::Cancelled => ("cancelled", None),
        };
        let detail = PermissionDetail {
            call: permission.call,
            options: permission.options.clone(),
            fields: permission.fields.clone(),
            values: permission.values.clone(),
        };
        Ok(Self {
            kind: "permission",
            title: Some(&permission.title),
            status: Some(status),
            status_detail,
            detail: Some(to_json(&detail)?),
            ..Self::default()
        })
    }
}

fn write_status(status: ToolCallStatus) -> Result<(&'static str, Option<String>), StoreError> {
    let duration = |duration_ms| to_json(&DurationDetail { duration_ms }).map(Some);
    Ok(match status {
        ToolCallStatus::Pending => ("pending", None),
        ToolCallStatus::Running => ("running", None),
        ToolCallStatus::Completed { duration_ms } => ("completed", duration(duration_ms)?),
        ToolCallStatus::Failed { duration_ms } => ("failed", duration(duration_ms)?),
        ToolCallStatus::Exited { exit_code, duration_ms } => {
            ("exited", Some(to_json(&ExitedDetail { exit_code, duration_ms })?))
        }
        ToolCallStatus::Killed { signal, duration_ms } => {
            ("killed", Some(to_json(&KilledDetail { signal, duration_ms })?))
        }
        ToolCallStatus::Cancelled { duration_ms } => ("cancelled", duration(duration_ms)?),
        ToolCallStatus::Interrupted => ("interrupted", None),
    })
}
