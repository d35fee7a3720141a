//! What the proxy tells about itself on standard error, and how much of it.

use std::io::stderr;

use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;
use tracing_subscriber::{EnvFilter, Layer as _, Registry, fmt, reload};

use crate::arguments::LogFormat;

/// The variable that has the last word on how much is told.
const VARIABLE: &str = "OCTOBOT_PROXY_LOG";

/// Changes how much is told.
#[derive(Debug, Clone)]
pub struct Telling(reload::Handle<EnvFilter, Registry>);

/// Begins to tell.
pub fn begin(format: LogFormat) -> Telling {
    let (filter, handle) = reload::Layer::new(EnvFilter::new("info"));
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
        let filter = EnvFilter::try_from_env(VARIABLE).or_else(|_| EnvFilter::try_new(level));
        match filter {
            Ok(filter) => {
                if let Err(error) = self.0.reload(filter) {
                    tracing::warn!(error = %error, "the level of logging can't be changed");
                }
            }
            Err(error) => tracing::warn!(error = %error, "logging.level makes no sense"),
        }
    }
}
