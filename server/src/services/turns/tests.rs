//! What becomes of prompts that are stored.

use octobot_wire::UserId;
use octobot_wire::turn::TurnState;
use tempfile::TempDir;
use uuid::Uuid;

use super::*;
use crate::domain::InvalidTransition;
use crate::services::bench::{Ground, NOW, session_service};

const CALLER: Caller = Caller { user_id: UserId::ANONYMOUS };

/// A session whose first turn runs.
struct Bench {
    service: SessionService,
    session: SessionId,
    running: TurnId,
    _folder: TempDir,
}

impl Bench {
    async fn new() -> Self {
        let Ground { core, session, turn, folder } = Ground::new().await;
        let service = session_service(core).await;
        let bench = Self { service, session, running: turn, _folder: folder };
        bench.change(turn, |turn| turn.delivered().started(NOW).unwrap()).await;
        bench
    }

    async fn change(&self, id: TurnId, change: impl FnOnce(Turn) -> Turn) {
        let mut tx = self.service.core.store.begin().await.unwrap();
        let turn = tx.turn(self.session, id).await.unwrap().unwrap();
        tx.update_turn(&change(turn)).await.unwrap();
        tx.commit(NOW).await.unwrap();
    }

    async fn submit(&self, prompt: &str, steer: bool, key: Option<Uuid>) -> TurnId {
        let request =
            SubmitPrompt { prompt: prompt.to_owned(), idempotency_key: key, steer, ..SubmitPrompt::default() };
        self.service.submit(CALLER, &ProjectId::local(), self.session, request).await.unwrap().id
    }

    async fn steer(&self, turn: TurnId) -> Result<Turn, ServiceError> {
        self.service.steer_turn(CALLER, &ProjectId::local(), self.session, turn).await
    }

    async fn open(&self) -> Vec<Turn> {
        self.service.core.store.read().await.unwrap().open_turns(self.session).await.unwrap()
    }

    async fn waiting(&self) -> Vec<String> {
        let waits = |turn: &Turn| turn.state == TurnState::Queued;
        self.open().await.into_iter().filter(waits).map(|turn| turn.prompt).collect()
    }

    async fn is_stopping(&self, turn: TurnId) -> bool {
        self.open().await.iter().any(|open| open.id == turn && open.cancel_requested)
    }
}

#[test]
fn a_prompt_must_say_something_in_at_most_a_mebibyte() {
    assert!(matches!(checked_prompt(" \n"), Err(ServiceError::PromptEmpty)));
    assert!(matches!(
        checked_prompt(&"x".repeat(MAX_PROMPT_BYTES + 1)),
        Err(ServiceError::PromptTooLong { bytes }) if bytes == MAX_PROMPT_BYTES + 1
    ));
    assert_eq!(checked_prompt("a\0b").unwrap(), "a\u{fffd}b");
}

#[tokio::test]
async fn a_prompt_that_steers_stops_the_turn_that_runs_and_is_the_next_once() {
    let bench = Bench::new().await;
    bench.submit("waits", false, None).await;
    assert!(!bench.is_stopping(bench.running).await);
    let key = Uuid::from_u128(9);
    let steered = bench.submit("now", true, Some(key)).await;
    assert!(bench.is_stopping(bench.running).await);
    assert_eq!(bench.waiting().await, ["now", "waits"]);

    // The request again, when the prompt runs itself, neither stores nor stops anything.
    bench.change(bench.running, |turn| turn.ended(TurnState::Cancelled, NOW).unwrap()).await;
    bench.change(steered, |turn| turn.delivered().started(NOW).unwrap()).await;
    assert_eq!(bench.submit("now", true, Some(key)).await, steered);
    assert!(!bench.is_stopping(steered).await);
    assert_eq!(bench.waiting().await, ["waits"]);
}

#[tokio::test]
async fn a_queued_prompt_is_sent_now_once() {
    let bench = Bench::new().await;
    bench.submit("first", false, None).await;
    let second = bench.submit("second", false, None).await;
    for _ in 0..2 {
        bench.steer(second).await.unwrap();
        assert!(bench.is_stopping(bench.running).await);
        assert_eq!(bench.waiting().await, ["second", "first"]);
    }
    bench.change(bench.running, |turn| turn.ended(TurnState::Cancelled, NOW).unwrap()).await;
    bench.change(second, Turn::delivered).await;
    bench.steer(second).await.unwrap();
    assert!(!bench.is_stopping(second).await);

    let dropped = bench.submit("dropped", false, None).await;
    bench.change(dropped, |turn| turn.cancel(NOW).unwrap()).await;
    let refused = bench.steer(dropped).await;
    assert!(matches!(refused, Err(ServiceError::Transition(InvalidTransition { .. }))), "{refused:?}");
}
