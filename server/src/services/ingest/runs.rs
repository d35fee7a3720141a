//! Neighbouring pieces of the same text as one, so that a burst costs one row and one event.

use octobot_wire::TurnId;
use octobot_wire::daemon::{DaemonEvent, DaemonEventBody};

/// An event, or a run of events that add to the same part as one.
pub(super) struct Run<'a> {
    /// The event, or the first of them.
    pub(super) event: &'a DaemonEvent,
    /// All that they add.
    pub(super) text: String,
}

/// Joins neighbours.
pub(super) fn runs(events: &[DaemonEvent]) -> Vec<Run<'_>> {
    let mut runs: Vec<Run<'_>> = Vec::new();
    for event in events {
        let addition = addition(event);
        let text = addition.map_or("", |(_, text)| text);
        match runs.last_mut() {
            Some(run) if addition.is_some_and(|(to, _)| Some(to) == part(run.event)) => run.text.push_str(text),
            _ => runs.push(Run { event, text: text.to_owned() }),
        }
    }
    runs
}

/// What an event adds to a part, and to which. A part is of one kind, so the kind needn't be told apart.
fn addition(event: &DaemonEvent) -> Option<((TurnId, u32), &str)> {
    match &event.body {
        DaemonEventBody::Output { turn_id, call, text } => Some(((*turn_id, *call), text)),
        DaemonEventBody::Text { turn_id, part, text } | DaemonEventBody::Reasoning { turn_id, part, text } => {
            Some(((*turn_id, *part), text))
        }
        _ => None,
    }
}

fn part(event: &DaemonEvent) -> Option<(TurnId, u32)> {
    addition(event).map(|(part, _)| part)
}

#[cfg(test)]
mod tests {
    use octobot_wire::Timestamp;

    use super::*;

    fn event(number: u64, body: DaemonEventBody) -> DaemonEvent {
        DaemonEvent { number, at: Timestamp(0), body }
    }

    fn output(number: u64, call: u32, text: &str) -> DaemonEvent {
        let turn_id = TurnId::new(uuid::Uuid::from_u128(1));
        event(number, DaemonEventBody::Output { turn_id, call, text: text.to_owned() })
    }

    fn said(number: u64, part: u32, text: &str) -> DaemonEvent {
        let turn_id = TurnId::new(uuid::Uuid::from_u128(1));
        event(number, DaemonEventBody::Text { turn_id, part, text: text.to_owned() })
    }

    #[test]
    fn neighbouring_pieces_of_one_part_become_one_run() {
        let turn_id = TurnId::new(uuid::Uuid::from_u128(1));
        let notice = event(6, DaemonEventBody::Notice { turn_id, part: 3, text: "n".to_owned() });
        let events = [
            output(1, 0, "a"),
            output(2, 0, "b"),
            output(3, 1, "c"),
            output(4, 0, "d"),
            said(5, 2, "e"),
            notice,
            said(7, 2, "f"),
            said(8, 2, "g"),
        ];
        let texts: Vec<_> = runs(&events).into_iter().map(|run| run.text).collect();
        assert_eq!(texts, ["ab", "c", "d", "e", "", "fg"]);
    }
}
