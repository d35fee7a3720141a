//! Would a host be reached, and by which rule?

use leptos::prelude::*;
use leptos::task::spawn_local;
use octobot_wire::Problem;
use octobot_wire::network::{AllowHost, DisallowHost, HostVerdict, RefusalKind, RuleOrigin};
use web_sys::SubmitEvent;

use super::policy::Policy;
use super::undo::Undo;
use crate::calls;
use crate::components::dynamic::dynamic;
use crate::components::form::badge::Badge;
use crate::words::Tone;

/// A question and its answer.
#[derive(Clone, Copy)]
struct Question {
    policy: Policy,
    host: RwSignal<String>,
    busy: RwSignal<bool>,
    answer: RwSignal<Option<Result<HostVerdict, Problem>>>,
}

impl Question {
    fn ask(self) {
        let host = self.host.get_untracked();
        if host.trim().is_empty() {
            return;
        }
        self.busy.set(true);
        spawn_local(async move {
            let answer = calls::check_host(self.policy.project(), self.policy.scope(), host).await;
            let _ = self.answer.try_set(Some(answer.map_err(|failure| failure.0)));
            let _ = self.busy.try_set(false);
        });
    }

    /// Lets the host of the answer be reached, and offers to take that back.
    fn allow(self, host: String, port: u16) {
        let workspace = self.policy.workspace.get_untracked();
        spawn_local(async move {
            let request = AllowHost { host: host.clone(), port, private: false, workspace };
            match calls::allow_host(self.policy.project(), request).await {
                Ok(allowed) => {
                    if let Some(entry) = allowed.added {
                        let request = DisallowHost { entry, workspace };
                        let undo = Undo::new(format!("{host} is allowed."), move || self.disallow(request.clone()));
                        let _ = self.policy.undo.try_set(Some(undo));
                    }
                    self.ask();
                }
                Err(failure) => self.policy.toasts.failure("The host couldn't be allowed", &failure.0),
            }
        });
    }

    fn disallow(self, request: DisallowHost) {
        spawn_local(async move {
            match calls::disallow_host(self.policy.project(), request).await {
                Ok(()) => self.ask(),
                Err(failure) => self.policy.toasts.failure("That couldn't be taken back", &failure.0),
            }
        });
    }
}

/// The question's form, and the answer.
#[component]
pub fn HostCheck(
    /// The policy.
    policy: Policy,
) -> impl IntoView {
    let question = Question {
        policy,
        host: RwSignal::new(String::new()),
        busy: RwSignal::new(false),
        answer: RwSignal::new(None),
    };
    let submit = move |event: SubmitEvent| {
        event.prevent_default();
        question.ask();
    };
    view! {
        <h2 class="page__subtitle">"Would it be reached?"</h2>
        <form class="network__line" on:submit=submit>
            <input
                class="input input--code"
                aria-label="Host or URL to ask about"
                placeholder="example.com:443 or a URL"
                required=true
                autocomplete="off"
                autocapitalize="off"
                spellcheck="false"
                prop:value=dynamic(move || question.host.get())
                on:input=move |event| question.host.set(event_target_value(&event))
            />
            <button type="submit" class="button">
                {dynamic(move || if question.busy.get() { "Asking…" } else { "Ask" })}
            </button>
        </form>
        <div class="network__answer" role="status">
            {dynamic(move || question.answer.get().map(|answer| shown(question, answer)))}
        </div>
    }
}

fn shown(question: Question, answer: Result<HostVerdict, Problem>) -> AnyView {
    let verdict = match answer {
        Ok(verdict) => verdict,
        Err(problem) => return view! { <p class="field__error">{problem.detail}</p> }.into_any(),
    };
    let HostVerdict { host, port, refusal, rule, origin } = verdict;
    let (word, tone) = if refusal.is_none() { ("Reached", Tone::Good) } else { ("Refused", Tone::Bad) };
    let why = reason(refusal, origin);
    let can_be_allowed =
        matches!(refusal, Some(RefusalKind::Unlisted | RefusalKind::Port)) && question.policy.may_edit();
    let name = format!("{host}:{port}");
    let allow = can_be_allowed.then(|| {
        view! {
            <button type="button" class="button button--small" on:click=move |_| question.allow(host.clone(), port)>
                "Allow this host"
            </button>
        }
        .into_any()
    });
    view! {
        <Badge text=word.to_owned() tone=tone/>
        <code>{name}</code>
        <span class="network__why">{why} " (" <code>{rule}</code> ")"</span>
        {allow}
    }
    .into_any()
}

fn reason(refusal: Option<RefusalKind>, origin: Option<RuleOrigin>) -> String {
    let by = origin.map(|origin| origin_words(&origin));
    match (refusal, by) {
        (None, Some(by)) => format!("Allowed by {by}. A name that leads to a private address is refused all the same"),
        (None, None) => "Allowed".to_owned(),
        (Some(RefusalKind::Unlisted), _) => "No list has it".to_owned(),
        (Some(RefusalKind::Port), by) => format!("Allowed on other ports only, by {}", by.unwrap_or_default()),
        (Some(RefusalKind::Denied), by) => format!("Denied by {}", by.unwrap_or_default()),
        (Some(RefusalKind::Address), _) => "Such an address has to be listed itself, as one or as a range".to_owned(),
    }
}

/// Where a rule comes from, in words.
pub fn origin_words(origin: &RuleOrigin) -> String {
    match origin {
        RuleOrigin::Operator => "this server’s operator".to_owned(),
        RuleOrigin::Project => "the project’s list".to_owned(),
        RuleOrigin::Workspace => "the workspace’s list".to_owned(),
        RuleOrigin::Preset { name } => format!("the list “{name}”"),
        RuleOrigin::PolicyOff => "the policy, which is off".to_owned(),
    }
}
