//! A project: loads what the frame shows, then everything else stands inside the frame.

use leptos::either::Either;
use leptos::prelude::*;
use leptos_router::hooks::use_params_map;
use octobot_wire::ProjectId;

use super::not_found::{LoadFailed, NotFound};
use crate::calls;
use crate::components::frame::Frame;

/// The project that the address names.
#[component]
pub fn ProjectPage() -> impl IntoView {
    let params = use_params_map();
    let project = Memo::new(move |_| params.with(|params| params.get("project").and_then(|id| id.parse().ok())));
    move || match project.get() {
        Some(id) => Either::Left(view! { <Project id/> }),
        None => Either::Right(view! { <NotFound what="project"/> }),
    }
}

#[component]
fn Project(id: ProjectId) -> impl IntoView {
    let loading = Resource::new_blocking(move || id.clone(), calls::load_project);
    view! {
        <Suspense fallback=|| view! { <div class="frame frame--loading" aria-busy="true"></div> }>
            {move || Suspend::new(async move {
                match loading.await {
                    Ok(view) => Either::Left(view! { <Frame view/> }),
                    Err(failure) => Either::Right(view! { <LoadFailed what="project" problem=failure.0/> }),
                }
            })}
        </Suspense>
    }
}
