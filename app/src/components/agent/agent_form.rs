//! The form that creates or changes an agent.

use leptos::prelude::*;
use leptos::task::spawn_local;
use leptos_router::NavigateOptions;
use leptos_router::hooks::use_navigate;
use octobot_wire::Problem;
use octobot_wire::agent::{Agent, AgentTypeId, SaveAgent};
use web_sys::SubmitEvent;

use crate::calls;
use crate::components::form::field::{Field, description_id};
use crate::components::form::problem::{OtherProblem, about};
use crate::components::frame::toasts::Toasts;
use crate::live::ProjectStore;
use crate::place::agents_url;

/// The form.
#[component]
pub fn AgentForm(
    /// The agent to change; without one, one is created.
    agent: Option<Agent>,
) -> impl IntoView {
    let store = ProjectStore::expect();
    let toasts = Toasts::expect();
    let navigate = use_navigate();
    let id = agent.as_ref().map(|agent| agent.id);
    let agent_type = agent.as_ref().map_or(AgentTypeId::Shell, |agent| agent.agent_type);
    let kind = store.agent_type(agent_type);
    let (name, script) = agent.map(|agent| (agent.name, agent.setup_script)).unwrap_or_default();
    let (name, script) = (RwSignal::new(name), RwSignal::new(script));
    let (busy, problem) = (RwSignal::new(false), RwSignal::new(None::<Problem>));
    let submit = move |event: SubmitEvent| {
        event.prevent_default();
        busy.set(true);
        let request = SaveAgent { name: name.get_untracked(), agent_type, setup_script: script.get_untracked() };
        let navigate = navigate.clone();
        spawn_local(async move {
            let answer = match id {
                Some(id) => calls::update_agent(store.id(), id, request).await,
                None => calls::create_agent(store.id(), request).await,
            };
            let _ = busy.try_set(false);
            match answer {
                Ok(agent) => {
                    toasts.success(format!("“{}” was saved", agent.name));
                    store.put_agent(agent);
                    navigate(&agents_url(&store.id()), NavigateOptions::default());
                }
                Err(failure) => {
                    let _ = problem.try_set(Some(failure.0));
                }
            }
        });
    };
    view! {
        <form class="form form--page" on:submit=submit>
            {kind.map(|kind| view! { <p class="form__intro">{kind.name} ": " {kind.description}</p> })}
            <Field id="agent-name" label="Name" error=about(problem, "name")>
                <input
                    id="agent-name"
                    class="input"
                    required
                    maxlength="100"
                    autocomplete="off"
                    aria-describedby=description_id("agent-name")
                    prop:value=move || name.get()
                    value=name.get_untracked()
                    on:input=move |event| name.set(event_target_value(&event))
                />
            </Field>
            <Field
                id="agent-script"
                label="Setup script (optional)"
                hint="Runs once in each new session, before the first prompt"
                error=about(problem, "setupScript")
            >
                <textarea
                    id="agent-script"
                    class="input input--code"
                    rows="8"
                    spellcheck="false"
                    aria-describedby=description_id("agent-script")
                    prop:value=move || script.get()
                    on:input=move |event| script.set(event_target_value(&event))
                ></textarea>
            </Field>
            <OtherProblem problem/>
            <div class="form__actions">
                <a class="button" href=agents_url(&store.id())>
                    "Cancel"
                </a>
                <button type="submit" class="button button--primary" disabled=move || busy.get()>
                    {move || if busy.get() { "Saving…" } else { "Save agent" }}
                </button>
            </div>
        </form>
    }
}
