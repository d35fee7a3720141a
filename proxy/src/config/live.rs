//! The configuration that is in force, and how it changes: at once and as a whole, or not at all.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use arc_swap::ArcSwap;
use serde_json::Value;
use tokio::sync::watch;

use super::text::without_values;
use super::{Config, ConfigError, Settings, TextError, patch};

/// What is in force. What takes it keeps it for one request.
pub struct Live {
    current: ArcSwap<Settings>,
    /// Changes come one after the other, since each builds on the one before.
    changing: Mutex<()>,
    applied: Box<dyn Fn(&Config) + Send + Sync>,
    /// Tells that there was a change, to what goes on for longer than a request.
    changes: watch::Sender<()>,
}

/// Why a configuration isn't in force.
#[derive(Debug, thiserror::Error)]
pub enum ChangeError {
    /// The file can't be read as one.
    #[error(transparent)]
    Text(#[from] TextError),
    /// The JSON can't be read as one.
    #[error("{0}")]
    Json(String),
    /// It makes no sense.
    #[error(transparent)]
    Config(#[from] ConfigError),
}

impl Live {
    /// Begins with a configuration. `applied` is told of each one that comes into force.
    pub fn new(config: Config, applied: impl Fn(&Config) + Send + Sync + 'static) -> Result<Self, ConfigError> {
        let settings = Settings::new(config, None)?;
        applied(&settings.config);
        Ok(Self {
            current: ArcSwap::from_pointee(settings),
            changing: Mutex::default(),
            applied: Box::new(applied),
            changes: watch::Sender::default(),
        })
    }

    /// What is in force now.
    pub fn now(&self) -> Arc<Settings> {
        self.current.load_full()
    }

    /// Tells of each change from now on.
    pub fn changes(&self) -> watch::Receiver<()> {
        self.changes.subscribe()
    }

    /// Takes another configuration, from the file's text.
    pub fn replace_from_yaml(&self, text: &str) -> Result<(), ChangeError> {
        let config = Config::from_yaml(text)?;
        let _changing = self.changing();
        Ok(self.apply(config)?)
    }

    /// Takes another configuration. Where it only refers to secrets, they stay.
    pub fn replace(&self, json: Value) -> Result<(), ChangeError> {
        let _changing = self.changing();
        self.replace_changing(json)
    }

    /// Changes parts of the configuration, by JSON merge patch.
    pub fn patch(&self, json: Value) -> Result<(), ChangeError> {
        let _changing = self.changing();
        let mut whole = self.shown();
        patch::merge(&mut whole, json);
        self.replace_changing(whole)
    }

    /// The configuration, with references in place of its secrets.
    pub fn shown(&self) -> Value {
        serde_json::to_value(&self.now().config).expect("a configuration is plain data")
    }

    fn replace_changing(&self, json: Value) -> Result<(), ChangeError> {
        let mut config: Config =
            serde_json::from_value(json).map_err(|error| ChangeError::Json(without_values(&error.to_string())))?;
        config.restore(&self.now().config);
        Ok(self.apply(config)?)
    }

    fn apply(&self, config: Config) -> Result<(), ConfigError> {
        let before = self.now();
        let settings = Settings::new(config, Some(&before))?;
        (self.applied)(&settings.config);
        self.current.store(Arc::new(settings));
        self.changes.send_replace(());
        Ok(())
    }

    fn changing(&self) -> MutexGuard<'_, ()> {
        self.changing.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl std::fmt::Debug for Live {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Live").field("current", &self.current).finish_non_exhaustive()
    }
}
