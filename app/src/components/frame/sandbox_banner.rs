//! Says why no sandbox can be made here, and what to do about it.

use leptos::prelude::*;
use octobot_wire::project::SandboxSupport;

use crate::components::dynamic::dynamic;
use crate::components::form::copy_button::CopyButton;
use crate::components::form::notice::Notice;
use crate::live::ProjectStore;
use crate::words::Tone;

/// The banner.
#[component]
pub fn SandboxBanner() -> impl IntoView {
    let support = ProjectStore::expect().sandboxes;
    dynamic(move || match support.get() {
        SandboxSupport::Available { .. } => None,
        SandboxSupport::Unavailable { reason, remedy } => {
            let copied = remedy.clone();
            let banner = view! {
                <div class="sandbox-banner">
                    <Notice tone=Tone::Warning title="Sandboxes can't be made on this server">
                        <p>{reason}</p>
                        <div class="command">
                            <code class="command__text">{remedy}</code>
                            <CopyButton what="the command" text=move |()| copied.clone()/>
                        </div>
                    </Notice>
                </div>
            };
            Some(banner.into_any())
        }
    })
}
