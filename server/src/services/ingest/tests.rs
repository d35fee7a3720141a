//! Logs of turns, and what the transcript makes of them.

use octobot_wire::ProjectId;
use octobot_wire::daemon::TurnOutcome;
use octobot_wire::event::{Change, ProjectEvent};
use octobot_wire::message::{Message, PartBody, Prose, ToolCallStatus, ToolContent};
use octobot_wire::permission::{PermissionKind, PermissionOption, PermissionState};
use octobot_wire::plan::{PlanEntry, PlanPriority, PlanStatus};
use octobot_wire::tool::{CallContent, FileContent, Location, ToolCallChange, ToolKind};
use octobot_wire::turn::{Turn, TurnState};
use octobot_wire::usage::{Context, Usage};
use tempfile::TempDir;
use uuid::Uuid;

use super::*;
use crate::services::bench::{Ground, NOW};
use crate::services::transcript::part_to_wire;
use crate::services::{NewsCursor, retold};

/// A session with a turn, and the log of its daemon.
struct Bench {
    core: Core,
    ingest: Ingest,
    session: SessionId,
    turn: TurnId,
    last: u64,
    _folder: TempDir,
}

impl Bench {
    async fn new() -> Self {
        let Ground { core, session, turn, folder } = Ground::new().await;
        Self { core, ingest: Ingest::new(session), session, turn, last: 0, _folder: folder }
    }

    /// A session whose turn has started.
    async fn started() -> Self {
        let mut bench = Self::new().await;
        let turn_id = bench.turn;
        bench.log([DaemonEventBody::TurnStarted { turn_id }]).await;
        bench
    }

    /// Logs events, which come in one batch.
    async fn log(&mut self, bodies: impl IntoIterator<Item = DaemonEventBody>) {
        let numbered = (self.last + 1..).zip(bodies);
        let events: Vec<_> = numbered.map(|(number, body)| DaemonEvent { number, at: NOW, body }).collect();
        self.last += events.len() as u64;
        self.ingest.apply(&self.core, &events).await.unwrap();
    }

    async fn end(&mut self, outcome: TurnOutcome) {
        let turn_id = self.turn;
        self.log([DaemonEventBody::TurnEnded { turn_id, outcome }]).await;
    }

    /// What a page shows that is loaded now.
    async fn messages(&self) -> Vec<Message> {
        let mut tx = self.core.store.read().await.unwrap();
        let mut shown = Vec::new();
        for message in tx.messages(self.session, None, 50).await.unwrap() {
            let mut parts = Vec::new();
            for part in message.parts {
                parts.push(part_to_wire(&mut tx, &ProjectId::local(), self.session, part).await.unwrap());
            }
            shown.push(Message {
                rewound: false,
                id: message.id,
                session_id: message.session_id,
                turn_id: message.turn_id,
                number: message.number,
                role: message.role,
                created_at: message.created_at,
                parts,
                usage: message.usage,
            });
        }
        shown
    }

    /// The parts of the agent's message.
    async fn parts(&self) -> Vec<PartBody> {
        self.messages().await.remove(1).parts.into_iter().map(|part| part.body).collect()
    }

    /// What a page shows that was loaded before the first event and has heard all since.
    async fn followed(&self) -> Vec<Message> {
        let mut tx = self.core.store.read().await.unwrap();
        let mut messages: Vec<Message> = Vec::new();
        for recorded in tx.events_after(&ProjectId::local(), 0, 10_000).await.unwrap() {
            follow(&mut messages, serde_json::from_str::<ProjectEvent>(&recorded.json).unwrap().change);
        }
        messages
    }

    async fn turn(&self) -> Turn {
        let mut tx = self.core.store.read().await.unwrap();
        tx.turn(self.session, self.turn).await.unwrap().unwrap().to_wire()
    }

    fn text(&self, part: u32, text: &str) -> DaemonEventBody {
        DaemonEventBody::Text { turn_id: self.turn, part, text: text.to_owned() }
    }

    fn call(&self, call: u32) -> DaemonEventBody {
        let (title, input) = ("Edit a".to_owned(), "{}".to_owned());
        DaemonEventBody::ToolCallStarted { turn_id: self.turn, call, title, input, kind: ToolKind::Edit }
    }

    fn asks(&self, part: u32, call: u32) -> DaemonEventBody {
        let option = PermissionOption { id: "y".to_owned(), name: "Yes".to_owned(), kind: PermissionKind::AllowOnce };
        let title = "Edit a".to_owned();
        DaemonEventBody::PermissionRequested {
            turn_id: self.turn,
            part,
            call: Some(call),
            title,
            options: vec![option],
            fields: Vec::new(),
        }
    }

    fn answered(&self, part: u32) -> DaemonEventBody {
        DaemonEventBody::PermissionAnswered {
            turn_id: self.turn,
            part,
            option: Some("y".to_owned()),
            values: Vec::new(),
        }
    }
}

/// What is new for who has looked as far as this: positions of parts, and what they have grown by.
async fn look(bench: &Bench, cursor: &mut NewsCursor) -> Vec<(u32, String)> {
    let mut tx = bench.core.store.read().await.unwrap();
    let turn = tx.turn(bench.session, bench.turn).await.unwrap().unwrap();
    let news = cursor.read(&mut tx, &turn).await.unwrap();
    news.into_iter().map(|news| (news.part.position, news.text)).collect()
}

/// Applies a change as a page does.
fn follow(messages: &mut Vec<Message>, change: Change) {
    match change {
        Change::Message { message } => messages.push(message),
        Change::Part { message_id, part, .. } => {
            let message = messages.iter_mut().find(|message| message.id == message_id).unwrap();
            match message.parts.iter_mut().find(|known| known.id == part.id) {
                Some(known) => *known = part,
                None => message.parts.push(part),
            }
        }
        Change::Output { part_id, from, lines, .. } => {
            let mut parts = messages.iter_mut().flat_map(|message| &mut message.parts);
            match &mut parts.find(|part| part.id == part_id).unwrap().body {
                PartBody::Text(prose) | PartBody::Reasoning(prose) => prose.splice(from, &lines),
                PartBody::ToolCall(call) => call.output.splice(from, &lines),
                other => panic!("{other:?} grows"),
            }
        }
        Change::ToolCallStatus { part_id, status, .. } => {
            let mut parts = messages.iter_mut().flat_map(|message| &mut message.parts);
            match &mut parts.find(|part| part.id == part_id).unwrap().body {
                PartBody::ToolCall(call) => call.status = status,
                other => panic!("{other:?} has a status"),
            }
        }
        _ => {}
    }
}

fn prose(blocks: &[&str]) -> Prose {
    Prose { text: String::new(), html: blocks.iter().map(|&block| block.to_owned()).collect() }
}

#[tokio::test]
async fn an_answer_grows_block_by_block_around_a_tool_call() {
    let mut bench = Bench::started().await;
    let turn_id = bench.turn;
    bench.log([bench.text(0, "I *wri"), bench.text(0, "te*.\n\nThen"), bench.call(1), bench.text(0, " more.")]).await;
    bench.log([DaemonEventBody::Reasoning { turn_id, part: 2, text: "Hm.".to_owned() }]).await;
    // What was rendered is forgotten when a server restarts.
    bench.ingest = Ingest::new(bench.session);
    bench.log([bench.text(0, "\n\nDone\0.")]).await;
    let expected = ["<p>I <em>write</em>.</p>\n", "<p>Then more.</p>\n", "<p>Done\u{2400}.</p>\n"];
    assert_eq!(bench.parts().await[0], PartBody::Text(prose(&expected)));
    assert_eq!(bench.messages().await, bench.followed().await);
    bench.end(TurnOutcome::Completed).await;
    assert_eq!(bench.parts().await[0], PartBody::Text(prose(&expected)));
    assert_eq!(bench.parts().await[2], PartBody::Reasoning(prose(&["<p>Hm.</p>\n"])));
    assert_eq!(bench.messages().await, bench.followed().await);
    assert_eq!(bench.messages().await[0].parts[0].body, PartBody::Text(Prose::plain("Say *hello*.")));
}

#[tokio::test]
async fn what_is_new_in_a_turn_is_found_once_and_at_its_end_everything_is_looked_at() {
    let mut bench = Bench::started().await;
    let turn_id = bench.turn;
    let printed = |text: &str| DaemonEventBody::Output { turn_id, call: 1, text: text.to_owned() };
    let found = |parts: &[(u32, &str)]| parts.iter().map(|&(at, text)| (at, text.to_owned())).collect::<Vec<_>>();
    let mut cursor = NewsCursor::default();
    assert_eq!(look(&bench, &mut cursor).await, []);
    bench.log([bench.text(0, "a")]).await;
    assert_eq!(look(&bench, &mut cursor).await, found(&[(0, "a")]));
    assert_eq!(look(&bench, &mut cursor).await, found(&[(0, "")]));
    bench.log([bench.text(0, "b"), bench.call(1), printed("x")]).await;
    assert_eq!(look(&bench, &mut cursor).await, found(&[(0, "b"), (1, "x")]));
    bench.log([bench.text(2, "c")]).await;
    bench.log([printed("y")]).await;
    assert_eq!(look(&bench, &mut cursor).await, found(&[(1, "y"), (2, "c")]));
    let status = ToolCallStatus::Completed { duration_ms: 3 };
    bench.log([printed("z"), DaemonEventBody::ToolCallEnded { turn_id, call: 1, status }]).await;
    assert_eq!(look(&bench, &mut cursor).await, found(&[(1, "z"), (2, "")]));
    assert_eq!(look(&bench, &mut cursor).await, found(&[(2, "")]));
    bench.end(TurnOutcome::Completed).await;
    assert_eq!(look(&bench, &mut cursor).await, found(&[(0, ""), (1, ""), (2, "")]));
    assert_eq!(look(&bench, &mut NewsCursor::default()).await, found(&[(0, "ab"), (1, "xyz"), (2, "c")]));
}

#[tokio::test]
async fn a_burst_of_text_is_one_event() {
    let mut bench = Bench::started().await;
    let before = bench.core.store.read().await.unwrap().last_event(&ProjectId::local()).await.unwrap();
    bench.log([bench.text(0, "a")]).await;
    let one = bench.core.store.read().await.unwrap().last_event(&ProjectId::local()).await.unwrap();
    let burst: Vec<_> = (0..100).map(|_| bench.text(0, "a")).collect();
    bench.log(burst).await;
    let all = bench.core.store.read().await.unwrap().last_event(&ProjectId::local()).await.unwrap();
    // The first is also a message and a part.
    assert_eq!((one - before, all - one), (3, 1));
}

#[tokio::test]
async fn a_tool_call_changes_and_shows_what_it_did() {
    let mut bench = Bench::started().await;
    let turn_id = bench.turn;
    let file = FileContent { name: "a.png".to_owned(), media_type: "image/png".to_owned(), data: "AAEC".to_owned() };
    let diff = CallContent::Diff { path: "a".to_owned(), old: None, new: "<b>\n".to_owned(), truncated: false };
    let change = ToolCallChange {
        title: Some("Write a".to_owned()),
        content: Some(vec![CallContent::Text { text: "*x*".to_owned() }, diff, CallContent::File(file)]),
        locations: Some(vec![Location { path: "a".to_owned(), line: None }]),
        status: Some(ToolCallStatus::Pending),
        ..ToolCallChange::default()
    };
    bench.log([bench.call(0), DaemonEventBody::ToolCallChanged { turn_id, call: 0, change }]).await;
    let output = DaemonEventBody::Output { turn_id, call: 0, text: "done\n".to_owned() };
    let status = ToolCallStatus::Completed { duration_ms: 3 };
    bench.log([output, DaemonEventBody::ToolCallEnded { turn_id, call: 0, status }]).await;
    // It comes late, and changes only what it names.
    let change = ToolCallChange { status: Some(ToolCallStatus::Running), ..ToolCallChange::default() };
    bench.log([DaemonEventBody::ToolCallChanged { turn_id, call: 0, change }]).await;

    let PartBody::ToolCall(call) = bench.parts().await.remove(0) else { panic!("no tool call") };
    assert_eq!((call.title.as_str(), call.tool, call.status), ("Write a", ToolKind::Edit, status));
    assert_eq!((call.output.lines, call.locations.len()), (vec!["done".to_owned()], 1));
    assert_eq!(call.content[0], ToolContent::Text(prose(&["<p><em>x</em></p>\n"])));
    assert!(matches!(&call.content[1], ToolContent::Diff { added: 1, lines, .. } if lines[1].contains("+&lt;b&gt;")));
    let ToolContent::File(file) = &call.content[2] else { panic!("no file") };
    let id: Uuid = file.href.rsplit('/').next().unwrap().parse().unwrap();
    let (_, data) = bench.core.store.read().await.unwrap().file(bench.session, id).await.unwrap().unwrap();
    assert_eq!((file.bytes, data), (3, vec![0, 1, 2]));
    assert_eq!(bench.messages().await, bench.followed().await);
}

#[tokio::test]
async fn a_turn_waits_while_a_permission_is_open() {
    let mut bench = Bench::started().await;
    bench.log([bench.call(0), bench.asks(1, 0), bench.asks(2, 0)]).await;
    assert_eq!(bench.turn().await.state, TurnState::Waiting);
    bench.log([bench.answered(1)]).await;
    assert_eq!(bench.turn().await.state, TurnState::Waiting);
    bench.log([bench.answered(2)]).await;
    assert_eq!(bench.turn().await.state, TurnState::Running);
    let message = bench.messages().await.remove(1);
    let PartBody::Permission(permission) = &message.parts[1].body else { panic!("no permission") };
    assert_eq!((permission.number, permission.call), (1, Some(message.parts[0].id)));
    assert_eq!(permission.state, PermissionState::Answered { option: "y".to_owned() });
    assert_eq!(bench.messages().await, bench.followed().await);
}

#[tokio::test]
async fn nothing_stays_open_when_a_turn_ends() {
    let mut bench = Bench::started().await;
    bench.log([bench.call(0), bench.asks(1, 0), bench.text(2, "half")]).await;
    bench.end(TurnOutcome::Interrupted).await;
    let parts = bench.parts().await;
    assert!(matches!(&parts[0], PartBody::ToolCall(call) if call.status == ToolCallStatus::Interrupted));
    assert!(matches!(&parts[1], PartBody::Permission(permission) if permission.state == PermissionState::Cancelled));
    assert_eq!(bench.turn().await.state, TurnState::Interrupted);
    assert_eq!(bench.messages().await, bench.followed().await);
    let mut tx = bench.core.store.read().await.unwrap();
    assert!(tx.parts(bench.turn).await.unwrap().iter().all(|(_, part)| !part.content.is_open()));
}

#[tokio::test]
async fn text_that_comes_after_a_forced_end_is_shown() {
    let mut bench = Bench::started().await;
    bench.log([bench.text(0, "half")]).await;
    let mut tx = bench.core.store.begin().await.unwrap();
    let session = tx.session_by_id(bench.session).await.unwrap().unwrap();
    close_parts(&mut tx, &session, bench.turn).await.unwrap();
    bench.core.commit(tx).await.unwrap();
    bench.ingest = Ingest::new(bench.session);
    bench.log([bench.text(0, " and half")]).await;
    bench.end(TurnOutcome::Cancelled).await;
    assert_eq!(bench.parts().await, [PartBody::Text(prose(&["<p>half and half</p>\n"]))]);
}

#[tokio::test]
async fn a_plan_stays_where_it_first_was() {
    let mut bench = Bench::started().await;
    let turn_id = bench.turn;
    let plan = |status| {
        let entry = PlanEntry { content: "a".to_owned(), status, priority: PlanPriority::Low };
        DaemonEventBody::Plan { turn_id, part: 0, entries: vec![entry] }
    };
    let notice = DaemonEventBody::Notice { turn_id, part: 1, text: "new thread".to_owned() };
    bench.log([plan(PlanStatus::Pending), notice, plan(PlanStatus::Completed)]).await;
    let parts = bench.parts().await;
    assert!(matches!(&parts[0], PartBody::Plan { entries } if entries[0].status == PlanStatus::Completed));
    assert_eq!(parts[1], PartBody::Notice { text: "new thread".to_owned() });
    assert_eq!(bench.messages().await, bench.followed().await);
}

#[tokio::test]
async fn what_turns_cost_is_summed_up_for_the_session() {
    let mut bench = Bench::started().await;
    let turn_id = bench.turn;
    let usage = Usage { output_tokens: 5, cost_micros: 70, ..Usage::default() };
    let context = Context { used: 10, size: 100 };
    bench.log([DaemonEventBody::Context { context }, DaemonEventBody::TurnUsage { turn_id, usage }]).await;
    assert_eq!(bench.turn().await.usage, usage);
    let state = bench.core.store.read().await.unwrap().agent_state(bench.session).await.unwrap();
    assert_eq!((state.context, state.usage), (Some(context), usage));
}

#[tokio::test]
async fn a_failure_names_the_credential_that_is_missing() {
    let mut bench = Bench::started().await;
    let credential = Some("ANTHROPIC_API_KEY".to_owned());
    bench.end(TurnOutcome::Failed { reason: "no key".to_owned(), credential: credential.clone() }).await;
    assert_eq!(bench.parts().await, [PartBody::Error { text: "no key".to_owned(), credential }]);
    assert_eq!(bench.turn().await.state, TurnState::Failed { reason: "no key".to_owned() });
}

#[tokio::test]
async fn events_that_are_known_already_change_nothing() {
    let mut bench = Bench::started().await;
    bench.log([bench.text(0, "once")]).await;
    let turn_id = bench.turn;
    let again = [
        DaemonEvent { number: 1, at: NOW, body: DaemonEventBody::TurnStarted { turn_id } },
        DaemonEvent { number: 2, at: NOW, body: bench.text(0, "once") },
        DaemonEvent { number: 3, at: NOW, body: bench.text(0, " more") },
    ];
    bench.ingest.apply(&bench.core, &again).await.unwrap();
    assert_eq!(bench.parts().await, [PartBody::Text(prose(&["<p>once more</p>\n"]))]);
    let gap = [DaemonEvent { number: 9, at: NOW, body: bench.text(0, "lost") }];
    assert!(matches!(bench.ingest.apply(&bench.core, &gap).await, Err(IngestError::OutOfStep { expected: 4, got: 9 })));
}

#[tokio::test]
async fn an_agent_without_its_thread_is_told_what_was_said_before() {
    let mut bench = Bench::started().await;
    bench.log([bench.call(0), bench.text(1, "I *did*.")]).await;
    bench.end(TurnOutcome::Completed).await;
    let mut tx = bench.core.store.read().await.unwrap();
    let next = TurnId::new(Uuid::from_u128(2));
    assert_eq!(
        retold(&mut tx, bench.session, next).await.unwrap(),
        "## User\n\nSay *hello*.\n\n## Agent\n\n[Edit a]\n\nI *did*.\n\n"
    );
    assert_eq!(retold(&mut tx, bench.session, bench.turn).await.unwrap(), "");
}
