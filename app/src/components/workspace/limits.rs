//! What the sandboxes of a workspace may use up.

use leptos::prelude::*;
use leptos::task::spawn_local;
use octobot_wire::workspace::WorkspaceLimits;
use octobot_wire::{Problem, WorkspaceId};
use web_sys::SubmitEvent;

use crate::calls;
use crate::components::dynamic::dynamic;
use crate::components::form::dialog::Dialog;
use crate::components::form::field::{Field, description_id};
use crate::components::form::problem::{OtherProblem, about};
use crate::components::frame::toasts::Toasts;
use crate::live::ProjectStore;

/// A number as it is typed; empty for what the server gives.
type Typed = RwSignal<String>;

/// The dialog that changes the limits.
#[component]
pub fn WorkspaceLimitsDialog(
    /// The workspace.
    id: WorkspaceId,
    /// Whether it is open.
    open: RwSignal<bool>,
) -> impl IntoView {
    let store = ProjectStore::expect();
    let toasts = Toasts::expect();
    let [memory, processor, processes] = [(); 3].map(|()| RwSignal::new(String::new()));
    let problem = RwSignal::new(None::<Problem>);
    Effect::new(move |_| {
        if open.get() {
            let limits = store.find_workspace(id).map(|workspace| workspace.limits).unwrap_or_default();
            let numbers = [limits.memory_mib, limits.cpu_millis, limits.pids];
            for (typed, number) in [memory, processor, processes].into_iter().zip(numbers) {
                typed.set(number.map(|number| number.to_string()).unwrap_or_default());
            }
            problem.set(None);
        }
    });
    let submit = move |event: SubmitEvent| {
        event.prevent_default();
        // The browser takes nothing but numbers, or nothing.
        let [memory_mib, cpu_millis, pids] =
            [memory, processor, processes].map(|typed: Typed| typed.get_untracked().parse().ok());
        spawn_local(async move {
            let request = WorkspaceLimits { pids, memory_mib, cpu_millis };
            match calls::limit_workspace(store.id(), id, request).await {
                Ok(workspace) => {
                    store.take_workspace(workspace);
                    toasts.success("Sandboxes get these limits when they start next");
                    open.set(false);
                }
                Err(failure) => problem.set(Some(failure.0)),
            }
        });
    };
    view! {
        <Dialog open title="Limits of each sandbox">
            <form class="form" on:submit=submit>
                <NumberField id="limit-memory" label="Memory in MiB" typed=memory error=about(problem, "memoryMib")/>
                <NumberField
                    id="limit-processor"
                    label="Processor time in thousandths of a core"
                    typed=processor
                    error=about(problem, "cpuMillis")
                />
                <NumberField
                    id="limit-processes"
                    label="Processes and threads"
                    typed=processes
                    error=about(problem, "pids")
                />
                <OtherProblem problem/>
                <div class="dialog__actions">
                    <button type="submit" class="button button--primary">
                        "Save"
                    </button>
                </div>
            </form>
        </Dialog>
    }
}

#[component]
fn NumberField(
    id: &'static str,
    label: &'static str,
    typed: Typed,
    #[prop(into)] error: Signal<Option<String>>,
) -> impl IntoView {
    view! {
        <Field id label hint="Empty for what the server gives" error>
            <input
                id=id
                class="input"
                type="number"
                min="1"
                max="4294967295"
                step="1"
                aria-describedby=description_id(id)
                prop:value=dynamic(move || typed.get())
                on:input=move |event| typed.set(event_target_value(&event))
            />
        </Field>
    }
}
