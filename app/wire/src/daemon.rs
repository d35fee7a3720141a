//! The API of the agent daemon, which the server calls. HTTP/1.1 over a Unix socket or TCP, `Authorization: Bearer`
//! with the sandbox's token on every request.
//!
//! | call | body | answer |
//! |---|---|---|
//! | `GET /health` | | 200 [`Health`] |
//! | `POST /code?origin=` | a git bundle, streamed | 200 [`CodeReceived`]; 409 when the workspace already holds code or other files. An address of HTTP is what the repository calls `origin` then |
//! | `POST /turns` | [`DeliverTurn`] | 200 [`TurnDelivered`]; 409 while another turn runs |
//! | `POST /turns/{id}/proceed` | | 202: the prompt of a turn that is held is begun; 404 when the turn isn't known; 202 also when it isn't held |
//! | `POST /turns/{id}/cancel` | | 202; 404 when the turn isn't known; 202 also when it has ended |
//! | `POST /turns/{id}/permissions/{part}` | [`AnswerPermission`] | 200 [`PermissionAnswered`] with the answer that counts, be it this one, an earlier one, or that the turn ended before; 404 when there is no such request in this turn or in the last one; 400 when it doesn't offer the option or a field can't hold what it was given |
//! | `GET /files?name=` | | 200 [`FoundFiles`]: files of the workspace whose path fits, the best first |
//! | `GET /changes` | | 200 [`Changes`]: what differs from what the session started with |
//! | `GET /turns/{id}/changes` | | 200 [`Changes`]: what the turn changed; 404 when the files weren't kept |
//! | `POST /turns/{id}/rewind` | | 200 [`Rewound`](crate::code::Rewound): files, branch and index are what they were before the turn; 409 while a turn runs, 404 when the files weren't kept |
//! | `POST /rewinds/{number}/undo` | | the same, to what was before files were put back |
//! | `GET /folder?path=` | | 200 [`Folder`]; 404 when there is none |
//! | `GET /content?path=&at=` | | 200 with the bytes of a file and its [`FileKind`] in the header [`KIND_HEADER`]: as it is now, `at=start` as it was when the session started, or at any other commit that git knows by that name; 404 when there is none, 413 when it is larger than [`MAX_CONTENT`] |
//! | `GET /content?path=&follow=true` | | the same of the file that a link within the workspace leads to. Every answer has the file's state as its `ETag` |
//! | `PUT /content?path=` | the file's bytes | 201 or 204 with its `ETag`: written over the state that `If-Match` names, or with `If-None-Match: *` over nothing; 412 with the `ETag` of what is there when it is in another state, 428 without either header |
//! | `PUT /folder?path=` | | 201: it was made; 409 when something is there |
//! | `POST /entries/move` | [`MoveEntry`] | 204; 409 when something is there |
//! | `DELETE /entries?path=` | | 200 [`Trashed`]: it is in the trash, which keeps the last 20 things |
//! | `POST /trash/{number}/restore` | | 204: it is back where it was; 409 when something else is there, 404 when its folder or it itself is gone |
//! | `GET /search?q=&regex=&case=` | | 200, one [`SearchLine`] as JSON a line, as they are found: lines of files that git doesn't ignore; 422 when the regular expression isn't understood |
//! | `GET /result` | | 200 with a git bundle of [`BUNDLE_RESULT_REF`]: the agent's commits, and one with what isn't committed; of a session that started from no commit also with [`BUNDLE_START_REF`]; 409 when there is nothing new |
//! | `GET /fork?turn=&before=` | | 200 with a git bundle of [`BUNDLE_FORK_REF`], for `POST /code` of another sandbox: the workspace as it is, or as it was after a turn or before it; 404 when that isn't kept |
//! | `GET /patch` | | 200 with all changes since the start as a patch; 409 when there are none |
//! | `GET /repository?has=` | | 200 [`RepositoryState`] |
//! | `GET /log?from=&count=` | | 200 [`CommitPage`] |
//! | `GET /blame?path=&from=&count=` | | 200 [`Blame`](crate::code::Blame): which commits lines of a file are from; 404 when there is no such file, 415 when it has no lines |
//! | `GET /branches` | | 200 [`Branches`] |
//! | `POST /branches` | [`MakeBranch`] | 200 [`Branches`]: it was made where HEAD is, and is checked out; 409 when there is one of that name or a turn runs, 422 when no branch can be called so |
//! | `POST /checkout` | [`CheckoutBranch`] | 200 [`CheckoutOutcome`]; 409 while a turn runs or when something has to be settled first, 404 when there is no such branch |
//! | `POST /fetch` | | 200 [`FetchOutcome`]: the branches of `origin` are known as they are, or why not; whoever ends the request ends it |
//! | `POST /commit` | [`MakeCommit`] | 200 [`LoggedCommit`]; 409 when there is nothing to commit or something has to be settled first, 400 when the message isn't one |
//! | `POST /discard` | [`DiscardChanges`] | 200 [`Discarded`]; 409 when a file has no changes, or can't be kept |
//! | `POST /discard/lines` | [`PutLinesBack`] | 200 [`Discarded`]; 409 when the file has changed since it was shown, or has no lines; 400 when there are no such lines |
//! | `POST /discard/{number}/undo` | | 204; 404 when nothing was thrown away by that number, 409 when the files have changed since |
//! | `POST /settings` | [`ChangeSetting`] | 200 [`SettingsChanged`]; 409 when no agent runs: then give it with the next turn; 400 when there is no such setting or value |
//! | `GET /terminals` | | 200, a list of [`Terminal`] |
//! | `POST /terminals` | [`OpenTerminal`] with an id | 200 [`Terminal`]; 409 when there are too many |
//! | `PATCH /terminals/{id}` | [`RenameTerminal`] | 200 [`Terminal`]; 404 as below when there is none such |
//! | `DELETE /terminals/{id}` | | 204 when nothing of it runs any more |
//! | `GET /terminals/{id}/attach?after=N` | a WebSocket, see [`crate::terminal`] | 101 |
//! | `GET /terminals/{id}/output?after=N` | | 200, the kept bytes from number N on; `x-offset` tells the number of the first |
//! | `GET /terminals/search?text=` | | 200 [`TerminalMatches`] |
//! | `GET /events?after=N` | | 200, one [`DaemonEvent`] as JSON a line, stays open; 409 when the log ends before N |
//!
//! Failures are answered with a [`DaemonProblem`]: 401 for a missing or wrong token, 501 for code when the sandbox has
//! no git, 507 when its disk is full, 503 while the daemon shuts down.
//!
//! A turn is a sequence of parts, numbered 0, 1, 2 … in the order in which they began. Each event of a turn names the
//! part that it begins, continues or ends; events of several parts may be mixed. A tool call's part is its `call`.
//! Events without a turn are about the session's agent as such and may come at any time.

use serde::{Deserialize, Serialize};

#[cfg(doc)]
use crate::code::{
    Changes, FileKind, Folder, MoveEntry, PutLinesBack, SearchLine, Trashed,
    branches::{Branches, CheckoutBranch, CheckoutOutcome, FetchOutcome, MakeBranch},
    repository::{CommitPage, DiscardChanges, Discarded, LoggedCommit, MakeCommit, RepositoryState},
};
use crate::form::{Field, Filled};
use crate::launch::Launch;
use crate::message::ToolCallStatus;
use crate::permission::PermissionOption;
use crate::plan::PlanEntry;
use crate::setting::{AgentCommand, Setting};
use crate::tool::{FileContent, ToolCallChange, ToolKind};
use crate::usage::{Context, Usage};
use crate::{Timestamp, TurnId};

#[cfg(doc)]
use crate::{
    permission::{AnswerPermission, PermissionAnswered},
    setting::ChangeSetting,
    terminal::{OpenTerminal, RenameTerminal, Terminal, TerminalMatches},
};

/// The ref in the bundle that the sandbox's branch starts from: the workspace's HEAD. Absent when it has no commit.
pub const BUNDLE_BASE_REF: &str = "refs/octobot/base";

/// The ref in the bundle whose tree the work tree gets: what the user sees, uncommitted changes included.
pub const BUNDLE_TREE_REF: &str = "refs/octobot/tree";

/// The ref in the bundle that a sandbox gives: the commit with everything that the session made.
pub const BUNDLE_RESULT_REF: &str = "refs/octobot/result";

/// The ref beside it where the session started from no commit: one with the files that it started with.
pub const BUNDLE_START_REF: &str = "refs/octobot/start";

/// The ref in the bundle of a fork: a commit whose tree the work tree gets, and whose parent, if it has one, is checked out. The start is
/// [`BUNDLE_START_REF`] then.
pub const BUNDLE_FORK_REF: &str = "refs/octobot/fork";

/// What the refs of states begin with that were left by putting files back.
pub const REWIND_REFS: &str = "refs/octobot/rewinds/";

/// A side of a turn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TurnSide {
    /// Before it began.
    Before,
    /// When it had ended.
    After,
}

/// The ref of a commit in the sandbox that has the files as they were on a side of a turn.
pub fn turn_ref(turn: TurnId, side: TurnSide) -> String {
    let side = match side {
        TurnSide::Before => "before",
        TurnSide::After => "after",
    };
    format!("refs/octobot/turns/{turn}/{side}")
}

/// What `at` is for a file as it was when the session started.
pub const AT_START: &str = "start";

/// What `at` is for a file as it is staged. No commit, branch or tag can be called so.
pub const AT_INDEX: &str = ":0";

/// The header that says what a file is.
pub const KIND_HEADER: &str = "octobot-kind";

/// The largest file that is given, in bytes.
pub const MAX_CONTENT: u64 = 16 * 1024 * 1024;

/// The status with which process 1 of a container ends when the image lacks what every session needs. The last line that it
/// has printed then says what is missing.
pub const UNSUITABLE_IMAGE_STATUS: u8 = 78;

/// The daemon is up.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Health {
    /// The daemon's version.
    pub version: String,
    /// The number of the last event in the log; 0 when there is none.
    pub last_event: u64,
    /// The turn that runs.
    pub turn: Option<TurnId>,
    /// Whether the workspace holds code.
    pub has_code: bool,
    /// Whether the setup script's time is over. A daemon of a former version doesn't tell, and holds no turn.
    #[serde(default = "yes")]
    pub is_set_up: bool,
    /// The turn whose prompt waits for `proceed`.
    #[serde(default)]
    pub held: Option<TurnId>,
}

/// The code is in the workspace.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct CodeReceived {
    /// The commit that the session starts from; none when the workspace has none.
    pub base: Option<String>,
}

/// A turn for the agent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct DeliverTurn {
    /// Its id. A turn that the daemon already has isn't run again.
    pub turn_id: TurnId,
    /// What runs it.
    pub launch: Launch,
    /// See [`crate::agent::Agent::setup_script`]. It runs as a tool call of its own before the first turn.
    pub setup_script: String,
    /// Whether the prompt waits after the setup script for `proceed`: until then whoever delivers it can change what the
    /// sandbox may reach. Nothing is held where no setup script runs.
    #[serde(default)]
    pub is_held: bool,
    /// The prompt.
    pub prompt: String,
    /// Files that go with the prompt. They are written into a folder of the turn's, which a script finds in the variable
    /// `OCTOBOT_ATTACHMENTS`; an agent gets of each what it can take, at least a link.
    #[serde(default)]
    pub files: Vec<FileContent>,
}

/// Files of the workspace.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct FoundFiles {
    /// Their paths, relative to the workspace.
    pub paths: Vec<String>,
}

/// A setting was changed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SettingsChanged {
    /// All settings as they are now: one change may bring others. The log has them, too.
    pub settings: Vec<Setting>,
}

/// The daemon has the turn, and its log says so.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct TurnDelivered {
    /// Whether the daemon had it already.
    pub repeated: bool,
}

/// Why the daemon refused.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[serde(rename_all = "camelCase")]
#[error("{detail}")]
pub struct DaemonProblem {
    /// For a person.
    pub detail: String,
}

/// A line of the daemon's event log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct DaemonEvent {
    /// 1, 2, 3 … within the session, without a gap.
    pub number: u64,
    /// When.
    pub at: Timestamp,
    /// What happened.
    #[serde(flatten)]
    pub body: DaemonEventBody,
}

/// What happened in the sandbox.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum DaemonEventBody {
    /// A turn was accepted and is about to run.
    TurnStarted {
        /// Which.
        turn_id: TurnId,
    },
    /// The setup script has done its work. Where the prompt is held it waits now.
    SetUp {
        /// The turn.
        turn_id: TurnId,
    },
    /// A tool call began.
    ToolCallStarted {
        /// The turn.
        turn_id: TurnId,
        /// 0, 1, 2 … within the turn.
        call: u32,
        /// One line that says what is done.
        title: String,
        /// What was given to the tool: for [`ToolKind::Execute`] the command or script, else JSON; empty when that isn't
        /// known yet.
        input: String,
        /// What it does.
        #[serde(default = "execute")]
        kind: ToolKind,
    },
    /// Something about a tool call changed, maybe even after its end.
    ToolCallChanged {
        /// The turn.
        turn_id: TurnId,
        /// The tool call.
        call: u32,
        /// What.
        change: ToolCallChange,
    },
    /// A tool call printed something. Invalid UTF-8 has been replaced by U+FFFD; a character is never split.
    Output {
        /// The turn.
        turn_id: TurnId,
        /// The tool call.
        call: u32,
        /// What it printed.
        text: String,
    },
    /// A tool call ended.
    ToolCallEnded {
        /// The turn.
        turn_id: TurnId,
        /// The tool call.
        call: u32,
        /// How; never `pending` or `running`.
        status: ToolCallStatus,
    },
    /// The agent said something: the beginning of a part, or what follows in it.
    Text {
        /// The turn.
        turn_id: TurnId,
        /// The part.
        part: u32,
        /// Markdown, from wherever it was to wherever it is now: blocks, lines and words may go on in the next event.
        text: String,
    },
    /// The agent thought something; as with text.
    Reasoning {
        /// The turn.
        turn_id: TurnId,
        /// The part.
        part: u32,
        /// Markdown.
        text: String,
    },
    /// The agent sent an image or another file.
    File {
        /// The turn.
        turn_id: TurnId,
        /// The part.
        part: u32,
        /// The file.
        file: FileContent,
    },
    /// The agent made a plan or changed it. A turn has at most one, which stays where it first was.
    Plan {
        /// The turn.
        turn_id: TurnId,
        /// The part.
        part: u32,
        /// The whole plan.
        entries: Vec<PlanEntry>,
    },
    /// The agent waits for a permission, or for a form to be filled in.
    PermissionRequested {
        /// The turn.
        turn_id: TurnId,
        /// The part, which also names the request.
        part: u32,
        /// The tool call that it is for, where there is one.
        call: Option<u32>,
        /// What the agent wants to do or to know.
        title: String,
        /// The possible answers, at least one.
        options: Vec<PermissionOption>,
        /// The fields of a form. What they hold counts with the first option.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        fields: Vec<Field>,
    },
    /// A request for permission was answered or, when the turn ended before, withdrawn.
    PermissionAnswered {
        /// The turn.
        turn_id: TurnId,
        /// The part of the request.
        part: u32,
        /// The id of the chosen option; none when it was withdrawn.
        option: Option<String>,
        /// What was filled in.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        values: Vec<Filled>,
    },
    /// Something that the user should know, and that doesn't end the turn: for instance that the agent's thread couldn't
    /// be loaded and a new one was started from the transcript.
    Notice {
        /// The turn.
        turn_id: TurnId,
        /// The part.
        part: u32,
        /// What.
        text: String,
    },
    /// What the turn cost. Comes at most once, before its end.
    TurnUsage {
        /// The turn.
        turn_id: TurnId,
        /// What.
        usage: Usage,
    },
    /// The agent opened a thread, or loaded its former one. For the daemon itself, so that it can be loaded again.
    Thread {
        /// The agent's own id of it.
        thread_id: String,
        /// The conversation that it holds.
        #[serde(default)]
        conversation: u32,
    },
    /// The agent named its thread.
    ThreadTitle {
        /// The name.
        title: String,
    },
    /// What can be chosen, and what is chosen: all of it.
    Settings {
        /// All settings.
        settings: Vec<Setting>,
    },
    /// The slash commands that the agent understands: all of them.
    Commands {
        /// All commands.
        commands: Vec<AgentCommand>,
    },
    /// Files have changed since somebody last asked for the changes. Comes once, however many there are, until somebody
    /// asks again.
    CodeChanged,
    /// A terminal was opened, renamed or closed.
    TerminalsChanged,
    /// How full the agent's context is.
    Context {
        /// Its fill.
        context: Context,
    },
    /// A turn ended, and nothing of it runs any more that it should have waited for.
    TurnEnded {
        /// Which.
        turn_id: TurnId,
        /// How.
        outcome: TurnOutcome,
    },
}

/// How a turn ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "outcome", rename_all = "camelCase")]
pub enum TurnOutcome {
    /// The agent did what it could. A script that exits with 1 completes its turn.
    Completed,
    /// A user stopped it.
    Cancelled,
    /// The agent itself couldn't run or died.
    Failed {
        /// Why, with its last lines on stderr where there are any.
        reason: String,
        /// The credential that is missing or was refused, as [`crate::launch::AcpLaunch::credential`] names it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        credential: Option<String>,
    },
    /// The daemon was killed while the turn ran.
    Interrupted,
}

fn yes() -> bool {
    true
}

/// What a tool call did before daemons told.
fn execute() -> ToolKind {
    ToolKind::Execute
}
