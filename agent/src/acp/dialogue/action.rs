//! What a dialogue wants done: the state machine's output, as data.

use agent_client_protocol_schema::v1::{RawValue, RequestId};
use octobot_wire::daemon::DaemonEventBody;
use octobot_wire::setting::Setting;

use crate::acp::settings::SettingError;
use crate::turn::{PromptEnd, Question};

/// What is to be done.
#[derive(Debug)]
pub enum Action {
    /// Write this to the agent.
    Send(Vec<u8>),
    /// Write this to the log.
    Tell(DaemonEventBody),
    /// Ask the user for a permission, or to fill in a form.
    Ask(Question),
    /// Do something for the agent, and answer.
    Serve {
        /// The request to answer.
        id: RequestId,
        /// What to do.
        method: String,
        /// What with.
        params: Box<RawValue>,
    },
    /// Answer a request of the user's to change a setting.
    Settle {
        /// The request.
        ticket: u64,
        /// Its end.
        result: Result<Vec<Setting>, SettingError>,
    },
    /// Take note of the processes that run: the prompt is given next.
    RememberProcesses,
    /// The prompt's work has ended.
    End(PromptEnd),
    /// End the program: it doesn't do what it should. The prompt fails, where there is one.
    Abandon {
        /// Why.
        reason: String,
        /// The credential that is missing.
        credential: Option<String>,
    },
    /// End the program: it doesn't heed that its work was cancelled.
    Kill,
}
