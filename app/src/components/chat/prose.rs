//! What an agent writes, as the server has rendered it.

use std::time::Duration;

use leptos::prelude::*;
use leptos::task::spawn_local;
use octobot_wire::message::Prose;
use web_sys::{Element, MouseEvent};

use crate::browser::clipboard;
use crate::components::dynamic::dynamic;
use crate::components::dynamic::rows::Rows;

/// How long a button says that it has copied.
const MOMENT: Duration = Duration::from_millis(1_500);

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
        <div class="prose" on:click=move |event| copy_code(&event)>
            {dynamic(plain)}
            <Rows each=blocks key=Clone::clone let:block>
                <div class="prose__block" inner_html=block.1></div>
            </Rows>
        </div>
    }
}

/// Copies the block of code whose button was pressed. The buttons come with what the server has rendered.
fn copy_code(event: &MouseEvent) {
    let button: Element = event_target(event);
    let code = button.next_element_sibling().filter(|_| button.class_name() == "code__copy");
    let Some(text) = code.and_then(|code| code.text_content()) else { return };
    spawn_local(async move {
        if clipboard::copy(text).await {
            // An attribute that has been there a moment ago is set and removed once more.
            let _ = button.toggle_attribute_with_force("data-copied", true);
            let done = move || drop(button.toggle_attribute_with_force("data-copied", false));
            set_timeout(done, MOMENT);
        }
    });
}
