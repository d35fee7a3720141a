//! What a tool call printed: its end, or all of it.

use leptos::prelude::*;
use leptos::task::spawn_local;
use octobot_wire::PartId;
use octobot_wire::message::PartBody;

use super::output_lines::{OutputTail, OutputWindow};
use super::tool_call::output_of;
use crate::browser::clipboard;
use crate::browser::text::text_of_html_lines;
use crate::calls;
use crate::components::dynamic::when::When;
use crate::components::form::fold::FoldLink;
use crate::components::form::icon::Glyph;
use crate::components::form::icon_button::IconButton;
use crate::components::frame::toasts::Toasts;
use crate::live::{ProjectStore, SessionStore};
use crate::time::grouped;

/// Output of at most this many lines is shown whole.
const SHORT: u64 = 24;

/// A tool call's output.
#[component]
pub fn OutputView(
    /// The part.
    part: PartId,
    /// The same, followed.
    body: RwSignal<PartBody>,
) -> impl IntoView {
    let total = Memo::new(move |_| body.with(|body| output_of(body).map_or(0, |output| output.total_lines)));
    let unfolded = RwSignal::new(false);
    let held = HeldOutput::new(part, body);
    let is_long = move || total.get() > SHORT;
    let more = Signal::derive(move || format!("Show all {} lines", grouped(total.get())));
    view! {
        <When when=move || { total.get() > 0 }>
            <div class="output">
                <When when=is_long>
                    <FoldLink unfolded more/>
                </When>
                <When
                    when=move || unfolded.get() && is_long()
                    fallback=move || view! { <OutputTail body whole=Signal::derive(move || !is_long())/> }
                >
                    <OutputWindow body held/>
                </When>
                <div class="output__actions">
                    <IconButton glyph=Glyph::Copy label="Copy the output" on_press=move |()| held.copy()/>
                </div>
            </div>
        </When>
    }
}

/// The lines of an output that the page holds, and how it comes by the others.
#[derive(Clone, Copy)]
pub struct HeldOutput {
    part: PartId,
    body: RwSignal<PartBody>,
    session: SessionStore,
    project: ProjectStore,
    toasts: Toasts,
    loading: RwSignal<bool>,
}

impl HeldOutput {
    fn new(part: PartId, body: RwSignal<PartBody>) -> Self {
        let (session, project, toasts) = (SessionStore::expect(), ProjectStore::expect(), Toasts::expect());
        Self { part, body, session, project, toasts, loading: RwSignal::new(false) }
    }

    /// The first line that is held.
    fn first_line(self) -> u64 {
        self.body.try_with_untracked(|body| output_of(body).map_or(0, |output| output.first_line)).unwrap_or(0)
    }

    /// Sees to it that all lines from `line` on are held.
    pub fn load_from(self, line: u64) {
        if self.first_line() <= line || self.loading.get_untracked() {
            return;
        }
        self.loading.set(true);
        spawn_local(async move {
            self.load_back_to(line).await;
            let _ = self.loading.try_set(false);
        });
    }

    /// Copies the whole output, as text.
    fn copy(self) {
        spawn_local(async move {
            self.load_back_to(0).await;
            let html = self.body.try_with_untracked(|body| output_of(body).map(|output| output.lines.clone()));
            let text = text_of_html_lines(&html.flatten().unwrap_or_default());
            if clipboard::copy(text).await {
                self.toasts.success("The output was copied");
            }
        });
    }

    /// Loads page after page backwards, so that what is held never has a gap.
    async fn load_back_to(self, line: u64) {
        const PAGE: u64 = 2_000;
        while self.first_line() > line {
            let before = self.first_line();
            let from = before.saturating_sub(PAGE);
            match calls::load_output(self.project.id(), self.session.id, self.part, from).await {
                Ok(page) => self.session.prepend_output(self.part, page),
                Err(failure) => {
                    self.toasts.failure("Earlier output couldn't be loaded", &failure.0);
                    return;
                }
            }
            if self.first_line() >= before {
                return;
            }
        }
    }
}
