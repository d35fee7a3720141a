//! What can be chosen about the session's agent, and what it has used: a line above the transcript.

use leptos::prelude::*;
use leptos::task::spawn_local;
use octobot_wire::setting::{Setting, SettingCategory, SettingChoice};
use octobot_wire::usage::Usage;

use crate::calls;
use crate::components::dynamic::dynamic;
use crate::components::dynamic::rows::Rows;
use crate::components::dynamic::when::When;
use crate::components::frame::toasts::Toasts;
use crate::live::{ProjectStore, SessionStore};
use crate::words;

/// The line. Nothing for an agent that tells nothing of itself.
#[component]
pub fn AgentBar() -> impl IntoView {
    let agent = SessionStore::expect().agent;
    let settings = Memo::new(move |_| agent.with(|agent| agent.settings.clone()));
    let used = Memo::new(move |_| agent.with(|agent| (agent.context, agent.usage)));
    let has_any = move || !settings.with(Vec::is_empty) || used.get() != (None, Usage::default());
    let used = move || {
        let (context, usage) = used.get();
        let context = context.map(|context| format!("{} % of context", words::percent(context.used, context.size)));
        let usage = (usage != Usage::default()).then(|| words::usage(usage));
        [context, usage].into_iter().flatten().collect::<Vec<_>>().join(" · ")
    };
    view! {
        <When when=has_any>
            <div class="agent-bar" role="group" aria-label="Agent">
                <Rows each=move || settings.get() key=|setting| (0, identity(setting)) let:setting>
                    <SettingSelect settings setting/>
                </Rows>
                <span class="agent-bar__used">{dynamic(used)}</span>
            </div>
        </When>
    }
}

/// What tells a setting from another: everything but its value.
fn identity(setting: &Setting) -> String {
    let choices = setting.choices.iter().map(|choice| choice.value.as_str());
    std::iter::once(setting.id.as_str()).chain(choices).collect::<Vec<_>>().join("\n")
}

#[component]
fn SettingSelect(settings: Memo<Vec<Setting>>, setting: Setting) -> impl IntoView {
    let change = SettingChange::new();
    let Setting { id, name, description, category, choices, current } = setting;
    let known = id.clone();
    let current = Memo::new(move |_| {
        let now = settings.with(|list| list.iter().find(|setting| setting.id == known).map(|s| s.current.clone()));
        now.unwrap_or_else(|| current.clone())
    });
    let option = |SettingChoice { value, name, description }| {
        let own = value.clone();
        let is_current = dynamic(move || current.with(|current| *current == own));
        view! {
            <option value=value title=description selected=is_current>
                {name}
            </option>
        }
        .into_any()
    };
    let options: Vec<_> = choices.into_iter().map(option).collect();
    // A mode or a model says what it is; "On" or "High" doesn't.
    let has_caption = matches!(category, SettingCategory::Thought | SettingCategory::Other);
    let caption = has_caption.then(|| view! { <span class="agent-bar__caption">{name.clone()}</span> }.into_any());
    let title = if description.is_empty() { name.clone() } else { format!("{name}: {description}") };
    view! {
        <label class="agent-bar__setting" title=title>
            {caption}
            <select
                class="select agent-bar__choice"
                aria-label=name
                prop:value=dynamic(move || current.get())
                on:change=move |event| change.to(id.clone(), event_target_value(&event))
            >
                {options}
            </select>
        </label>
    }
}

/// Changes settings, at once on the page; back again when the server refuses.
#[derive(Clone, Copy)]
struct SettingChange {
    project: ProjectStore,
    session: SessionStore,
    toasts: Toasts,
}

impl SettingChange {
    fn new() -> Self {
        Self { project: ProjectStore::expect(), session: SessionStore::expect(), toasts: Toasts::expect() }
    }

    fn to(self, id: String, value: String) {
        let before = self.put(&id, value.clone());
        spawn_local(async move {
            match calls::change_setting(self.project.id(), self.session.id, id.clone(), value).await {
                Ok(settings) => {
                    let _ = self.session.agent.try_update(|agent| agent.settings = settings);
                }
                Err(failure) => {
                    if let Some(before) = before {
                        self.put(&id, before);
                    }
                    self.toasts.failure("The setting couldn't be changed", &failure.0);
                }
            }
        });
    }

    /// Gives a setting a value, and says which it had.
    fn put(self, id: &str, value: String) -> Option<String> {
        let replaced = self.session.agent.try_update(|agent| {
            let setting = agent.settings.iter_mut().find(|setting| setting.id == id)?;
            Some(std::mem::replace(&mut setting.current, value))
        });
        replaced.flatten()
    }
}
