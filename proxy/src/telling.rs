//! What the proxy tells about itself on standard error, and how much of it.

use std::env;
use std::io::stderr;

use tracing::Level;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;
use tracing_subscriber::{Layer as _, Registry, fmt, reload};

use crate::arguments::LogFormat;

/// The variable that has the last word on how much is told.
const VARIABLE: &str = "OCTOBOT_PROXY_LOG";

/// Changes how much is told.
#[derive(Debug, Clone)]
pub struct Telling(reload::Handle<Targets, Registry>);

/// Begins to tell.
pub fn begin(format: LogFormat) -> Telling {
    let (filter, handle) = reload::Layer::new(Targets::new().with_default(Level::INFO));
    let layer = fmt::layer().with_ansi(false).with_writer(stderr);
    let layer = match format {
        LogFormat::Text => layer.boxed(),
        LogFormat::Json => layer.json().boxed(),
    };
    tracing_subscriber::registry().with(filter).with(layer).init();
    Telling(handle)
}

impl Telling {
    /// Tells as much as a configuration asks for, unless the environment says otherwise.
    pub fn set_level(&self, level: &str) {
        let last_word = env::var(VARIABLE).ok().and_then(|text| text.parse::<Targets>().ok());
        match last_word.map_or_else(|| level.parse(), Ok) {
            Ok(filter) => {
                if let Err(error) = self.0.reload(filter) {
                    tracing::warn!(error = %error, "the level of logging can't be changed");
                }
            }
            Err(error) => tracing::warn!(error = %error, "logging.level makes no sense"),
        }
    }
}
