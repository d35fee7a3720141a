//! Who may be reached from the project's sandboxes.

use leptos::prelude::*;
use leptos_meta::Title;
use octobot_wire::Problem;
use octobot_wire::network::NetworkView;

use crate::components::dynamic::dynamic;
use crate::components::form::notice::Notice;
use crate::components::network::allowed::AllowedHosts;
use crate::components::network::check::HostCheck;
use crate::components::network::denied::DeniedHosts;
use crate::components::network::effective::EffectiveRules;
use crate::components::network::policy::Policy;
use crate::components::network::presets::ProjectRules;
use crate::components::network::scope::{ScopeChoice, use_workspace};
use crate::components::network::undo::UndoLine;
use crate::words::Tone;

/// The policy's page.
#[component]
pub fn NetworkPage() -> impl IntoView {
    let workspace = use_workspace();
    let policy = Policy::follow(workspace);
    // What the page shows changes with what was loaded first, not with every change of the policy.
    let stage = Memo::new(move |_| {
        policy.view.with(|view| match view {
            None => Stage::Loading,
            Some(Err(_)) => Stage::Failed,
            Some(Ok(_)) if policy.lists.with(Option::is_none) => Stage::Loading,
            Some(Ok(_)) => Stage::Ready,
        })
    });
    view! {
        <Title text="Network"/>
        <div class="page">
            <h1 class="page__title">"Network"</h1>
            <p class="page__intro">
                "What sandboxes may reach. A change is in force within a moment; what is refused stands in the session’s log."
            </p>
            <ScopeChoice workspace/>
            {dynamic(move || match stage.get() {
                Stage::Loading => view! { <p class="page__intro">"Loading…"</p> }.into_any(),
                Stage::Failed => failed(policy),
                Stage::Ready => view! { <Editor policy/> }.into_any(),
            })}
        </div>
    }
}

/// How far loading is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Stage {
    Loading,
    Failed,
    Ready,
}

fn failed(policy: Policy) -> AnyView {
    let detail = policy.view.with(|view| match view {
        Some(Err(Problem { detail, .. })) => detail.clone(),
        Some(Ok(_)) | None => String::new(),
    });
    view! {
        <Notice tone=Tone::Bad title="The policy couldn’t be loaded">
            <p>{detail}</p>
            <button type="button" class="button button--small" on:click=move |_| policy.reload()>
                "Try again"
            </button>
        </Notice>
    }
    .into_any()
}

#[component]
fn Editor(policy: Policy) -> impl IntoView {
    let presets = policy.view.with_untracked(|view| match view {
        Some(Ok(NetworkView { presets, .. })) => presets.clone(),
        Some(Err(_)) | None => Vec::new(),
    });
    let read_only = move || {
        (!policy.may_edit()).then(|| {
            view! {
                <Notice tone=Tone::Quiet title="You can look, not change">
                    <p>"Owners and admins of the project change its network policy. Ask one of them."</p>
                </Notice>
            }
            .into_any()
        })
    };
    let of_project = move || match policy.workspace.get() {
        None => view! { <ProjectRules policy presets=presets.clone()/> }.into_any(),
        Some(_) => view! {
            <p class="page__intro">"This workspace’s sandboxes have these beside what holds for the whole project."</p>
        }
        .into_any(),
    };
    view! {
        {dynamic(read_only)}
        {dynamic(of_project)}
        <AllowedHosts policy/>
        <DeniedHosts policy/>
        <UndoLine undo=policy.undo/>
        <HostCheck policy/>
        <EffectiveRules policy/>
    }
}
