//! Going back to before a turn: with a session's files, and with its conversation if that is wanted.
//!
//! The files go back first, in the sandbox, then the conversation, in one transaction, also when nobody waits for it any more. Killed in
//! between, the server leaves files that went back and a conversation that goes on, as if only the files had been asked for; to ask
//! again does the rest.

use octobot_app::ports::Caller;
use octobot_wire::code::Rewound;
use octobot_wire::event::Change;
use octobot_wire::setting::AgentState;
use octobot_wire::{ProjectId, SessionId, TurnId};

use super::{CodeService, of_turn};
use crate::domain::{Rewind, Session};
use crate::services::ServiceError;
use crate::services::core::Core;
use crate::store::Tx;
use crate::to_the_end::to_the_end;

impl CodeService {
    /// Puts files, branch and index back to what they were before a turn. What they are now is kept, so that it can be undone. With the
    /// conversation, what was said from the turn on is set aside as well, and the agent isn't told it any more.
    pub async fn rewind(
        &self,
        caller: Caller,
        project: &ProjectId,
        session: SessionId,
        turn: TurnId,
        conversation: bool,
    ) -> Result<Rewound, ServiceError> {
        let daemon = self.sessions.running(caller, project, session).await?;
        if conversation {
            first_to_set_aside(&mut self.core.store.read().await?, session, turn).await?;
        }
        let (core, project) = (self.core.clone(), project.clone());
        let work = async move {
            let rewound = daemon.rewind(turn).await.map_err(of_turn)?;
            tracing::info!(session.id = %session, turn.id = %turn, "the files of session {session} were put back");
            if conversation {
                set_aside(&core, &project, session, turn, rewound).await?;
            }
            Ok(rewound)
        };
        to_the_end(work).await
    }

    /// Undoes that, with the conversation if that went back as well. Without a number the last rewind of the conversation is meant.
    pub async fn undo_rewind(
        &self,
        caller: Caller,
        project: &ProjectId,
        session: SessionId,
        number: Option<u32>,
    ) -> Result<Rewound, ServiceError> {
        let daemon = self.sessions.running(caller, project, session).await?;
        let number = if let Some(number) = number {
            number
        } else {
            let last = self.core.store.read().await?.last_rewind(session).await?;
            last.ok_or(ServiceError::NotFound("rewind"))?.files_number
        };
        let with_conversation = to_undo(&mut self.core.store.read().await?, session, number).await?.is_some();
        let (core, project) = (self.core.clone(), project.clone());
        let work = async move {
            let rewound = daemon.undo_rewind(number).await.map_err(of_turn)?;
            if with_conversation {
                bring_back(&core, &project, session, number).await?;
            }
            Ok(rewound)
        };
        to_the_end(work).await
    }
}

async fn set_aside(
    core: &Core,
    project: &ProjectId,
    id: SessionId,
    turn: TurnId,
    rewound: Rewound,
) -> Result<(), ServiceError> {
    let mut tx = core.store.begin().await?;
    let session = tx.session(project, id).await?.ok_or(ServiceError::NotFound("session"))?;
    let first = first_to_set_aside(&mut tx, id, turn).await.map_err(|error| match error {
        ServiceError::TurnsOpen => ServiceError::ConversationWentOn,
        error => error,
    })?;
    tx.insert_rewind(id, first, rewound.number, core.now()).await?;
    if let Some(flow) = &session.commit_flow
        && tx.is_set_aside(flow.turn_id).await?
    {
        let session = Session { commit_flow: None, ..session };
        tx.update_session(&session).await?;
        tx.record(project, Change::Session { session: session.to_wire() });
    }
    tell(core, tx, project, id).await?;
    tracing::info!(session.id = %id, turn.id = %turn, "the conversation of session {id} was rewound");
    Ok(())
}

async fn bring_back(core: &Core, project: &ProjectId, id: SessionId, number: u32) -> Result<(), ServiceError> {
    let mut tx = core.store.begin().await?;
    let rewind = to_undo(&mut tx, id, number).await.map_err(|error| match error {
        ServiceError::TurnsOpen | ServiceError::RewindSettled => ServiceError::ConversationWentOn,
        error => error,
    })?;
    // Somebody else was quicker.
    let Some(rewind) = rewind else { return Ok(()) };
    tx.undo_rewind(&rewind).await?;
    tell(core, tx, project, id).await?;
    tracing::info!(session.id = %id, "the conversation of session {id} is what it was before it was rewound");
    Ok(())
}

/// Tells every tab what is set aside now. How full the agent's context is isn't known until it has been told something.
async fn tell(core: &Core, mut tx: Tx, project: &ProjectId, id: SessionId) -> Result<(), ServiceError> {
    let agent_state = AgentState { context: None, ..tx.agent_state(id).await? };
    tx.update_agent_state(id, &agent_state).await?;
    tx.record(project, Change::AgentState { session_id: id, agent_state });
    tx.record(project, Change::Rewound { session_id: id });
    core.commit(tx).await
}

/// The number of the first message that is set aside with a turn. Prompts that wait were written for what would be set aside, so there
/// may be none.
async fn first_to_set_aside(tx: &mut Tx, session: SessionId, turn: TurnId) -> Result<u64, ServiceError> {
    let turn = tx.turn(session, turn).await?.ok_or(ServiceError::NotFound("turn"))?;
    if !tx.open_turns(session).await?.is_empty() {
        return Err(ServiceError::TurnsOpen);
    }
    if tx.is_set_aside(turn.id).await? {
        return Err(ServiceError::TurnSetAside);
    }
    let (first, _) = tx.messages_of_turn(turn.id).await?.ok_or(ServiceError::NotFound("turn"))?;
    Ok(first)
}

/// The rewind of a conversation that went with putting the files back under this number; none where only they went back, or it was undone.
async fn to_undo(tx: &mut Tx, session: SessionId, number: u32) -> Result<Option<Rewind>, ServiceError> {
    let Some(rewind) = tx.rewind_of_files(session, number).await? else { return Ok(None) };
    if rewind.is_settled || tx.conversation(session).await? != rewind.number {
        return Err(ServiceError::RewindSettled);
    }
    if !tx.open_turns(session).await?.is_empty() {
        return Err(ServiceError::TurnsOpen);
    }
    Ok(Some(rewind))
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use octobot_wire::message::MessageRole;
    use octobot_wire::turn::TurnState;
    use octobot_wire::{MessageId, PartId};
    use tempfile::TempDir;
    use uuid::Uuid;

    use super::*;
    use crate::domain::PartContent;
    use crate::forge::Forges;
    use crate::outgoing::outgoing;
    use crate::services::bench::{Ground, NOW, session_service};
    use crate::services::retold;

    /// A session with turns that have ended.
    struct Bench {
        code: CodeService,
        session: SessionId,
        _folder: TempDir,
    }

    fn turn_id(number: u128) -> TurnId {
        TurnId::new(Uuid::from_u128(number))
    }

    fn rewound(number: u32) -> Rewound {
        Rewound { number, files: 1 }
    }

    impl Bench {
        async fn new(turns: u128) -> Self {
            let Ground { core, session, turn, folder } = Ground::new().await;
            let sessions = Arc::new(session_service(core).await);
            let code = CodeService::new(sessions.core.clone(), sessions, Forges::new(outgoing().unwrap()));
            let bench = Self { code, session, _folder: folder };
            bench.end(turn).await;
            for number in 2..=turns {
                bench.queue(number).await;
                bench.end(turn_id(number)).await;
            }
            bench
        }

        async fn tx(&self) -> Tx {
            self.code.core.store.begin().await.unwrap()
        }

        async fn queue(&self, number: u128) {
            let mut tx = self.tx().await;
            tx.insert_turn(turn_id(number), self.session, "go", None, NOW).await.unwrap();
            tx.commit(NOW).await.unwrap();
        }

        async fn end(&self, id: TurnId) {
            let mut tx = self.tx().await;
            let turn = tx.turn(self.session, id).await.unwrap().unwrap();
            let turn = turn.delivered().started(NOW).unwrap().ended(TurnState::Completed, NOW).unwrap();
            tx.update_turn(&turn).await.unwrap();
            let message = MessageId::new(id.uuid());
            tx.insert_message(message, self.session, id, MessageRole::User, NOW).await.unwrap();
            let text = format!("prompt {}", turn.number);
            tx.insert_part(message, PartId::new(id.uuid()), None, &PartContent::Text { text }).await.unwrap();
            tx.commit(NOW).await.unwrap();
        }

        async fn first(&self, turn: TurnId) -> Result<u64, ServiceError> {
            first_to_set_aside(&mut self.tx().await, self.session, turn).await
        }

        async fn set_aside(&self, turn: TurnId, number: u32) -> Result<(), ServiceError> {
            set_aside(&self.code.core, &ProjectId::local(), self.session, turn, rewound(number)).await
        }

        async fn bring_back(&self, number: u32) -> Result<(), ServiceError> {
            bring_back(&self.code.core, &ProjectId::local(), self.session, number).await
        }

        /// What the agent would be told with the next prompt.
        async fn told(&self) -> String {
            retold(&mut self.tx().await, self.session, turn_id(99)).await.unwrap()
        }

        /// The numbers of the messages that are set aside.
        async fn rewound(&self) -> Vec<u64> {
            let messages = self.tx().await.messages(self.session, None, 10).await.unwrap();
            messages.into_iter().filter(|message| message.rewound).map(|message| message.number).collect()
        }
    }

    #[tokio::test]
    async fn what_is_set_aside_isnt_told_to_the_agent_until_it_is_brought_back() {
        let bench = Bench::new(3).await;
        assert_eq!(bench.first(turn_id(2)).await.unwrap(), 2);
        bench.set_aside(turn_id(2), 7).await.unwrap();
        assert_eq!(bench.told().await, "## User\n\nprompt 1\n\n");
        assert_eq!(bench.rewound().await, [2, 3]);
        assert!(matches!(bench.set_aside(turn_id(3), 8).await, Err(ServiceError::TurnSetAside)));

        // Under another number only the files went back.
        bench.bring_back(6).await.unwrap();
        assert_eq!(bench.rewound().await, [2, 3]);
        bench.bring_back(7).await.unwrap();
        assert!(bench.told().await.ends_with("prompt 3\n\n"));
        // Again, as when the answer was lost.
        bench.bring_back(7).await.unwrap();
        assert_eq!(bench.rewound().await, [0; 0]);
    }

    #[tokio::test]
    async fn a_conversation_that_goes_on_isnt_rewound_and_stays_as_it_is_then() {
        let bench = Bench::new(2).await;
        bench.queue(3).await;
        assert!(matches!(bench.first(turn_id(2)).await, Err(ServiceError::TurnsOpen)));
        // It was sent while the files were put back.
        assert!(matches!(bench.set_aside(turn_id(2), 7).await, Err(ServiceError::ConversationWentOn)));
        assert_eq!(bench.rewound().await, [0; 0]);
        assert!(matches!(bench.first(turn_id(9)).await, Err(ServiceError::NotFound("turn"))));
    }

    #[tokio::test]
    async fn a_rewind_is_undone_only_while_nothing_was_said_since() {
        let bench = Bench::new(2).await;
        bench.set_aside(turn_id(2), 7).await.unwrap();
        bench.queue(3).await;
        let undo = async || to_undo(&mut bench.tx().await, bench.session, 7).await;
        assert!(matches!(undo().await, Err(ServiceError::TurnsOpen)));
        bench.end(turn_id(3)).await;
        assert!(matches!(undo().await, Err(ServiceError::RewindSettled)));
        assert!(matches!(bench.bring_back(7).await, Err(ServiceError::ConversationWentOn)));
        assert_eq!(bench.told().await, "## User\n\nprompt 1\n\n## User\n\nprompt 3\n\n");
    }

    #[tokio::test]
    async fn a_request_to_commit_that_is_set_aside_is_forgotten() {
        let bench = Bench::new(2).await;
        let asked = async |turn: u128| {
            let mut tx = bench.tx().await;
            let session = tx.session_by_id(bench.session).await.unwrap().unwrap().asked_to_commit(turn_id(turn));
            tx.update_session(&session).await.unwrap();
            tx.commit(NOW).await.unwrap();
        };
        let flow = async || bench.tx().await.session_by_id(bench.session).await.unwrap().unwrap().commit_flow;
        asked(1).await;
        bench.set_aside(turn_id(2), 7).await.unwrap();
        assert!(flow().await.is_some());
        bench.bring_back(7).await.unwrap();
        asked(2).await;
        bench.set_aside(turn_id(2), 8).await.unwrap();
        assert!(flow().await.is_none());
    }
}
