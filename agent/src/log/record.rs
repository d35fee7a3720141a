//! Lines of the event log: how they are written, and the little of them that matters when the log is opened.

use octobot_wire::TurnId;
use octobot_wire::daemon::DaemonEvent;
use serde::Deserialize;

/// The line of an event, with its end.
pub fn line(event: &DaemonEvent) -> Vec<u8> {
    let mut line = serde_json::to_vec(event).expect("events have no maps, so they are always JSON");
    line.push(b'\n');
    line
}

/// What a recorded event says about turns, without its bulk.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Record {
    /// The event's number.
    pub number: u64,
    /// Which kind it is of.
    #[serde(rename = "type")]
    pub kind: RecordKind,
    /// The turn it belongs to, where it belongs to one.
    pub turn_id: Option<TurnId>,
    /// The tool call, where there is one.
    pub call: Option<u32>,
    /// The part, where there is one that isn't a tool call.
    pub part: Option<u32>,
    /// The option of a permission that was chosen, where one was.
    pub option: Option<String>,
    /// The agent's thread, where it has opened one.
    pub thread_id: Option<String>,
    /// The conversation that the thread holds; the first one, where nothing is said.
    #[serde(default)]
    pub conversation: u32,
    /// How the turn ended, where it did.
    pub outcome: Option<RecordedOutcome>,
}

/// The kinds of events: those of `DaemonEventBody`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum RecordKind {
    TurnStarted,
    SetUp,
    ToolCallStarted,
    ToolCallEnded,
    PermissionRequested,
    PermissionAnswered,
    Thread,
    TurnEnded,
    /// One that says nothing about turns that matters later.
    #[serde(other)]
    Other,
}

/// How a turn ended.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct RecordedOutcome {
    /// The name of the outcome.
    pub outcome: OutcomeName,
}

/// The names of the outcomes: those of `TurnOutcome`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum OutcomeName {
    Completed,
    Cancelled,
    Failed,
    Interrupted,
}

#[cfg(test)]
mod tests {
    use octobot_wire::Timestamp;
    use octobot_wire::daemon::{DaemonEventBody, TurnOutcome};

    use super::*;

    fn recorded(body: DaemonEventBody) -> Record {
        serde_json::from_slice(&line(&DaemonEvent { number: 7, at: Timestamp(1), body })).unwrap()
    }

    #[test]
    fn a_written_line_is_read_back_as_its_record() {
        let turn_id: TurnId = "0190163d-8694-739b-aea5-966c26f8ad90".parse().unwrap();
        let record = |kind, call, outcome: Option<OutcomeName>| Record {
            number: 7,
            kind,
            turn_id: Some(turn_id),
            call,
            part: None,
            option: None,
            thread_id: None,
            conversation: 0,
            outcome: outcome.map(|outcome| RecordedOutcome { outcome }),
        };
        let failed = TurnOutcome::Failed { reason: "x".into(), credential: None };
        assert_eq!(recorded(DaemonEventBody::TurnStarted { turn_id }), record(RecordKind::TurnStarted, None, None));
        assert_eq!(
            recorded(DaemonEventBody::Output { turn_id, call: 3, text: "\n\"".into() }),
            record(RecordKind::Other, Some(3), None)
        );
        let option = Some("yes".into());
        let answered = recorded(DaemonEventBody::PermissionAnswered { turn_id, part: 4, option, values: Vec::new() });
        assert_eq!(answered.kind, RecordKind::PermissionAnswered);
        assert_eq!((answered.part, answered.option.as_deref()), (Some(4), Some("yes")));
        let thread = recorded(DaemonEventBody::Thread { thread_id: "t".into(), conversation: 2 });
        assert_eq!((thread.kind, thread.turn_id, thread.thread_id.as_deref()), (RecordKind::Thread, None, Some("t")));
        assert_eq!(thread.conversation, 2);
        let earlier: Record = serde_json::from_str(r#"{"number":1,"at":1,"type":"thread","threadId":"t"}"#).unwrap();
        assert_eq!(earlier.conversation, 0);
        assert_eq!(
            recorded(DaemonEventBody::TurnEnded { turn_id, outcome: failed }),
            record(RecordKind::TurnEnded, None, Some(OutcomeName::Failed))
        );
    }
}
