//! What a client knows of a session against what its daemon has logged: all of it, in order, once.
//!
//! Two clients are asked: one that loads the transcript now, and one that has heard nothing but the stream of events
//! from its beginning.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{Context, Result, ensure};
use octobot_wire::TurnId;
use octobot_wire::daemon::{DaemonEvent, DaemonEventBody, TurnOutcome};
use octobot_wire::event::{Change, ProjectEvent};
use octobot_wire::message::{Message, MessageRole, Part, PartBody, Prose, ToolCallStatus, ToolContent};

use crate::api::Api;

/// What a turn did, as both sides can tell it.
#[derive(Debug, Default, PartialEq, Eq)]
struct Told {
    /// The letters and digits of all that was said: Markdown and HTML have different marks between them.
    said: String,
    /// What each tool call printed, and how it ended.
    calls: Vec<(Vec<String>, Option<ToolCallStatus>)>,
    /// Why it failed.
    failure: Option<String>,
}

/// Fails unless both clients know what the daemon of the project's only session has logged. `data` is the folder with
/// the session's data.
pub async fn check(api: &Api, session: &str, data: &Path) -> Result<()> {
    let log = logged(data)?;
    ensure!(log.iter().map(|event| event.number).eq(1..=log.len() as u64), "the daemon's log has gaps");
    let messages = api.messages(session).await?;
    let mut known = Vec::new();
    for message in messages.iter().filter(|message| message.role == MessageRole::Agent) {
        known.push((message.turn_id, seen(api, session, message).await?));
    }
    let told = told(&log);
    let turns = |all: &[(TurnId, Told)]| all.iter().map(|(turn, _)| *turn).collect::<Vec<_>>();
    ensure!(turns(&known) == turns(&told), "turns are lost or doubled: {:?}, logged {:?}", turns(&known), turns(&told));
    for ((turn, known), (_, told)) in known.iter().zip(&told) {
        ensure!(known == told, "turn {turn} is known as {known:#?}, and logged as {told:#?}");
    }
    let heard = heard(api, session).await?;
    ensure!(heard.len() == messages.len(), "{} messages were heard, {} are stored", heard.len(), messages.len());
    for (heard, stored) in heard.iter().zip(&messages) {
        ensure!(alike(heard, stored), "a message was heard as {heard:#?}, and is stored as {stored:#?}");
    }
    Ok(())
}

/// The events that a session's daemon has logged.
pub fn logged(data: &Path) -> Result<Vec<DaemonEvent>> {
    let log = std::fs::read_to_string(data.join("events/events.ndjson")).context("there is no log")?;
    log.lines().map(|line| serde_json::from_str(line).with_context(|| line.to_owned())).collect()
}

/// A turn while its log is read.
#[derive(Debug, Default)]
struct Reading {
    told: Told,
    calls: BTreeMap<u32, (String, Option<ToolCallStatus>)>,
}

/// What the log tells of each turn.
fn told(log: &[DaemonEvent]) -> Vec<(TurnId, Told)> {
    let mut turns: Vec<(TurnId, Reading)> = Vec::new();
    for event in log {
        let body = &event.body;
        if let DaemonEventBody::TurnStarted { turn_id } = body {
            turns.push((*turn_id, Reading::default()));
        }
        let Some((_, turn)) = turns.iter_mut().find(|(id, _)| turn_of(body) == Some(*id)) else { continue };
        match body {
            DaemonEventBody::Text { text, .. } => turn.told.said.extend(text.chars().filter(|c| c.is_alphanumeric())),
            DaemonEventBody::ToolCallStarted { call, .. } => drop(turn.calls.entry(*call).or_default()),
            DaemonEventBody::Output { call, text, .. } => turn.calls.entry(*call).or_default().0.push_str(text),
            DaemonEventBody::ToolCallEnded { call, status, .. } => {
                turn.calls.entry(*call).or_default().1 = Some(*status);
            }
            DaemonEventBody::TurnEnded { outcome: TurnOutcome::Failed { reason, .. }, .. } => {
                turn.told.failure = Some(reason.clone());
            }
            _ => {}
        }
    }
    let lines = |text: &str| text.lines().map(str::to_owned).collect();
    let finish = |(turn, Reading { told, calls }): (TurnId, Reading)| {
        let calls = calls.into_values().map(|(text, status)| (lines(&text), status)).collect();
        (turn, Told { calls, ..told })
    };
    turns.into_iter().map(finish).collect()
}

/// The turn that an event belongs to, of those events that are compared.
fn turn_of(body: &DaemonEventBody) -> Option<TurnId> {
    match body {
        DaemonEventBody::Text { turn_id, .. }
        | DaemonEventBody::ToolCallStarted { turn_id, .. }
        | DaemonEventBody::Output { turn_id, .. }
        | DaemonEventBody::ToolCallEnded { turn_id, .. }
        | DaemonEventBody::TurnEnded { turn_id, .. } => Some(*turn_id),
        _ => None,
    }
}

/// What a message shows of a turn.
async fn seen(api: &Api, session: &str, message: &Message) -> Result<Told> {
    let mut seen = Told::default();
    for part in &message.parts {
        match &part.body {
            PartBody::Text(prose) => {
                seen.said.extend(plain(&prose.html.concat()).chars().filter(|c| c.is_alphanumeric()));
            }
            PartBody::ToolCall(call) => {
                let mut lines = api.output(session, &part.id.to_string()).await?;
                // A line that has just begun and didn't go on.
                if lines.last().is_some_and(String::is_empty) {
                    lines.pop();
                }
                seen.calls.push((lines, Some(call.status)));
            }
            PartBody::Error { text, .. } => seen.failure = Some(text.clone()),
            _ => {}
        }
    }
    Ok(seen)
}

/// HTML without its marks. Tests say nothing that would need entities.
fn plain(html: &str) -> String {
    let pieces = html.split('<').enumerate();
    pieces.map(|(at, piece)| if at == 0 { piece } else { piece.split_once('>').map_or("", |(_, text)| text) }).collect()
}

/// The messages of a session as the stream alone tells them.
async fn heard(api: &Api, session: &str) -> Result<Vec<Message>> {
    let last = api.get(&format!("/sessions/{session}")).await?["asOf"].as_u64().context("no event number")?;
    let mut events = api.events(&format!("after=0&session={session}")).await?;
    let mut messages: Vec<Message> = Vec::new();
    for expected in 1..=last {
        let ProjectEvent { number, change } = serde_json::from_value(events.next().await?)?;
        ensure!(number == expected, "event {expected} is missing: {number} follows");
        match change {
            Change::Message { message } => {
                messages.retain(|known| known.id != message.id);
                messages.push(message);
            }
            Change::Part { message_id, part, .. } => {
                let message = messages.iter_mut().find(|message| message.id == message_id).context("no message")?;
                match message.parts.iter_mut().find(|known| known.id == part.id) {
                    Some(known) => *known = part,
                    None => message.parts.push(part),
                }
            }
            Change::Output { part_id, from, lines, .. } => {
                let mut parts = messages.iter_mut().flat_map(|message| &mut message.parts);
                grow(parts.find(|part| part.id == part_id).context("no part")?, from, &lines);
            }
            Change::ToolCallStatus { part_id, status, .. } => {
                let mut parts = messages.iter_mut().flat_map(|message| &mut message.parts);
                let part = parts.find(|part| part.id == part_id).context("no part")?;
                if let PartBody::ToolCall(call) = &mut part.body {
                    call.status = status;
                }
            }
            Change::Turn { turn } if turn.state.has_ended() => {
                let said = |message: &&mut Message| message.turn_id == turn.id && message.role == MessageRole::Agent;
                if let Some(message) = messages.iter_mut().rfind(said) {
                    message.usage = turn.usage;
                }
            }
            _ => {}
        }
    }
    Ok(messages)
}

fn grow(part: &mut Part, from: u64, lines: &[String]) {
    match &mut part.body {
        PartBody::ToolCall(call) => call.output.splice(from, lines),
        PartBody::Text(prose) | PartBody::Reasoning(prose) => prose.splice(from, lines),
        _ => {}
    }
}

/// Whether two messages are the same, but for how many of the last lines of output they hold, and for the source of what is
/// told as HTML, which the stream leaves out.
fn alike(one: &Message, other: &Message) -> bool {
    let without_source = |prose: &mut Prose| {
        if !prose.html.is_empty() {
            prose.text.clear();
        }
    };
    let bare = |message: &Message| {
        let mut message = message.clone();
        for part in &mut message.parts {
            match &mut part.body {
                PartBody::ToolCall(call) => {
                    call.output.lines.clear();
                    call.output.first_line = 0;
                    for content in &mut call.content {
                        if let ToolContent::Text(prose) = content {
                            without_source(prose);
                        }
                    }
                }
                PartBody::Text(prose) | PartBody::Reasoning(prose) => without_source(prose),
                _ => {}
            }
        }
        message
    };
    let lines = |message: &Message| -> Vec<Vec<String>> {
        let calls = message.parts.iter().filter_map(|part| match &part.body {
            PartBody::ToolCall(call) => Some(call.output.lines.iter().rev().take(10).cloned().collect()),
            _ => None,
        });
        calls.collect()
    };
    bare(one) == bare(other) && lines(one) == lines(other)
}
