//! A change of a file.

use leptos::prelude::*;

use crate::components::dynamic::dynamic;
use crate::components::form::fold::FoldLink;

/// Longer changes are folded.
const SHORT: usize = 24;

/// The lines of a unified diff.
#[component]
pub fn DiffView(
    /// The file.
    path: String,
    /// How many lines are new, and how many gone.
    counts: (u32, u32),
    /// The lines, as HTML that the server has sanitised.
    lines: Vec<String>,
    /// Whether there is more than is shown.
    truncated: bool,
) -> impl IntoView {
    let total = lines.len();
    let is_long = total > SHORT;
    let unfolded = RwSignal::new(false);
    let shown = move || {
        let count = if is_long && !unfolded.get() { SHORT } else { total };
        let line = |html: String| view! { <div class="diff__line" inner_html=html></div> }.into_any();
        lines.iter().take(count).cloned().map(line).collect::<Vec<_>>()
    };
    view! {
        <div class="diff">
            <p class="diff__head">
                <code class="diff__path">{path}</code>
                {count_view(counts)}
            </p>
            <div class="diff__lines" tabindex="0" role="group" aria-label="Change">
                {dynamic(shown)}
            </div>
            {is_long.then(|| view! { <FoldLink unfolded more=format!("Show all {total} lines")/> }.into_any())}
            {truncated.then(|| view! { <p class="diff__more">"The rest is too long to be shown."</p> }.into_any())}
        </div>
    }
}

/// How many lines are new, and how many gone: "+3 −1".
pub fn count_view((added, removed): (u32, u32)) -> AnyView {
    view! {
        <span class="diff__counts">
            <span class="diff__added">{format!("+{added}")}</span>
            " "
            <span class="diff__removed">{format!("−{removed}")}</span>
        </span>
    }
    .into_any()
}
