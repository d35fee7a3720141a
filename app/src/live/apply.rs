//! Changes applied to lists, as pure functions. Entities arrive whole, so applying one twice does no harm.

use octobot_wire::agent::Agent;
use octobot_wire::message::{Output, PartBody};
use octobot_wire::session::{Session, SessionLogLine};
use octobot_wire::turn::{Turn, TurnState};
use octobot_wire::workspace::Workspace;

/// The longest sandbox log that a tab keeps.
const MAX_LOG_LINES: usize = 2_000;

/// Puts a workspace in the place of the one with its id, or at the end.
pub fn put_workspace(list: &mut Vec<Workspace>, workspace: Workspace) {
    match list.iter_mut().find(|known| known.id == workspace.id) {
        Some(known) => *known = workspace,
        None => list.push(workspace),
    }
}

/// Puts a workspace into the list that a call was answered with, unless the stream has told of one that is as new.
pub fn take_workspace(list: &mut Vec<Workspace>, workspace: Workspace) {
    if !list.iter().any(|known| known.id == workspace.id && known.updated_at >= workspace.updated_at) {
        put_workspace(list, workspace);
    }
}

/// The same of a session.
pub fn take_session(list: &mut Vec<Session>, session: Session) {
    if !list.iter().any(|known| known.id == session.id && known.updated_at >= session.updated_at) {
        put_session(list, session);
    }
}

/// Puts a session into the list and keeps the most recently used first.
pub fn put_session(list: &mut Vec<Session>, session: Session) {
    list.retain(|known| known.id != session.id);
    let place = list.partition_point(|known| known.updated_at > session.updated_at);
    list.insert(place, session);
}

/// Puts an agent into the list. Exactly one is the default, so a new default takes it from the old one.
pub fn put_agent(list: &mut Vec<Agent>, agent: Agent) {
    if agent.is_default {
        for known in list.iter_mut() {
            known.is_default = false;
        }
    }
    match list.iter_mut().find(|known| known.id == agent.id) {
        Some(known) => *known = agent,
        None => list.push(agent),
    }
}

/// Puts a turn into the list of those that haven't ended, in the order in which they run.
pub fn put_turn(list: &mut Vec<Turn>, turn: Turn) {
    list.retain(|known| known.id != turn.id);
    if !turn.state.has_ended() {
        let place = list.partition_point(|known| order(known) < order(&turn));
        list.insert(place, turn);
    }
}

/// In which order turns run: what the agent has comes before what waits.
fn order(turn: &Turn) -> (bool, i64, u64) {
    (turn.state == TurnState::Queued, turn.place, turn.number)
}

/// Appends a line to a sandbox's log, once, and lets the oldest go when there are too many.
pub fn put_log_line(list: &mut Vec<SessionLogLine>, line: SessionLogLine) {
    let place = list.partition_point(|known| known.number < line.number);
    match list.get_mut(place) {
        Some(known) if known.number == line.number => *known = line,
        _ => list.insert(place, line),
    }
    if list.len() > MAX_LOG_LINES {
        list.drain(..list.len() - MAX_LOG_LINES);
    }
}

/// Puts earlier lines before those that are held. Lines of the page that are held already are left out; a page that
/// doesn't reach up to what is held changes nothing.
pub fn prepend_output(output: &mut Output, page: Output) {
    let end = page.first_line + page.lines.len() as u64;
    if page.first_line >= output.first_line || end < output.first_line {
        return;
    }
    let Ok(missing) = usize::try_from(output.first_line - page.first_line) else { return };
    let mut lines = page.lines;
    lines.truncate(missing);
    lines.append(&mut output.lines);
    output.lines = lines;
    output.first_line = page.first_line;
}

/// Puts a part's new body in the place of the old one. A tool call comes with the end of its output only, so earlier
/// lines that are held already are kept.
pub fn put_body(known: &mut PartBody, body: PartBody) {
    let before = std::mem::replace(known, body);
    if let (PartBody::ToolCall(known), PartBody::ToolCall(before)) = (known, before) {
        prepend_output(&mut known.output, before.output);
    }
}

/// Replaces the end of what grows in a part: the lines of an output, or the blocks of a text.
pub fn splice_output(body: &mut PartBody, from: u64, lines: &[String]) {
    match body {
        PartBody::ToolCall(call) => call.output.splice(from, lines),
        PartBody::Text(prose) | PartBody::Reasoning(prose) => prose.splice(from, lines),
        PartBody::Plan { .. }
        | PartBody::Permission(_)
        | PartBody::File(_)
        | PartBody::Notice { .. }
        | PartBody::Error { .. } => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use octobot_wire::session::{SessionStage, SessionState};
    use octobot_wire::{AgentId, SessionId, Timestamp, TurnId, WorkspaceId};
    use uuid::Uuid;

    fn session(id: u128, updated_at: i64) -> Session {
        Session {
            id: SessionId::new(Uuid::from_u128(id)),
            workspace_id: WorkspaceId::new(Uuid::nil()),
            agent_id: AgentId::new(Uuid::nil()),
            name: format!("session {id}"),
            display_name: None,
            forked_from: None,
            commit_flow: None,
            state: SessionState::Ready,
            isolation: None,
            created_at: Timestamp(0),
            updated_at: Timestamp(updated_at),
        }
    }

    fn turn(number: u64, state: TurnState) -> Turn {
        Turn {
            id: TurnId::new(Uuid::from_u128(u128::from(number))),
            session_id: SessionId::new(Uuid::nil()),
            number,
            place: number.cast_signed(),
            prompt: "ls".to_owned(),
            attachments: Vec::new(),
            state,
            created_at: Timestamp(0),
            started_at: None,
            ended_at: None,
            usage: octobot_wire::usage::Usage::default(),
        }
    }

    fn agent(id: u128, is_default: bool) -> Agent {
        Agent {
            id: AgentId::new(Uuid::from_u128(id)),
            name: String::new(),
            agent_type: octobot_wire::agent::AgentTypeId::Shell,
            is_default,
            setup_script: String::new(),
            options: octobot_wire::agent::AgentOptions::default(),
            created_at: Timestamp(0),
            updated_at: Timestamp(0),
        }
    }

    #[test]
    fn an_answer_takes_nothing_back_that_the_stream_has_told() {
        let mut list = vec![session(1, 20)];
        let answer = |updated_at| Session { state: SessionState::Initializing, ..session(1, updated_at) };
        let is_answer = |list: &[Session]| list[0].state == SessionState::Initializing;
        list[0].state = SessionState::Ready;
        take_session(&mut list, answer(10));
        take_session(&mut list, answer(20));
        assert!(!is_answer(&list));
        take_session(&mut list, answer(30));
        assert!(is_answer(&list) && list.len() == 1);
        take_session(&mut list, session(2, 5));
        assert_eq!(list.len(), 2);
    }

    fn output(first_line: u64, lines: &[&str], total_lines: u64) -> Output {
        Output { total_lines, first_line, lines: lines.iter().map(|&line| line.to_owned()).collect() }
    }

    #[test]
    fn a_session_moves_up_when_it_is_used_and_stands_in_the_list_once() {
        let mut list = vec![session(1, 30), session(2, 20), session(3, 10)];
        for _ in 0..2 {
            put_session(&mut list, session(3, 40));
            let order: Vec<_> = list.iter().map(|s| s.id.uuid().as_u128()).collect();
            assert_eq!(order, [3, 1, 2]);
        }
    }

    #[test]
    fn turns_stand_in_the_order_in_which_they_run_until_they_end() {
        let mut list = Vec::new();
        put_turn(&mut list, turn(2, TurnState::Queued));
        put_turn(&mut list, turn(1, TurnState::Running));
        put_turn(&mut list, turn(2, TurnState::Queued));
        assert_eq!(list.iter().map(|t| t.number).collect::<Vec<_>>(), [1, 2]);
        put_turn(&mut list, turn(1, TurnState::Completed));
        assert_eq!(list.iter().map(|t| t.number).collect::<Vec<_>>(), [2]);
    }

    #[test]
    fn a_turn_that_is_sent_now_stands_before_those_that_wait_and_behind_the_one_that_runs() {
        let mut list = vec![turn(1, TurnState::Running), turn(2, TurnState::Queued), turn(3, TurnState::Queued)];
        put_turn(&mut list, Turn { place: 1, ..turn(3, TurnState::Queued) });
        put_turn(&mut list, Turn { place: 0, ..turn(4, TurnState::Queued) });
        assert_eq!(list.iter().map(|t| t.number).collect::<Vec<_>>(), [1, 4, 3, 2]);
    }

    #[test]
    fn a_new_default_agent_takes_it_from_the_old_one() {
        let mut list = vec![agent(1, true), agent(2, false)];
        put_agent(&mut list, agent(2, true));
        assert_eq!(list, [agent(1, false), agent(2, true)]);
    }

    #[test]
    fn a_log_line_that_comes_twice_stands_once() {
        let line = |number| SessionLogLine {
            number,
            at: Timestamp(0),
            stage: SessionStage::Cloning,
            text: number.to_string(),
        };
        let mut list = vec![line(1)];
        put_log_line(&mut list, line(3));
        put_log_line(&mut list, line(2));
        put_log_line(&mut list, line(3));
        assert_eq!(list, [line(1), line(2), line(3)]);
    }

    #[test]
    fn earlier_lines_join_the_held_ones_without_doubles() {
        let mut held = output(3, &["d", "e"], 5);
        prepend_output(&mut held, output(1, &["b", "c", "d", "e"], 5));
        assert_eq!(held, output(1, &["b", "c", "d", "e"], 5));
    }

    #[test]
    fn a_page_that_leaves_a_gap_is_not_taken() {
        let mut held = output(3, &["d"], 4);
        prepend_output(&mut held, output(0, &["a", "b"], 4));
        assert_eq!(held, output(3, &["d"], 4));
    }
}
