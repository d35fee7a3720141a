//! What completes a prompt: slash commands at its beginning, and files that it mentions.

use leptos::prelude::*;
use leptos::task::spawn_local;
use octobot_wire::setting::AgentCommand;
use web_sys::KeyboardEvent;

use super::completion::Completion;
use super::draft::Draft;
use super::mention::Mention;
use crate::calls;
use crate::components::dynamic::dynamic;
use crate::components::dynamic::rows::Rows;
use crate::components::dynamic::when::When;
use crate::live::{ProjectStore, SessionStore};

/// At most this many commands are offered.
const MOST: usize = 8;

/// Something that can be written in the place of what is typed.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Choice {
    /// What is written.
    text: String,
    /// What is to be written behind it.
    hint: String,
    /// What it is about.
    about: String,
    /// Where what it replaces begins and ends, in bytes.
    place: (usize, usize),
}

/// The choices that fit what is typed, and which of them Enter takes.
#[derive(Clone, Copy)]
struct Choices {
    draft: Draft,
    fitting: Memo<Vec<Choice>>,
    chosen: RwSignal<usize>,
    /// The text that the list was closed for.
    closed: RwSignal<Option<String>>,
}

impl Choices {
    fn new(draft: Draft) -> Self {
        let agent = SessionStore::expect().agent;
        let closed = RwSignal::new(None);
        let mention = Memo::new(move |_| {
            let typed = draft.text.get();
            let caret = draft.area.get_untracked().and_then(|area| area.selection_start().ok().flatten());
            Mention::at(&typed, caret.unwrap_or(u32::MAX))
        });
        let found = found_for(mention);
        let fitting = Memo::new(move |_| {
            let typed = draft.text.get();
            if closed.with(|closed| closed.as_ref() == Some(&typed)) {
                return Vec::new();
            }
            match mention.get() {
                Some(mention) => found.with(|paths| paths.iter().map(|path| file_choice(path, &mention)).collect()),
                None => agent.with(|agent| fitting(&typed, &agent.commands)),
            }
        });
        Self { draft, fitting, chosen: RwSignal::new(0), closed }
    }

    /// Takes a key, if it is for the list.
    fn take_key(self, event: &KeyboardEvent) -> bool {
        let Some(place) = untrack(|| self.place()) else { return false };
        let count = self.fitting.with_untracked(Vec::len);
        match event.key().as_str() {
            "ArrowDown" => self.chosen.set((place + 1) % count),
            "ArrowUp" => self.chosen.set((place + count - 1) % count),
            "Enter" | "Tab" if !event.shift_key() && !event.is_composing() => return self.take(place),
            "Escape" => self.closed.set(Some(self.draft.text.get_untracked())),
            _ => return false,
        }
        true
    }

    /// The place of what is chosen; none while there is nothing to choose.
    fn place(self) -> Option<usize> {
        let last = self.fitting.with(Vec::len).checked_sub(1)?;
        Some(self.chosen.get().min(last))
    }

    /// Writes a choice. Says that there was nothing to write when it is already what is typed.
    fn take(self, place: usize) -> bool {
        let Some(choice) = self.fitting.with_untracked(|fitting| fitting.get(place).cloned()) else { return false };
        let (start, end) = choice.place;
        let typed = self.draft.text.get_untracked();
        self.chosen.set(0);
        if typed[start..end] == choice.text {
            return false;
        }
        let written = format!("{}{} ", &typed[..start], choice.text);
        let caret = u32::try_from(written.encode_utf16().count()).unwrap_or(u32::MAX);
        let text = written + typed[end..].trim_start_matches(' ');
        // What was taken is done with: until the caret has followed, it would be completed again.
        self.closed.set(Some(text.clone()));
        self.draft.text.set(text);
        let area = self.draft.area;
        // After the text is there; setting it has moved the caret to its end.
        request_animation_frame(move || {
            if let Some(area) = area.get_untracked() {
                // It fails only for inputs without text.
                drop(area.set_selection_range(caret, caret));
            }
        });
        true
    }
}

/// Follows which files fit a mention. Those of the last one stay until the server has answered.
fn found_for(mention: Memo<Option<Mention>>) -> RwSignal<Vec<String>> {
    let (project, session) = (ProjectStore::expect(), SessionStore::expect().id);
    let found = RwSignal::new(Vec::new());
    let typed = Memo::new(move |_| mention.with(|mention| mention.as_ref().map(|mention| mention.typed.clone())));
    Effect::new(move |_| {
        let Some(name) = typed.get() else { return found.set(Vec::new()) };
        spawn_local(async move {
            // A sandbox that doesn't run has nothing to offer.
            let paths = calls::find_files(project.id(), session, name.clone()).await.unwrap_or_default();
            if typed.try_get_untracked() == Some(Some(name)) {
                found.set(paths);
            }
        });
    });
    found
}

/// The list. Nothing when nothing fits.
#[component]
pub fn CompletionList(
    /// What it completes.
    draft: Draft,
    /// Where it takes its keys.
    completion: Completion,
) -> impl IntoView {
    let choices = Choices::new(draft);
    completion.keys.set_value(Some(Callback::new(move |event| choices.take_key(&event))));
    Effect::new(move |_| completion.option.set(choices.place().map(option_id)));
    on_cleanup(move || completion.keys.set_value(None));
    let numbered = move || choices.fitting.get().into_iter().enumerate().collect();
    view! {
        <When when=move || choices.place().is_some()>
            <ul class="commands" role="listbox" aria-label="Suggestions">
                <Rows
                    each=numbered
                    key=|(place, choice): &(usize, Choice)| (*place as u64, choice.text.clone())
                    let:numbered
                >
                    {option(choices, numbered.0, numbered.1)}
                </Rows>
            </ul>
        </When>
    }
}

fn option(choices: Choices, place: usize, choice: Choice) -> AnyView {
    let take = move |event: web_sys::MouseEvent| {
        // The focus stays where one types.
        event.prevent_default();
        choices.take(place);
    };
    let Choice { text, hint, about, .. } = choice;
    view! {
        <li
            class="commands__option"
            role="option"
            id=option_id(place)
            aria-selected=dynamic(move || (choices.place() == Some(place)).to_string())
            on:mousedown=take
        >
            <code>{text} " " {hint}</code>
            <span class="commands__about">{about}</span>
        </li>
    }
    .into_any()
}

fn option_id(place: usize) -> String {
    format!("suggestion-{place}")
}

fn file_choice(path: &str, mention: &Mention) -> Choice {
    let place = (mention.start, mention.end);
    Choice { text: Mention::of(path), hint: String::new(), about: String::new(), place }
}

/// The commands whose names begin with what is typed, if that is nothing but a slash and the beginning of a name.
fn fitting(typed: &str, commands: &[AgentCommand]) -> Vec<Choice> {
    let Some(beginning) = typed.strip_prefix('/') else { return Vec::new() };
    let fitting = commands.iter().filter(|command| command.name.starts_with(beginning)).take(MOST);
    let choice = |AgentCommand { name, description, hint }: &AgentCommand| Choice {
        text: format!("/{name}"),
        hint: hint.clone(),
        about: description.clone(),
        place: (0, typed.len()),
    };
    fitting.map(choice).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn command(name: &str) -> AgentCommand {
        AgentCommand { name: name.to_owned(), description: String::new(), hint: String::new() }
    }

    fn texts(typed: &str) -> Vec<String> {
        let commands = [command("init"), command("review"), command("review-all")];
        fitting(typed, &commands).into_iter().map(|choice| choice.text).collect()
    }

    #[test]
    fn commands_are_offered_only_while_their_names_are_typed() {
        assert_eq!(texts("/"), ["/init", "/review", "/review-all"]);
        assert_eq!(texts("/rev"), ["/review", "/review-all"]);
        for other in ["", "rev", "/review it", " /rev", "/nothing"] {
            assert!(texts(other).is_empty(), "{other}");
        }
    }
}
