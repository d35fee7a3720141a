//! A file of Markdown as it is meant to look.

use leptos::prelude::*;
use leptos::task::spawn_local;
use octobot_wire::Problem;
use octobot_wire::message::Prose;

use super::store::CodeStore;
use crate::calls;
use crate::components::chat::prose::ProseView;
use crate::components::dynamic::dynamic;
use crate::components::dynamic::when::When;
use crate::live::follow::Follower;

/// Whether a file is one of Markdown, by its name.
pub fn is_markdown(path: &str) -> bool {
    let extension = path.rsplit('.').next().unwrap_or_default();
    ["md", "markdown"].iter().any(|known| extension.eq_ignore_ascii_case(known))
}

/// The file; it is read again whenever it changes.
pub fn preview(store: CodeStore, path: String) -> AnyView {
    let told = RwSignal::new(None::<Result<Prose, Problem>>);
    let place = StoredValue::new(path);
    let follower = Follower::expect();
    Effect::new(move |_| {
        follower.code.track();
        store.changes.track();
        spawn_local(async move {
            let Some(path) = place.try_get_value() else { return };
            let answer = calls::preview_file(store.project(), store.session, path).await;
            let answer = answer.map(|html| Prose { html, ..Prose::default() }).map_err(|failure| failure.0);
            let _ = told.try_set(Some(answer));
        });
    });
    let note = move || {
        let text = told.with(|told| match told {
            None => Some("Reading…".to_owned()),
            Some(Err(problem)) => Some(problem.detail.clone()),
            Some(Ok(prose)) if prose.html.is_empty() => Some("This file is empty.".to_owned()),
            Some(Ok(_)) => None,
        });
        text.map(|text| view! { <p class="code__note" role="status">{text}</p> }.into_any())
    };
    let prose = Signal::derive(move || told.with(|told| told.clone().and_then(Result::ok).unwrap_or_default()));
    view! {
        <div class="code__preview" tabindex="0" role="group" aria-label="Preview">
            {dynamic(note)}
            <When when=move || matches!(told.get(), Some(Ok(_)))>
                <ProseView prose/>
            </When>
        </div>
    }
    .into_any()
}
