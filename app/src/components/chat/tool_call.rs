//! A tool call: what was done, how it went, what it shows.

use leptos::prelude::*;
use octobot_wire::message::{Output, PartBody, ToolCall, ToolCallStatus, ToolContent};
use octobot_wire::tool::{Location, ToolKind};
use octobot_wire::{PartId, Timestamp};

use super::diff::count_view;
use super::output::OutputView;
use super::script::Script;
use super::tool_content::ContentView;
use super::tool_status::{StatusIcon, StatusText};
use crate::components::dynamic::dynamic;
use crate::components::dynamic::when::When;
use crate::components::form::fold::FoldHead;
use crate::components::form::icon::{Glyph, Icon};

/// A tool call's card. Commands and changes are shown at once; of the others a line stands there, and what they show
/// comes when it is asked for.
#[component]
pub fn ToolCallView(
    /// Its part.
    id: PartId,
    /// The part, followed.
    body: RwSignal<PartBody>,
    /// When it began, nearly, if that is known.
    since: Option<Timestamp>,
) -> impl IntoView {
    let call = Memo::new(move |_| body.with(without_output));
    let tool = call.with_untracked(|call| call.tool);
    let unfolded = RwSignal::new(matches!(tool, ToolKind::Execute | ToolKind::Edit));
    view! {
        <div
            class="tool-call"
            role="group"
            aria-label=dynamic(move || call.with(|call| call.title.clone()))
        >
            <FoldHead unfolded>
                <Head call since/>
            </FoldHead>
            <When when=unfolded>
                <Details id body call/>
            </When>
        </div>
    }
}

/// What a card says in its first line.
#[component]
fn Head(call: Memo<ToolCall>, since: Option<Timestamp>) -> impl IntoView {
    let status = Signal::derive(move || call.with(|call| call.status));
    let glyph = Signal::derive(move || call.with(|call| glyph_of(call.tool)));
    let title = move || {
        call.with(|call| {
            let title = call.title.clone();
            match call.tool {
                ToolKind::Execute => view! { <code class="tool-call__title">{title}</code> }.into_any(),
                _ => view! { <span class="tool-call__title">{title}</span> }.into_any(),
            }
        })
    };
    let counts = move || call.with(|call| counts_of(&call.content).map(count_view));
    view! {
        <StatusIcon status/>
        <span class="tool-call__kind">
            <Icon glyph/>
        </span>
        {dynamic(title)}
        {dynamic(counts)}
        <StatusText status since/>
    }
}

/// What a card shows below its first line.
#[component]
fn Details(id: PartId, body: RwSignal<PartBody>, call: Memo<ToolCall>) -> impl IntoView {
    let content = Memo::new(move |_| call.with(|call| call.content.clone()));
    let places = move || call.with(places_view);
    // Not made anew with every change of the call: it may be unfolded.
    let script = Memo::new(move |_| call.with(script_of));
    let script = move || script.get().map(|text| view! { <Script text/> }.into_any());
    let shown = move || content.get().into_iter().map(|content| view! { <ContentView content/> }.into_any());
    view! {
        {dynamic(places)}
        {dynamic(script)}
        {dynamic(move || shown().collect::<Vec<_>>())}
        <OutputView part=id body/>
        <Input call/>
    }
}

/// What was given to the tool, unless that is a command: shown when it is asked for.
#[component]
fn Input(call: Memo<ToolCall>) -> impl IntoView {
    let unfolded = RwSignal::new(false);
    let input = move || call.with(|call| if call.tool == ToolKind::Execute { String::new() } else { input_of(call) });
    view! {
        <When when=move || !input().is_empty()>
            <div class="tool-call__input">
                <FoldHead unfolded>
                    <span>"Input"</span>
                </FoldHead>
                <When when=unfolded>
                    <pre class="tool-call__raw" tabindex="0" role="group" aria-label="Input">
                        {dynamic(input)}
                    </pre>
                </When>
            </div>
        </When>
    }
}

/// The command of a call that runs one.
fn script_of(call: &ToolCall) -> Option<String> {
    let text = input_of(call);
    (call.tool == ToolKind::Execute && !text.is_empty()).then_some(text)
}

/// What was given to the tool. A script of one line says nothing that the title doesn't.
fn input_of(call: &ToolCall) -> String {
    if call.input.trim() == call.title.trim() { String::new() } else { call.input.clone() }
}

/// The places that a call works on, unless its changes name them.
fn places_view(call: &ToolCall) -> Option<AnyView> {
    if call.locations.is_empty() || counts_of(&call.content).is_some() {
        return None;
    }
    let places = call.locations.iter().map(|Location { path, line }| {
        let line = line.map(|line| format!(":{line}")).unwrap_or_default();
        view! { <li><code>{format!("{path}{line}")}</code></li> }.into_any()
    });
    Some(view! { <ul class="tool-call__places">{places.collect::<Vec<_>>()}</ul> }.into_any())
}

/// How many lines a call's changes add and remove; none without changes.
fn counts_of(content: &[ToolContent]) -> Option<(u32, u32)> {
    content
        .iter()
        .filter_map(|content| match content {
            ToolContent::Diff { added, removed, .. } => Some((*added, *removed)),
            ToolContent::Text(_) | ToolContent::File(_) => None,
        })
        .reduce(|sum, more| (sum.0 + more.0, sum.1 + more.1))
}

fn glyph_of(tool: ToolKind) -> Glyph {
    match tool {
        ToolKind::Read => Glyph::File,
        ToolKind::Edit => Glyph::Pencil,
        ToolKind::Delete => Glyph::Trash,
        ToolKind::Move => Glyph::Folder,
        ToolKind::Search => Glyph::Search,
        ToolKind::Execute => Glyph::Terminal,
        ToolKind::Think => Glyph::Bulb,
        ToolKind::Fetch => Glyph::Globe,
        ToolKind::Other => Glyph::Wrench,
    }
}

/// The call without its output, which changes much more often than the rest of it.
fn without_output(body: &PartBody) -> ToolCall {
    let PartBody::ToolCall(call) = body else {
        let (title, input, status) = (String::new(), String::new(), ToolCallStatus::Interrupted);
        let (tool, content, locations) = (ToolKind::Other, Vec::new(), Vec::new());
        return ToolCall { tool, title, input, status, content, locations, output: Output::default() };
    };
    let ToolCall { tool, title, input, status, content, locations, output: _ } = &**call;
    ToolCall {
        tool: *tool,
        title: title.clone(),
        input: input.clone(),
        status: *status,
        content: content.clone(),
        locations: locations.clone(),
        output: Output::default(),
    }
}

/// The output in a tool call's part.
pub fn output_of(body: &PartBody) -> Option<&Output> {
    match body {
        PartBody::ToolCall(call) => Some(&call.output),
        _ => None,
    }
}
