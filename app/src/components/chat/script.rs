//! What was given to a tool, folded when it is long.

use leptos::prelude::*;

use crate::components::dynamic::dynamic;
use crate::components::form::fold::FoldLink;

/// A longer script is folded.
const FOLDED_LINES: usize = 6;

/// A script.
#[component]
pub fn Script(
    /// Its text.
    text: String,
) -> impl IntoView {
    let lines = text.lines().count();
    let is_long = lines > FOLDED_LINES;
    let unfolded = RwSignal::new(false);
    view! {
        <div class="script" class:script--folded=dynamic(move || is_long && !unfolded.get())>
            <pre class="script__text" tabindex="0" role="group" aria-label="Script">{text}</pre>
            {is_long.then(|| view! { <FoldLink unfolded more=format!("Show all {lines} lines")/> }.into_any())}
        </div>
    }
}
