//! Why a use case failed.

use octobot_wire::name::InvalidName;
use octobot_wire::turn::MAX_PROMPT_BYTES;

use super::attachments::AttachmentError;
use super::code::InvalidPullRequest;
use super::credentials::InvalidCredential;
use super::mcp_servers::InvalidMcpServer;
use crate::domain::InvalidTransition;
use crate::domain::network::{InvalidPolicy, StillDenied};
use crate::forge::ForgeError;
use crate::git::InvalidSource;
use crate::sandbox::{LimitOutOfRange, ProxyError};
use crate::store::StoreError;

/// Why a use case failed. `crate::problem` says how each is answered.
#[derive(Debug, thiserror::Error)]
pub enum ServiceError {
    /// There is no such thing, or the caller may not know of it.
    #[error("There is no such {0}. It may have been removed, or it belongs to another project.")]
    NotFound(&'static str),
    /// The state doesn't allow it.
    #[error("{0}.")]
    Transition(#[from] InvalidTransition),
    /// A name breaks the rules.
    #[error("{source}")]
    Name {
        /// The field of the request.
        field: &'static str,
        /// What is wrong with it.
        source: InvalidName,
    },
    /// A workspace's source can't be understood.
    #[error("{0}")]
    Source(#[from] InvalidSource),
    /// A workspace asks for limits that it can't have.
    #[error("{0}")]
    Limit(#[from] LimitOutOfRange),
    /// A prompt with nothing in it.
    #[error("Write a prompt first.")]
    PromptEmpty,
    /// A prompt that is too long.
    #[error("The prompt has {bytes} bytes; at most {MAX_PROMPT_BYTES} are taken. Put long material into a file.")]
    PromptTooLong {
        /// Its length in bytes.
        bytes: usize,
    },
    /// A file that can't go with a prompt.
    #[error(transparent)]
    Attachment(#[from] AttachmentError),
    /// A setup script that is too long.
    #[error("The setup script has {bytes} bytes; at most {MAX_PROMPT_BYTES} are taken.")]
    SetupScriptTooLong {
        /// Its length in bytes.
        bytes: usize,
    },
    /// A system prompt that is too long.
    #[error("The system prompt has {bytes} bytes; at most {MAX_PROMPT_BYTES} are taken.")]
    SystemPromptTooLong {
        /// Its length in bytes.
        bytes: usize,
    },
    /// A custom agent without its program.
    #[error("Say which program to run: one that speaks the Agent Client Protocol on its standard input and output.")]
    CommandMissing,
    /// An option that no program can be given.
    #[error("A NUL character can't be given to a program.")]
    NulInOptions,
    /// An MCP server that can't be one.
    #[error("{source}")]
    McpServer {
        /// The field of the request with all servers.
        field: &'static str,
        /// Its place in there, counted from 0.
        index: usize,
        /// What is wrong with it.
        source: InvalidMcpServer,
    },
    /// A credential that can't be one.
    #[error("{0}")]
    Credential(#[from] InvalidCredential),
    /// A network policy that can't be one.
    #[error(transparent)]
    NetworkPolicy(#[from] InvalidPolicy),
    /// A change was made from a policy that isn't the stored one any more.
    #[error("Somebody else has changed this policy meanwhile. Look at what it is now, then change it again.")]
    PolicyChanged,
    /// A host that can't be allowed by listing it.
    #[error(transparent)]
    StillDenied(#[from] StillDenied),
    /// The caller is a member, but not one who may do this.
    #[error("Only owners and admins of the project may change this. Ask one of them.")]
    NotAllowed,
    /// Something was asked of an agent whose sandbox doesn't run.
    #[error("The session's sandbox isn't running. Start the session, then try again.")]
    SandboxDown,
    /// Something was asked of a sandbox that takes long to start.
    #[error("The session's sandbox is still being started. Try again when it is ready.")]
    SandboxStarting,
    /// The agent daemon says that a terminal can't be had so.
    #[error("That isn't possible: {0}.")]
    TerminalRefused(String),
    /// Something was asked of an agent that doesn't run.
    #[error("The agent isn't running yet. It starts with the next prompt; try again then.")]
    AgentNotRunning,
    /// The agent daemon says that a choice isn't one.
    #[error("{detail}")]
    ChoiceRefused {
        /// The field of the request.
        field: &'static str,
        /// Why.
        detail: String,
    },
    /// The code in a sandbox isn't as it would have to be; the agent daemon says why.
    #[error("That can’t be told of the session’s code: {0}.")]
    Code(String),
    /// How files were at another time isn't known.
    #[error("How the files were then wasn’t kept: the turn is older than this is kept, or there were too many files.")]
    NoSnapshot,
    /// A file or folder can't be changed so; the agent daemon says why.
    #[error("Nothing was changed: {0}.")]
    FilesUnchanged(String),
    /// A session's repository, or its workspace's, isn't changed.
    #[error("That isn’t possible: {0}.")]
    RepositoryRefused(String),
    /// What a session made can't be put onto its workspace's branch; git says why in a sentence.
    #[error("{0}")]
    NotApplied(String),
    /// There is nowhere to open a pull request, or no credential for it; says what to do.
    #[error("{0}")]
    NoForge(String),
    /// A pull request that can't be one.
    #[error(transparent)]
    PullRequest(#[from] InvalidPullRequest),
    /// A forge didn't do it.
    #[error(transparent)]
    Forge(#[from] ForgeError),
    /// A file that is too large to be told.
    #[error("The file is too large: {0}.")]
    FileTooLarge(String),
    /// What a session made can only become a branch where there is a repository.
    #[error("This workspace is no repository on this machine. Download the patch instead.")]
    NoRepository,
    /// A branch isn't what it was saved as.
    #[error("The branch {0} is gone, or has other commits by now. Nothing was removed.")]
    BranchMoved(String),
    /// Ranges of lines that aren't ranges.
    #[error("Lines are named by their numbers, as in 12-40,80-90.")]
    LinesNotUnderstood,
    /// A session isn't forked in the middle of a turn.
    #[error("A turn is running. Wait until it has ended, or stop it, then fork the session.")]
    TurnRuns,
    /// A conversation isn't rewound while it goes on.
    #[error("A turn is running, or prompts wait. Wait until they have ended, or stop and delete them, then rewind.")]
    TurnsOpen,
    /// A turn that a rewind has set aside is no moment of the conversation any more.
    #[error("That turn was rewound itself. Rewind only the files, undo that first, or choose another turn.")]
    TurnSetAside,
    /// A conversation went on while the files were put back.
    #[error("A prompt was sent meanwhile: the files were put back, but the conversation goes on as it is.")]
    ConversationWentOn,
    /// A rewind stays once something was said after it.
    #[error(
        "Something was said since the conversation was rewound, or it was rewound further, so that can’t be undone now. Undo the later rewind first, or rewind only the files."
    )]
    RewindSettled,
    /// The sandbox can't be reached.
    #[error("The session's sandbox can't be reached at the moment. Try again shortly.")]
    Sandbox(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// An agent's type can't change, because its sessions depend on it.
    #[error("An agent keeps its type. Create another agent instead.")]
    AgentTypeFixed,
    /// The default agent can't be deleted.
    #[error("This is the default agent. Make another one the default first.")]
    AgentIsDefault,
    /// An agent with sessions can't be deleted.
    #[error("{sessions} sessions use this agent. Delete them first.")]
    AgentInUse {
        /// How many.
        sessions: u64,
    },
    /// The project has no agent.
    #[error("This project has no agent yet. Create one first.")]
    NoAgent,
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<tokio::task::JoinError> for ServiceError {
    /// The server ends before the sandbox has answered.
    fn from(error: tokio::task::JoinError) -> Self {
        Self::Sandbox(Box::new(error))
    }
}

impl From<ProxyError> for ServiceError {
    fn from(error: ProxyError) -> Self {
        Self::Sandbox(error.into())
    }
}
