//! What an agent writes, as the server has rendered it.

use leptos::prelude::*;
use octobot_wire::message::Prose;

use crate::components::dynamic::dynamic;
use crate::components::dynamic::rows::Rows;

/// Prose. While it grows, only the blocks that changed are drawn again.
#[component]
pub fn ProseView(
    /// What is shown.
    prose: Signal<Prose>,
) -> impl IntoView {
    let blocks = move || prose.with(|prose| (0_u64..).zip(prose.html.iter().cloned()).collect());
    let plain = move || {
        let text = prose.with(|prose| if prose.html.is_empty() { prose.text.clone() } else { String::new() });
        (!text.is_empty()).then(|| view! { <p class="text">{text}</p> }.into_any())
    };
    view! {
        <div class="prose">
            {dynamic(plain)}
            <Rows each=blocks key=Clone::clone let:block>
                <div class="prose__block" inner_html=block.1></div>
            </Rows>
        </div>
    }
}
