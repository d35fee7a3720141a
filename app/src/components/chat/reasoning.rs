//! What an agent thinks, folded.

use leptos::prelude::*;
use octobot_wire::message::Prose;

use super::prose::ProseView;
use crate::components::dynamic::dynamic;
use crate::components::dynamic::when::When;
use crate::components::form::fold::FoldHead;

/// Reasoning. Its text is there when it is asked for.
#[component]
pub fn ReasoningView(
    /// What it thinks.
    prose: Signal<Prose>,
    /// Whether it still does.
    grows: Signal<bool>,
) -> impl IntoView {
    let unfolded = RwSignal::new(false);
    let title = move || if grows.get() { "Thinking…" } else { "Thoughts" };
    view! {
        <div class="reasoning">
            <FoldHead unfolded>
                <span class="reasoning__title" class:reasoning__title--busy=dynamic(move || grows.get())>
                    {dynamic(title)}
                </span>
            </FoldHead>
            <When when=unfolded>
                <div class="reasoning__text">
                    <ProseView prose/>
                </div>
            </When>
        </div>
    }
}
