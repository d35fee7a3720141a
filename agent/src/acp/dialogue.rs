//! The protocol as a pure state machine: messages, orders and times in, actions out. One dialogue is one life of an
//! agent's program.
//!
//! initialize → authenticate where asked for → resume or load the former thread, else a new one → settings → prompt.

mod action;
mod enclosed;
mod mcp;
mod meter;
mod updates;
mod work;

use std::collections::HashMap;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use agent_client_protocol_schema::ProtocolVersion;
use agent_client_protocol_schema::v1::{self as acp, RawValue};
use octobot_wire::daemon::DaemonEventBody;
use octobot_wire::launch::{AcpLaunch, SystemPromptWay};
use octobot_wire::setting::{AgentCommand, ChangeSetting, Setting};
use serde::Serialize;
use serde::de::DeserializeOwned;

pub use crate::acp::dialogue::action::Action;
use crate::acp::dialogue::meter::Meter;
use crate::acp::dialogue::work::Work;
use crate::acp::message::{self, Incoming};
use crate::acp::settings::{SettingError, Settings};

/// How long opening a thread may take once the agent has answered at all.
const OPEN_TIMEOUT: Duration = Duration::from_mins(2);

/// How long an agent has to stop its work when it is asked to by the protocol.
const CANCEL_TIMEOUT: Duration = Duration::from_secs(10);

/// Why an answer is awaited.
#[derive(Debug)]
enum Purpose {
    Initialize,
    Authenticate,
    /// Opening a thread: the former one again, or a new one.
    Open {
        former: Option<acp::SessionId>,
    },
    Set {
        change: ChangeSetting,
        ticket: Option<u64>,
    },
    Prompt,
}

/// How far the dialogue is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    Starting,
    Open,
}

/// What is waited for until when.
#[derive(Debug, Clone, Copy)]
enum Deadline {
    Start(Instant),
    Open(Instant),
    Cancel(Instant),
}

impl Deadline {
    fn at(self) -> Instant {
        let (Self::Start(at) | Self::Open(at) | Self::Cancel(at)) = self;
        at
    }
}

/// The conversation with one life of an agent's program.
#[derive(Debug)]
pub struct Dialogue {
    launch: AcpLaunch,
    workspace: PathBuf,
    stage: Stage,
    asked: HashMap<u64, Purpose>,
    last_id: u64,
    capabilities: acp::AgentCapabilities,
    former_thread: Option<String>,
    thread: Option<acp::SessionId>,
    /// Why the former thread couldn't be loaded.
    why_lost: Option<String>,
    /// What the thread hasn't been told yet: the system prompt, where the protocol can't carry it, and the transcript.
    is_fresh: bool,
    settings: Settings,
    told_settings: Vec<Setting>,
    told_commands: Vec<AgentCommand>,
    /// What was asked for in the launch and has been applied, so that the agent's own changes stand.
    applied: HashMap<String, String>,
    meter: Meter,
    work: Option<Work>,
    deadline: Option<Deadline>,
}

impl Dialogue {
    /// Begins. `former_thread` is the agent's own id of the thread to go on with.
    pub fn start(
        launch: AcpLaunch,
        workspace: PathBuf,
        former_thread: Option<String>,
        now: Instant,
    ) -> (Self, Vec<Action>) {
        let deadline = now + Duration::from_millis(launch.start_timeout_ms);
        let mut dialogue = Self {
            launch,
            workspace,
            stage: Stage::Starting,
            asked: HashMap::new(),
            last_id: 0,
            capabilities: acp::AgentCapabilities::default(),
            former_thread,
            thread: None,
            why_lost: None,
            is_fresh: false,
            settings: Settings::default(),
            told_settings: Vec::new(),
            told_commands: Vec::new(),
            applied: HashMap::new(),
            meter: Meter::default(),
            work: None,
            deadline: Some(Deadline::Start(deadline)),
        };
        let offers_files = dialogue.launch.offers_files;
        let files = acp::FileSystemCapabilities::new().read_text_file(offers_files).write_text_file(offers_files);
        let forms = acp::ElicitationCapabilities::new().form(acp::ElicitationFormCapabilities::new());
        let client = acp::Implementation::new("octobot", env!("CARGO_PKG_VERSION")).title("Octobot".to_owned());
        let request = acp::InitializeRequest::new(ProtocolVersion::V1)
            .client_capabilities(acp::ClientCapabilities::new().fs(files).terminal(true).elicitation(forms))
            .client_info(client);
        let actions = vec![dialogue.ask(Purpose::Initialize, "initialize", &request)];
        (dialogue, actions)
    }

    /// The agent's own id of the thread that is open.
    pub fn thread(&self) -> Option<String> {
        self.thread.as_ref().map(|thread| thread.0.to_string())
    }

    /// The next time at which [`Dialogue::tick`] is to be called, if any.
    pub fn due(&self) -> Option<Instant> {
        let work = self.work.as_ref().and_then(Work::due);
        self.deadline.map(Deadline::at).into_iter().chain(work).min()
    }

    /// Does what is due.
    pub fn tick(&mut self, now: Instant) -> Vec<Action> {
        let mut actions = self.work.as_mut().map(|work| work.tick(now)).unwrap_or_default();
        let Some(deadline) = self.deadline.filter(|deadline| deadline.at() <= now) else { return actions };
        self.deadline = None;
        let name = &self.launch.name;
        actions.push(match deadline {
            Deadline::Start(_) => {
                let seconds = self.launch.start_timeout_ms / 1000;
                abandon(format!("{name} was started, but didn't answer within {seconds} s."))
            }
            Deadline::Open(_) => abandon(format!("{name} didn't open a thread within {} s.", OPEN_TIMEOUT.as_secs())),
            Deadline::Cancel(_) => Action::Kill,
        });
        actions
    }

    /// Takes a message.
    pub fn incoming(&mut self, message: Incoming, now: Instant) -> Vec<Action> {
        match message {
            Incoming::Response { id, result } => match self.asked.remove(&id) {
                Some(purpose) => self.answered(purpose, result, now),
                None => Vec::new(),
            },
            Incoming::Request { id, method, params } => self.requested(id, &method, params, now),
            Incoming::Notification { method, params } => {
                if method == "session/update" {
                    self.updated(&params, now)
                } else {
                    Vec::new()
                }
            }
        }
    }

    /// A request of the user's to change a setting.
    pub fn change(&mut self, change: &ChangeSetting, ticket: u64) -> Vec<Action> {
        let Some(thread) = &self.thread else {
            return vec![Action::Settle { ticket, result: Err(SettingError::NotRunning) }];
        };
        match self.settings.request(thread, change) {
            Ok(Some(request)) => {
                let purpose = Purpose::Set { change: request.change, ticket: Some(ticket) };
                vec![self.ask(purpose, request.method, &request.params)]
            }
            Ok(None) => vec![Action::Settle { ticket, result: Ok(self.settings.list()) }],
            Err(error) => vec![Action::Settle { ticket, result: Err(error) }],
        }
    }

    fn ask(&mut self, purpose: Purpose, method: &str, params: &impl Serialize) -> Action {
        self.last_id += 1;
        self.asked.insert(self.last_id, purpose);
        Action::Send(message::request(self.last_id, method, params))
    }

    fn answered(&mut self, purpose: Purpose, result: Result<Box<RawValue>, acp::Error>, now: Instant) -> Vec<Action> {
        match purpose {
            Purpose::Initialize => self.initialized(result, now),
            Purpose::Authenticate => match result {
                Ok(_) => vec![self.open(self.former_thread.clone())],
                Err(error) => vec![self.refused(&error)],
            },
            Purpose::Open { former } => self.opened(former, result, now),
            Purpose::Set { change, ticket } => self.set(&change, ticket, result, now),
            Purpose::Prompt => self.prompt_answered(result, now),
        }
    }

    fn initialized(&mut self, result: Result<Box<RawValue>, acp::Error>, now: Instant) -> Vec<Action> {
        let name = &self.launch.name;
        let answer = match result.map(|answer| read::<acp::InitializeResponse>(&answer)) {
            Ok(Some(answer)) => answer,
            Ok(None) => return vec![abandon(format!("{name} answered the first request with something else."))],
            Err(error) => return vec![self.refused(&error)],
        };
        if answer.protocol_version != ProtocolVersion::V1 {
            let version = answer.protocol_version;
            return vec![abandon(format!("{name} speaks version {version} of the protocol; version 1 is needed."))];
        }
        self.capabilities = answer.agent_capabilities;
        self.deadline = Some(Deadline::Open(now + OPEN_TIMEOUT));
        let wanted = self.launch.auth_method.clone();
        match wanted.filter(|wanted| answer.auth_methods.iter().any(|method| *method.id().0 == **wanted)) {
            Some(method) => {
                vec![self.ask(Purpose::Authenticate, "authenticate", &acp::AuthenticateRequest::new(method))]
            }
            None => vec![self.open(self.former_thread.clone())],
        }
    }

    /// Opens the former thread as the agent can, or a new one.
    fn open(&mut self, former: Option<String>) -> Action {
        let workspace = self.workspace.clone();
        let mcp_servers = self.mcp_servers();
        let former = former.filter(|_| self.launch.loads_threads).map(acp::SessionId::new);
        match former {
            Some(thread) if self.capabilities.session_capabilities.resume.is_some() => {
                let request = acp::ResumeSessionRequest::new(thread.clone(), workspace).mcp_servers(mcp_servers);
                self.ask(Purpose::Open { former: Some(thread) }, "session/resume", &request)
            }
            Some(thread) if self.capabilities.load_session => {
                let request = acp::LoadSessionRequest::new(thread.clone(), workspace).mcp_servers(mcp_servers);
                self.ask(Purpose::Open { former: Some(thread) }, "session/load", &request)
            }
            _ => {
                let mut request = acp::NewSessionRequest::new(workspace).mcp_servers(mcp_servers);
                if self.tells_system_prompt_by_protocol() {
                    let text = acp::TextContent::new(self.launch.system_prompt.as_str());
                    request = request.system_prompt(acp::SystemPrompt::new(vec![acp::ContentBlock::Text(text)]));
                }
                self.ask(Purpose::Open { former: None }, "session/new", &request)
            }
        }
    }

    fn tells_system_prompt_by_protocol(&self) -> bool {
        !self.launch.system_prompt.is_empty()
            && self.launch.system_prompt_way == SystemPromptWay::Protocol
            && self.capabilities.session_capabilities.system_prompt.is_some()
    }

    fn opened(
        &mut self,
        former: Option<acp::SessionId>,
        result: Result<Box<RawValue>, acp::Error>,
        now: Instant,
    ) -> Vec<Action> {
        let answer = match (result, &former) {
            (Ok(answer), _) => answer,
            (Err(error), Some(thread)) if error.code != acp::ErrorCode::AuthRequired => {
                tracing::warn!("{} can't load its thread {thread}: {}", self.launch.name, told(&error));
                self.why_lost = Some(told(&error));
                return vec![self.open(None)];
            }
            (Err(error), _) => return vec![self.refused(&error)],
        };
        self.is_fresh = former.is_none();
        let thread = former.or_else(|| read::<acp::NewSessionResponse>(&answer).map(|answer| answer.session_id));
        let Some(thread) = thread else {
            return vec![abandon(format!("{} opened a thread, but didn't name it.", self.launch.name))];
        };
        self.stage = Stage::Open;
        self.deadline = None;
        self.settings = Settings::opened(answer.get());
        let (thread_id, conversation) = (thread.0.to_string(), self.launch.conversation);
        let mut actions = vec![Action::Tell(DaemonEventBody::Thread { thread_id, conversation })];
        if self.is_fresh && self.former_thread.is_some() {
            let why = self.why_lost.take().unwrap_or_else(|| "it can't load threads".to_owned());
            actions.extend(
                self.notice(&format!("The agent's thread couldn't be loaded again ({why}). {NEW_THREAD}"), now),
            );
        }
        actions.extend(self.tell_left_out(now));
        self.thread = Some(thread);
        actions.extend(self.tell_settings());
        actions.extend(self.proceed(now));
        actions
    }

    fn set(
        &mut self,
        change: &ChangeSetting,
        ticket: Option<u64>,
        result: Result<Box<RawValue>, acp::Error>,
        now: Instant,
    ) -> Vec<Action> {
        let result = match result {
            Ok(answer) => {
                self.settings.accepted(change, answer.get());
                Ok(self.settings.list())
            }
            Err(error) => Err(SettingError::Refused(told(&error))),
        };
        let mut actions = self.tell_settings();
        match (ticket, result) {
            (Some(ticket), result) => actions.push(Action::Settle { ticket, result }),
            (None, Ok(_)) => actions.extend(self.proceed(now)),
            (None, Err(error)) => {
                let ChangeSetting { setting, value } = change;
                actions
                    .extend(self.notice(&format!("The setting {setting} couldn't be set to {value}: {error}."), now));
                actions.extend(self.proceed(now));
            }
        }
        actions
    }

    fn tell_settings(&mut self) -> Vec<Action> {
        let settings = self.settings.list();
        if settings == self.told_settings {
            return Vec::new();
        }
        self.told_settings.clone_from(&settings);
        vec![Action::Tell(DaemonEventBody::Settings { settings })]
    }

    fn notice(&mut self, text: &str, now: Instant) -> Vec<Action> {
        self.work.as_mut().map(|work| work.notice(text.to_owned(), now)).unwrap_or_default()
    }

    /// The agent refused something without which nothing goes on.
    fn refused(&self, error: &acp::Error) -> Action {
        let (reason, credential) = self.refusal(error);
        Action::Abandon { reason, credential }
    }

    fn refusal(&self, error: &acp::Error) -> (String, Option<String>) {
        let AcpLaunch { name, credential, .. } = &self.launch;
        if error.code != acp::ErrorCode::AuthRequired {
            return (format!("{name}: {}", told(error)), None);
        }
        let reason = match credential {
            Some(credential) => format!("{name} asks for authentication: set {credential}."),
            None => format!("{name} asks for authentication."),
        };
        (reason, credential.clone())
    }
}

/// What the transcript says when the agent has forgotten what was said.
const NEW_THREAD: &str = "A new one was started, and what was said before was given to it.";

fn abandon(reason: String) -> Action {
    Action::Abandon { reason, credential: None }
}

fn read<T: DeserializeOwned>(json: &RawValue) -> Option<T> {
    serde_json::from_str(json.get()).map_err(|error| tracing::debug!(error = %error, "a message isn't understood")).ok()
}

/// An error of the protocol, for a person.
fn told(error: &acp::Error) -> String {
    let detail = error.data.as_ref().and_then(|data| {
        let text = data.as_str().or_else(|| data.get("details").or_else(|| data.get("message"))?.as_str())?;
        (text != error.message).then(|| crate::acp::translate::cut(text, 2_000).0.to_owned())
    });
    match detail {
        Some(detail) => format!("{}: {detail}", error.message),
        None => error.message.clone(),
    }
}

#[cfg(test)]
mod tests;
