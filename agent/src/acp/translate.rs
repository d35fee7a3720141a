//! From the protocol's types to the wire's: kinds, contents, plans, permissions, commands. Pure, and nothing that is
//! unknown or too large gets through.

use std::path::Path;

use agent_client_protocol_schema::v1 as acp;
use octobot_wire::permission::{PermissionKind, PermissionOption};
use octobot_wire::plan::{PlanEntry, PlanPriority, PlanStatus};
use octobot_wire::setting::AgentCommand;
use octobot_wire::tool::{CallContent, FileContent, Location, MAX_FILE, MAX_TEXT, ToolKind};
use serde_json::Value;

/// Titles, names and descriptions have at most so many characters.
const MAX_LINE: usize = 300;

/// So many commands, entries or items are passed on.
const MAX_ITEMS: usize = 300;

/// A text in a tool's input that is longer is cut off: what matters of it is in the content.
const MAX_INPUT_TEXT: usize = 2_000;

/// The start of a text, cut between characters; tells whether it was cut.
pub fn cut(text: &str, bytes: usize) -> (&str, bool) {
    let end = text.floor_char_boundary(bytes);
    (&text[..end], end < text.len())
}

/// A text as one line of reasonable length.
pub fn one_line(text: &str) -> String {
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let line: String = line.chars().filter(|c| !c.is_control()).collect();
    if line.chars().nth(MAX_LINE).is_none() { line } else { line.chars().take(MAX_LINE - 1).chain(['…']).collect() }
}

/// What a tool does.
pub fn tool_kind(kind: acp::ToolKind) -> ToolKind {
    match kind {
        acp::ToolKind::Read => ToolKind::Read,
        acp::ToolKind::Edit => ToolKind::Edit,
        acp::ToolKind::Delete => ToolKind::Delete,
        acp::ToolKind::Move => ToolKind::Move,
        acp::ToolKind::Search => ToolKind::Search,
        acp::ToolKind::Execute => ToolKind::Execute,
        acp::ToolKind::Think => ToolKind::Think,
        acp::ToolKind::Fetch => ToolKind::Fetch,
        // Later versions of the protocol may have more.
        _ => ToolKind::Other,
    }
}

/// A path as the user knows it: relative to the workspace if it is in it.
pub fn shown_path(path: &Path, workspace: &Path) -> String {
    let path = path.strip_prefix(workspace).ok().filter(|rest| !rest.as_os_str().is_empty()).unwrap_or(path);
    path.to_string_lossy().into_owned()
}

/// The places that a tool call works on.
pub fn locations(locations: &[acp::ToolCallLocation], workspace: &Path) -> Vec<Location> {
    // That something happens in the workspace says nothing.
    let locations = locations.iter().filter(|place| place.path != workspace);
    let location = |place: &acp::ToolCallLocation| Location {
        path: shown_path(&place.path, workspace),
        line: place.line.map(|line| line.max(1)),
    };
    locations.take(MAX_ITEMS).map(location).collect()
}

/// What a command has just printed, as several agents tell it beside the protocol, to clients that have no terminals for
/// them.
pub fn printed(meta: &acp::Meta) -> Option<&str> {
    let output = meta.get("terminal_output_delta").or_else(|| meta.get("terminal_output"))?;
    output.get("data")?.as_str()
}

/// What was given to a tool: the command of one that runs, else JSON.
pub fn tool_input(kind: ToolKind, input: &Value) -> String {
    match input {
        Value::Null => String::new(),
        Value::Object(fields) if fields.is_empty() => String::new(),
        Value::Object(fields) if kind == ToolKind::Execute && fields.contains_key("command") => {
            let words = |list: &Vec<Value>| list.iter().filter_map(Value::as_str).collect::<Vec<_>>().join(" ");
            match &fields["command"] {
                Value::String(command) => cut(command, MAX_TEXT).0.to_owned(),
                // A shell with a script says nothing that the script doesn't.
                Value::Array(list) if list.len() == 3 && list[1].as_str().is_some_and(|flag| flag.ends_with('c')) => {
                    list[2].as_str().map(|script| cut(script, MAX_TEXT).0.to_owned()).unwrap_or_default()
                }
                Value::Array(list) => cut(&words(list), MAX_TEXT).0.to_owned(),
                other => other.to_string(),
            }
        }
        input => serde_json::to_string_pretty(&shortened(input)).unwrap_or_default(),
    }
}

/// The same without its long texts.
fn shortened(value: &Value) -> Value {
    match value {
        Value::String(text) => match cut(text, MAX_INPUT_TEXT) {
            (start, true) => Value::String(format!("{start}…")),
            (_, false) => value.clone(),
        },
        Value::Array(items) => Value::Array(items.iter().take(MAX_ITEMS).map(shortened).collect()),
        Value::Object(fields) => {
            Value::Object(fields.iter().take(MAX_ITEMS).map(|(name, value)| (name.clone(), shortened(value))).collect())
        }
        value => value.clone(),
    }
}

/// What a tool call shows, but for its terminals.
pub fn call_content(content: &[acp::ToolCallContent], workspace: &Path) -> Vec<CallContent> {
    let item = |item: &acp::ToolCallContent| match item {
        acp::ToolCallContent::Content(content) => Some(match block(&content.content) {
            Block::Text(text) => CallContent::Text { text: cut(&text, MAX_TEXT).0.to_owned() },
            Block::File(file) => CallContent::File(file),
        }),
        acp::ToolCallContent::Diff(diff) => {
            let (new, new_cut) = cut(&diff.new_text, MAX_TEXT);
            let (old, old_cut) = diff.old_text.as_deref().map(|old| cut(old, MAX_TEXT)).unzip();
            Some(CallContent::Diff {
                path: shown_path(&diff.path, workspace),
                old: old.map(str::to_owned),
                new: new.to_owned(),
                truncated: new_cut || old_cut == Some(true),
            })
        }
        // Later versions of the protocol may have more.
        _ => None,
    };
    content.iter().take(MAX_ITEMS).filter_map(item).collect()
}

/// A block of content.
#[derive(Debug, PartialEq, Eq)]
pub enum Block {
    /// Markdown.
    Text(String),
    /// A file.
    File(FileContent),
}

/// Reads a block of content. What can't be shown is named.
pub fn block(block: &acp::ContentBlock) -> Block {
    let file = |data: &str, media_type: &str, name: Option<&str>| {
        if data.len() / 4 * 3 > MAX_FILE {
            return Block::Text("*(a file that is too large to be shown)*".to_owned());
        }
        let name = name.and_then(|uri| uri.rsplit('/').next()).filter(|name| !name.is_empty());
        let name = one_line(name.unwrap_or_else(|| media_type.split('/').next().unwrap_or("file")));
        Block::File(FileContent { name, media_type: one_line(media_type), data: data.to_owned() })
    };
    match block {
        acp::ContentBlock::Text(text) => Block::Text(text.text.clone()),
        acp::ContentBlock::Image(image) => file(&image.data, &image.mime_type, image.uri.as_deref()),
        acp::ContentBlock::Audio(audio) => file(&audio.data, &audio.mime_type, None),
        acp::ContentBlock::ResourceLink(link) => Block::Text(format!("[{}]({})", link.name, link.uri)),
        acp::ContentBlock::Resource(embedded) => match &embedded.resource {
            acp::EmbeddedResourceResource::TextResourceContents(text) => Block::Text(text.text.clone()),
            acp::EmbeddedResourceResource::BlobResourceContents(blob) => {
                file(&blob.blob, blob.mime_type.as_deref().unwrap_or("application/octet-stream"), Some(&blob.uri))
            }
            _ => Block::Text(String::new()),
        },
        _ => Block::Text(String::new()),
    }
}

/// A plan.
pub fn plan(plan: &acp::Plan) -> Vec<PlanEntry> {
    let entry = |entry: &acp::PlanEntry| PlanEntry {
        content: one_line(&entry.content),
        status: match entry.status {
            acp::PlanEntryStatus::InProgress => PlanStatus::InProgress,
            acp::PlanEntryStatus::Completed => PlanStatus::Completed,
            _ => PlanStatus::Pending,
        },
        priority: match entry.priority {
            acp::PlanEntryPriority::High => PlanPriority::High,
            acp::PlanEntryPriority::Low => PlanPriority::Low,
            _ => PlanPriority::Medium,
        },
    };
    plan.entries.iter().take(MAX_ITEMS).map(entry).collect()
}

/// The possible answers to a request for permission.
pub fn permission_options(options: &[acp::PermissionOption]) -> Vec<PermissionOption> {
    let option = |option: &acp::PermissionOption| PermissionOption {
        id: option.option_id.0.to_string(),
        name: one_line(&option.name),
        kind: match option.kind {
            acp::PermissionOptionKind::AllowOnce => PermissionKind::AllowOnce,
            acp::PermissionOptionKind::AllowAlways => PermissionKind::AllowAlways,
            acp::PermissionOptionKind::RejectAlways => PermissionKind::RejectAlways,
            // What isn't known is treated as what does the least.
            _ => PermissionKind::RejectOnce,
        },
    };
    options.iter().take(MAX_ITEMS).map(option).collect()
}

/// The slash commands.
pub fn commands(commands: &[acp::AvailableCommand]) -> Vec<AgentCommand> {
    let hint = |input: &acp::AvailableCommandInput| match input {
        acp::AvailableCommandInput::Unstructured(input) => one_line(&input.hint),
        _ => String::new(),
    };
    let command = |command: &acp::AvailableCommand| AgentCommand {
        name: one_line(&command.name),
        description: one_line(&command.description),
        hint: command.input.as_ref().map(hint).unwrap_or_default(),
    };
    commands.iter().take(MAX_ITEMS).map(command).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_input_of_what_runs_is_its_command() {
        let input = |value| tool_input(ToolKind::Execute, &value);
        assert_eq!(input(json!({"command": "ls -l", "description": "x"})), "ls -l");
        assert_eq!(input(json!({"command": ["bash", "-lc", "ls | wc"]})), "ls | wc");
        assert_eq!(input(json!({"command": ["ls", "-l"]})), "ls -l");
        assert_eq!(input(json!({})), "");
    }

    #[test]
    fn long_texts_in_an_input_are_cut_off() {
        let input = tool_input(ToolKind::Edit, &json!({"path": "a", "content": "é".repeat(5_000)}));
        assert!(input.contains(r#""path": "a""#) && input.contains('…'), "{input}");
        assert!(input.len() < MAX_INPUT_TEXT + 100);
    }

    #[test]
    fn a_path_in_the_workspace_is_shown_relative_to_it() {
        let shown = |path| shown_path(Path::new(path), Path::new("/home/me/workspace"));
        assert_eq!(shown("/home/me/workspace/a/b.rs"), "a/b.rs");
        assert_eq!(shown("/home/me/workspace"), "/home/me/workspace");
        assert_eq!(shown("/etc/passwd"), "/etc/passwd");
    }

    #[test]
    fn a_diff_that_is_too_long_says_so() {
        let diff = acp::Diff::new("/w/a", "x".repeat(MAX_TEXT + 1)).old_text("y".to_owned());
        let content = call_content(&[diff.into()], Path::new("/w"));
        let [CallContent::Diff { path, old, new, truncated: true }] = &content[..] else { panic!("{content:?}") };
        assert_eq!((path.as_str(), old.as_deref(), new.len()), ("a", Some("y"), MAX_TEXT));
    }
}
