//! What an agent lets its user choose, from whichever of the protocol's three ways it uses: config options, or the older
//! modes and models. Pure.

use agent_client_protocol_schema::v1 as acp;
use octobot_wire::setting::{ChangeSetting, Setting, SettingCategory, SettingChoice};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::acp::translate::one_line;

/// The id of the setting for agents that have modes and no config options.
const MODE: &str = "mode";

/// The id of the setting for agents that have models and no config options.
const MODEL: &str = "model";

/// What a thread's agent lets choose.
#[derive(Debug, Default)]
pub struct Settings {
    options: Vec<acp::SessionConfigOption>,
    modes: Option<acp::SessionModeState>,
    models: Option<Models>,
}

/// Models as agents tell them that haven't got config options yet.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Models {
    current_model_id: String,
    available_models: Vec<Model>,
}

#[derive(Debug, Clone, Deserialize)]
struct Model {
    #[serde(rename = "modelId")]
    id: String,
    name: String,
    #[serde(default)]
    description: Option<String>,
}

/// Where an answer that opens a thread tells its models.
#[derive(Debug, Deserialize)]
struct Opened {
    models: Option<Models>,
}

/// Why a setting can't be changed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SettingError {
    /// The agent has no such setting.
    #[error("the agent has no setting {0}")]
    Unknown(String),
    /// The setting has no such value.
    #[error("the setting {setting} has no value {value}")]
    NoSuchValue {
        /// The setting.
        setting: String,
        /// The value.
        value: String,
    },
    /// The agent refused.
    #[error("the agent refused: {0}")]
    Refused(String),
    /// There is none to ask.
    #[error("no agent runs: give the setting with the next turn")]
    NotRunning,
}

/// What to ask an agent for.
#[derive(Debug, Clone, PartialEq)]
pub struct Request {
    /// The method.
    pub method: &'static str,
    /// Its parameters.
    pub params: Value,
    /// The setting, as it is known by its id.
    pub change: ChangeSetting,
}

impl Settings {
    /// Takes what an agent tells when a thread is opened.
    pub fn opened(answer: &str) -> Self {
        // What can't be read isn't there: an agent without settings works, too. Answers that open a thread differ only in
        // what isn't read here.
        let opened = serde_json::from_str::<acp::LoadSessionResponse>(answer).unwrap_or_default();
        let models = serde_json::from_str::<Opened>(answer).ok().and_then(|opened| opened.models);
        Self { options: opened.config_options.unwrap_or_default(), modes: opened.modes, models }
    }

    /// The agent has these config options now.
    pub fn set_options(&mut self, options: Vec<acp::SessionConfigOption>) {
        self.options = options;
    }

    /// The agent is in this mode now.
    pub fn set_mode(&mut self, mode: &acp::SessionModeId) {
        if let Some(modes) = &mut self.modes {
            modes.current_mode_id = mode.clone();
        }
        for option in &mut self.options {
            if let (Some(acp::SessionConfigOptionCategory::Mode), acp::SessionConfigKind::Select(select)) =
                (&option.category, &mut option.kind)
            {
                select.current_value = acp::SessionConfigValueId::new(mode.0.clone());
            }
        }
    }

    /// The agent has accepted a change.
    pub fn accepted(&mut self, change: &ChangeSetting, answer: &str) {
        if let Ok(answer) = serde_json::from_str::<acp::SetSessionConfigOptionResponse>(answer) {
            self.options = answer.config_options;
        } else if change.setting == MODEL {
            self.models.iter_mut().for_each(|models| models.current_model_id.clone_from(&change.value));
        } else {
            self.set_mode(&acp::SessionModeId::new(change.value.as_str()));
        }
    }

    /// All settings.
    pub fn list(&self) -> Vec<Setting> {
        let mut settings: Vec<_> = self.options.iter().filter_map(option).collect();
        if !settings.iter().any(|known| known.category == SettingCategory::Mode) {
            settings.extend(self.modes.as_ref().map(mode));
        }
        if !settings.iter().any(|known| known.category == SettingCategory::Model) {
            settings.extend(self.models.as_ref().map(model));
        }
        settings
    }

    /// What to ask for so that a setting changes; none when it has the value already.
    pub fn request(&self, thread: &acp::SessionId, change: &ChangeSetting) -> Result<Option<Request>, SettingError> {
        let settings = self.list();
        let by_category = |setting: &&Setting| category_name(setting.category) == Some(&change.setting);
        let setting = settings.iter().find(|setting| setting.id == change.setting);
        let setting = setting.or_else(|| settings.iter().find(by_category));
        let setting = setting.ok_or_else(|| SettingError::Unknown(change.setting.clone()))?;
        if !setting.choices.iter().any(|choice| choice.value == change.value) {
            return Err(SettingError::NoSuchValue { setting: setting.id.clone(), value: change.value.clone() });
        }
        if setting.current == change.value {
            return Ok(None);
        }
        let (id, value) = (&setting.id, &change.value);
        let option = self.options.iter().find(|option| *option.id.0 == **id);
        let (method, params) = match option.map(|option| &option.kind) {
            Some(acp::SessionConfigKind::Boolean(_)) => (
                "session/set_config_option",
                json!({ "sessionId": thread, "configId": id, "type": "boolean", "value": value == "true" }),
            ),
            Some(_) => ("session/set_config_option", json!({ "sessionId": thread, "configId": id, "value": value })),
            None if id == MODEL => ("session/set_model", json!({ "sessionId": thread, "modelId": value })),
            None => ("session/set_mode", json!({ "sessionId": thread, "modeId": value })),
        };
        Ok(Some(Request { method, params, change: ChangeSetting { setting: id.clone(), value: value.clone() } }))
    }
}

/// The name by which the first setting of a category can be changed.
fn category_name(category: SettingCategory) -> Option<&'static str> {
    match category {
        SettingCategory::Mode => Some("mode"),
        SettingCategory::Model => Some("model"),
        SettingCategory::Thought => Some("thought"),
        SettingCategory::Other => None,
    }
}

fn option(option: &acp::SessionConfigOption) -> Option<Setting> {
    let (current, choices) = match &option.kind {
        acp::SessionConfigKind::Select(select) => (select.current_value.0.to_string(), select_choices(&select.options)),
        acp::SessionConfigKind::Boolean(switch) => {
            (switch.current_value.to_string(), vec![choice("true", "On", None), choice("false", "Off", None)])
        }
        // Later versions of the protocol may have more.
        _ => return None,
    };
    Some(Setting {
        id: option.id.0.to_string(),
        name: one_line(&option.name),
        description: one_line(option.description.as_deref().unwrap_or_default()),
        category: match &option.category {
            Some(acp::SessionConfigOptionCategory::Mode) => SettingCategory::Mode,
            Some(acp::SessionConfigOptionCategory::Model) => SettingCategory::Model,
            Some(acp::SessionConfigOptionCategory::ThoughtLevel) => SettingCategory::Thought,
            _ => SettingCategory::Other,
        },
        current,
        choices,
    })
}

fn select_choices(options: &acp::SessionConfigSelectOptions) -> Vec<SettingChoice> {
    let one =
        |option: &acp::SessionConfigSelectOption| choice(&option.value.0, &option.name, option.description.as_deref());
    match options {
        acp::SessionConfigSelectOptions::Ungrouped(options) => options.iter().map(one).collect(),
        acp::SessionConfigSelectOptions::Grouped(groups) => {
            groups.iter().flat_map(|group| &group.options).map(one).collect()
        }
        _ => Vec::new(),
    }
}

fn choice(value: &str, name: &str, description: Option<&str>) -> SettingChoice {
    let description = one_line(description.unwrap_or_default());
    SettingChoice { value: value.to_owned(), name: one_line(name), description }
}

fn mode(modes: &acp::SessionModeState) -> Setting {
    let one = |mode: &acp::SessionMode| choice(&mode.id.0, &mode.name, mode.description.as_deref());
    Setting {
        id: MODE.to_owned(),
        name: "Mode".to_owned(),
        description: String::new(),
        category: SettingCategory::Mode,
        current: modes.current_mode_id.0.to_string(),
        choices: modes.available_modes.iter().map(one).collect(),
    }
}

fn model(models: &Models) -> Setting {
    let one = |model: &Model| choice(&model.id, &model.name, model.description.as_deref());
    Setting {
        id: MODEL.to_owned(),
        name: "Model".to_owned(),
        description: String::new(),
        category: SettingCategory::Model,
        current: models.current_model_id.clone(),
        choices: models.available_models.iter().map(one).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MODES: &str = r#"{"sessionId":"t","modes":{"currentModeId":"ask","availableModes":[
        {"id":"ask","name":"Ask"},{"id":"auto","name":"Auto"}]},
        "models":{"currentModelId":"small","availableModels":[{"modelId":"small","name":"S"},{"modelId":"large","name":"L"}]}}"#;

    const OPTIONS: &str = r#"{"sessionId":"t","modes":{"currentModeId":"ask","availableModes":[]},"configOptions":[
        {"id":"permissions","name":"Mode","category":"mode","type":"select","currentValue":"ask",
         "options":[{"value":"ask","name":"Ask"},{"value":"auto","name":"Auto"}]},
        {"id":"fast","name":"Fast","type":"boolean","currentValue":false},
        {"id":"later","name":"Later","type":"slider","currentValue":3}]}"#;

    fn change(setting: &str, value: &str) -> ChangeSetting {
        ChangeSetting { setting: setting.to_owned(), value: value.to_owned() }
    }

    fn request(settings: &Settings, setting: &str, value: &str) -> Result<Option<Request>, SettingError> {
        settings.request(&acp::SessionId::new("t"), &change(setting, value))
    }

    #[test]
    fn modes_and_models_are_settings_for_agents_without_config_options() {
        let mut settings = Settings::opened(MODES);
        let ids: Vec<_> = settings.list().into_iter().map(|setting| (setting.id, setting.current)).collect();
        assert_eq!(ids, [("mode".into(), "ask".into()), ("model".into(), "small".into())]);
        let asked = request(&settings, "model", "large").unwrap().unwrap();
        assert_eq!((asked.method, &asked.params["modelId"]), ("session/set_model", &json!("large")));
        settings.accepted(&asked.change, "{}");
        assert_eq!(settings.list()[1].current, "large");
        assert_eq!(request(&settings, "mode", "auto").unwrap().unwrap().method, "session/set_mode");
    }

    #[test]
    fn config_options_come_before_modes_and_are_found_by_category() {
        let mut settings = Settings::opened(OPTIONS);
        let ids: Vec<_> = settings.list().into_iter().map(|setting| setting.id).collect();
        assert_eq!(ids, ["permissions", "fast"]);
        let asked = request(&settings, "mode", "auto").unwrap().unwrap();
        assert_eq!(asked.params, json!({ "sessionId": "t", "configId": "permissions", "value": "auto" }));
        let asked = request(&settings, "fast", "true").unwrap().unwrap();
        assert_eq!(asked.params, json!({ "sessionId": "t", "configId": "fast", "type": "boolean", "value": true }));
        settings.set_mode(&acp::SessionModeId::new("auto"));
        assert_eq!(request(&settings, "mode", "auto"), Ok(None));
    }

    #[test]
    fn what_an_agent_doesnt_have_isnt_asked_for() {
        let settings = Settings::opened(OPTIONS);
        assert_eq!(request(&settings, "model", "large"), Err(SettingError::Unknown("model".to_owned())));
        assert!(matches!(request(&settings, "mode", "yolo"), Err(SettingError::NoSuchValue { .. })));
        assert!(Settings::opened(r#"{"sessionId":"t","modes":7}"#).list().is_empty());
    }
}
