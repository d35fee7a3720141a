//! Completion of slash commands, while a prompt is nothing but the beginning of one.

use leptos::prelude::*;
use octobot_wire::setting::{AgentCommand, AgentState};
use web_sys::KeyboardEvent;

use crate::components::dynamic::dynamic;
use crate::components::dynamic::rows::Rows;
use crate::components::dynamic::when::When;

/// At most this many commands are offered.
const MOST: usize = 8;

/// The commands that fit what is typed, and which of them Enter takes.
#[derive(Clone, Copy)]
pub struct Completion {
    text: RwSignal<String>,
    fitting: Memo<Vec<AgentCommand>>,
    chosen: RwSignal<usize>,
    /// The text that the list was closed for.
    closed: RwSignal<Option<String>>,
}

impl Completion {
    /// Completes `text` by the commands of an agent.
    pub fn new(text: RwSignal<String>, agent: RwSignal<AgentState>) -> Self {
        let closed = RwSignal::new(None);
        let fitting = Memo::new(move |_| {
            let typed = text.get();
            if closed.with(|closed| closed.as_ref() == Some(&typed)) {
                return Vec::new();
            }
            agent.with(|agent| fitting(&typed, &agent.commands))
        });
        Self { text, fitting, chosen: RwSignal::new(0), closed }
    }

    /// The id of the option that Enter takes.
    pub fn option(self) -> Signal<Option<String>> {
        Signal::derive(move || self.place().map(option_id))
    }

    /// Takes a key, if it is for the list.
    pub fn take_key(self, event: &KeyboardEvent) -> bool {
        let Some(place) = untrack(|| self.place()) else { return false };
        let count = self.fitting.with_untracked(Vec::len);
        match event.key().as_str() {
            "ArrowDown" => self.chosen.set((place + 1) % count),
            "ArrowUp" => self.chosen.set((place + count - 1) % count),
            "Enter" | "Tab" if !event.shift_key() && !event.is_composing() => return self.take(place),
            "Escape" => self.closed.set(Some(self.text.get_untracked())),
            _ => return false,
        }
        true
    }

    /// The place of the chosen command; none while there is nothing to choose.
    fn place(self) -> Option<usize> {
        let last = self.fitting.with(Vec::len).checked_sub(1)?;
        Some(self.chosen.get().min(last))
    }

    /// Writes a command. Says that there was nothing to write when it is already all that is typed.
    fn take(self, place: usize) -> bool {
        let name = self.fitting.with_untracked(|fitting| fitting.get(place).map(|command| command.name.clone()));
        let Some(name) = name else { return false };
        let command = format!("/{name}");
        let is_new = self.text.with_untracked(|text| *text != command);
        if is_new {
            self.text.set(format!("{command} "));
        }
        self.chosen.set(0);
        is_new
    }
}

/// The list of commands. Nothing when none fits.
#[component]
pub fn CommandList(
    /// What it completes.
    completion: Completion,
) -> impl IntoView {
    let numbered = move || completion.fitting.get().into_iter().enumerate().collect();
    view! {
        <When when=move || completion.place().is_some()>
            <ul class="commands" role="listbox" aria-label="Commands">
                <Rows
                    each=numbered
                    key=|(place, command): &(usize, AgentCommand)| (*place as u64, command.name.clone())
                    let:numbered
                >
                    {option(completion, numbered.0, numbered.1)}
                </Rows>
            </ul>
        </When>
    }
}

fn option(completion: Completion, place: usize, command: AgentCommand) -> AnyView {
    let take = move |event: web_sys::MouseEvent| {
        // The focus stays where one types.
        event.prevent_default();
        completion.take(place);
    };
    let AgentCommand { name, description, hint } = command;
    view! {
        <li
            class="commands__option"
            role="option"
            id=option_id(place)
            aria-selected=dynamic(move || (completion.place() == Some(place)).to_string())
            on:mousedown=take
        >
            <code>"/" {name} " " {hint}</code>
            <span class="commands__about">{description}</span>
        </li>
    }
    .into_any()
}

fn option_id(place: usize) -> String {
    format!("command-{place}")
}

/// The commands whose names begin with what is typed, if that is nothing but a slash and the beginning of a name.
fn fitting(typed: &str, commands: &[AgentCommand]) -> Vec<AgentCommand> {
    let Some(beginning) = typed.strip_prefix('/') else { return Vec::new() };
    commands.iter().filter(|command| command.name.starts_with(beginning)).take(MOST).cloned().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn command(name: &str) -> AgentCommand {
        AgentCommand { name: name.to_owned(), description: String::new(), hint: String::new() }
    }

    fn names(typed: &str) -> Vec<String> {
        let commands = [command("init"), command("review"), command("review-all")];
        fitting(typed, &commands).into_iter().map(|command| command.name).collect()
    }

    #[test]
    fn commands_are_offered_only_while_their_names_are_typed() {
        assert_eq!(names("/"), ["init", "review", "review-all"]);
        assert_eq!(names("/rev"), ["review", "review-all"]);
        for other in ["", "rev", "/review it", " /rev", "/nothing"] {
            assert!(names(other).is_empty(), "{other}");
        }
    }
}
