//! Reading parts and what tool calls show: all the fields that they have, of which the kind says which ones matter. See
//! [`crate::tagged`].

use serde::{Deserialize, Deserializer};

use super::{File, Output, PartBody, Permission, Prose, ToolCall, ToolCallStatus, ToolContent};
use crate::PartId;
use crate::form::{Field, Filled};
use crate::permission::{PermissionOption, PermissionState};
use crate::plan::PlanEntry;
use crate::tagged::need;
use crate::tool::{Location, ToolKind};

impl<'de> Deserialize<'de> for PartBody {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        BodyFields::deserialize(deserializer)?.body()
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
enum BodyKind {
    Text,
    Reasoning,
    ToolCall,
    Plan,
    Permission,
    File,
    Notice,
    Error,
}

/// The variants of [`PermissionState`], which is flat in a part.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
enum StateKind {
    Open,
    Answered,
    Cancelled,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct BodyFields {
    kind: BodyKind,
    text: Option<String>,
    #[serde(default)]
    html: Vec<String>,
    #[serde(default)]
    tool: ToolKind,
    title: Option<String>,
    input: Option<String>,
    status: Option<ToolCallStatus>,
    #[serde(default)]
    content: Vec<ToolContent>,
    #[serde(default)]
    locations: Vec<Location>,
    output: Option<Output>,
    entries: Option<Vec<PlanEntry>>,
    number: Option<u32>,
    call: Option<PartId>,
    options: Option<Vec<PermissionOption>>,
    #[serde(default)]
    fields: Vec<Field>,
    #[serde(default)]
    values: Vec<Filled>,
    state: Option<StateKind>,
    option: Option<String>,
    name: Option<String>,
    media_type: Option<String>,
    bytes: Option<u64>,
    href: Option<String>,
    credential: Option<String>,
}

impl BodyFields {
    fn body<E: serde::de::Error>(self) -> Result<PartBody, E> {
        Ok(match self.kind {
            BodyKind::Text => PartBody::Text(self.prose()),
            BodyKind::Reasoning => PartBody::Reasoning(self.prose()),
            BodyKind::ToolCall => PartBody::ToolCall(Box::new(self.call()?)),
            BodyKind::Plan => PartBody::Plan { entries: need(self.entries, "entries")? },
            BodyKind::Permission => PartBody::Permission(self.permission()?),
            BodyKind::File => PartBody::File(file(self.name, self.media_type, self.bytes, self.href)?),
            BodyKind::Notice => PartBody::Notice { text: need(self.text, "text")? },
            BodyKind::Error => PartBody::Error { text: need(self.text, "text")?, credential: self.credential },
        })
    }

    fn prose(self) -> Prose {
        Prose { text: self.text.unwrap_or_default(), html: self.html }
    }

    fn call<E: serde::de::Error>(self) -> Result<ToolCall, E> {
        Ok(ToolCall {
            tool: self.tool,
            title: need(self.title, "title")?,
            input: need(self.input, "input")?,
            status: need(self.status, "status")?,
            content: self.content,
            locations: self.locations,
            output: need(self.output, "output")?,
        })
    }

    fn permission<E: serde::de::Error>(self) -> Result<Permission, E> {
        Ok(Permission {
            number: need(self.number, "number")?,
            call: self.call,
            title: need(self.title, "title")?,
            options: need(self.options, "options")?,
            fields: self.fields,
            values: self.values,
            state: match need(self.state, "state")? {
                StateKind::Open => PermissionState::Open,
                StateKind::Answered => PermissionState::Answered { option: need(self.option, "option")? },
                StateKind::Cancelled => PermissionState::Cancelled,
            },
        })
    }
}

impl<'de> Deserialize<'de> for ToolContent {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let fields = ContentFields::deserialize(deserializer)?;
        Ok(match fields.kind {
            ContentKind::Text => Self::Text(Prose { text: fields.text, html: fields.html }),
            ContentKind::Diff => Self::Diff {
                path: need(fields.path, "path")?,
                added: need(fields.added, "added")?,
                removed: need(fields.removed, "removed")?,
                lines: need(fields.lines, "lines")?,
                truncated: need(fields.truncated, "truncated")?,
            },
            ContentKind::File => Self::File(file(fields.name, fields.media_type, fields.bytes, fields.href)?),
        })
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
enum ContentKind {
    Text,
    Diff,
    File,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ContentFields {
    kind: ContentKind,
    #[serde(default)]
    text: String,
    #[serde(default)]
    html: Vec<String>,
    path: Option<String>,
    added: Option<u32>,
    removed: Option<u32>,
    lines: Option<Vec<String>>,
    truncated: Option<bool>,
    name: Option<String>,
    media_type: Option<String>,
    bytes: Option<u64>,
    href: Option<String>,
}

fn file<E: serde::de::Error>(
    name: Option<String>,
    media_type: Option<String>,
    bytes: Option<u64>,
    href: Option<String>,
) -> Result<File, E> {
    Ok(File {
        name: need(name, "name")?,
        media_type: need(media_type, "mediaType")?,
        bytes: need(bytes, "bytes")?,
        href: need(href, "href")?,
    })
}
