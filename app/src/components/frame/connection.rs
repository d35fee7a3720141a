//! Says that the page isn't current, while the connection is away.

use leptos::prelude::*;

use crate::components::dynamic::when::When;
use crate::components::form::spinner::Spinner;
use crate::live::follow::Follower;

/// The banner. Nothing is lost meanwhile: what happened comes when the connection is back.
#[component]
pub fn ConnectionBanner() -> impl IntoView {
    let lost = Follower::expect().is_lost;
    view! {
        <div class="connection" role="status">
            <When when=move || lost.get()>
                <p class="connection__text">
                    <Spinner/>
                    "Reconnecting…"
                </p>
            </When>
        </div>
    }
}
