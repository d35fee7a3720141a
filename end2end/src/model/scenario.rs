//! What a model answers to a prompt: steps, each with the faults that come before it. Pure.

use std::time::Duration;

use serde_json::Value;

use crate::model::conversation::Conversation;

/// What a model answers from a prompt on that holds a cue.
#[derive(Debug, Clone)]
pub struct Scenario {
    cue: String,
    steps: Vec<Step>,
}

/// One answer of the model. After one with tool calls the agent asks again, with their results.
#[derive(Debug, Clone, Default)]
pub struct Step {
    blocks: Vec<Block>,
    faults: Vec<Fault>,
    pause: Duration,
}

/// A piece of an answer.
#[derive(Debug, Clone)]
pub enum Block {
    /// Something thought.
    Thought(String),
    /// Something said.
    Text(String),
    /// A tool to call.
    Tool {
        /// Its name, as the agent told it.
        name: String,
        /// What it is given.
        input: Value,
    },
}

/// Something that goes wrong once before an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// An answer with this status, for instance 429, 500 or 529.
    Status(u16),
    /// The connection ends in the middle of the answer.
    Cut,
}

/// What is answered.
#[derive(Debug, Clone)]
pub enum Verdict {
    /// An error.
    Refuse(u16),
    /// Blocks.
    Answer {
        /// What is said.
        blocks: Vec<Block>,
        /// How long each word takes.
        pause: Duration,
        /// Whether the connection ends in the middle.
        is_cut: bool,
    },
}

impl Scenario {
    /// A scenario for prompts that hold this text. It shouldn't be in another prompt of the conversation.
    pub fn cued(cue: &str) -> Self {
        Self { cue: cue.to_owned(), steps: Vec::new() }
    }

    /// Then the model answers so. After the last step it says "Done.".
    pub fn step(mut self, step: Step) -> Self {
        self.steps.push(step);
        self
    }
}

impl Step {
    /// The model says something.
    pub fn text(text: &str) -> Self {
        Self::default().and(Block::Text(text.to_owned()))
    }

    /// The model thinks something.
    pub fn thought(text: &str) -> Self {
        Self::default().and(Block::Thought(text.to_owned()))
    }

    /// The model calls a tool.
    pub fn tool(name: &str, input: Value) -> Self {
        Self::default().and(Block::Tool { name: name.to_owned(), input })
    }

    /// And then, in the same answer.
    pub fn and(mut self, block: Block) -> Self {
        self.blocks.push(block);
        self
    }

    /// Before that something goes wrong, once.
    pub fn after(mut self, fault: Fault) -> Self {
        self.faults.push(fault);
        self
    }

    /// Each word takes so long.
    pub fn slowly(mut self, pause: Duration) -> Self {
        self.pause = pause;
        self
    }
}

/// What is answered to a conversation. A fault that is used up doesn't come again.
pub(super) fn decide(scenarios: &mut [Scenario], conversation: &Conversation) -> Verdict {
    let said = |text: &str| Verdict::Answer {
        blocks: vec![Block::Text(text.to_owned())],
        pause: Duration::ZERO,
        is_cut: false,
    };
    // Titles and summaries are asked for without tools.
    if !conversation.has_tools {
        return said("Aside");
    }
    // Of several in the same prompt the last one is found.
    let found = scenarios.iter_mut().filter_map(|scenario| {
        let (prompt, step) = conversation.find(&scenario.cue)?;
        Some((prompt, step, scenario))
    });
    let Some((_, step, scenario)) = found.max_by_key(|(prompt, ..)| *prompt) else { return said("Done.") };
    let Some(step) = scenario.steps.get_mut(step) else { return said("Done.") };
    let fault = if step.faults.is_empty() { None } else { Some(step.faults.remove(0)) };
    match fault {
        Some(Fault::Status(status)) => Verdict::Refuse(status),
        fault => Verdict::Answer { blocks: step.blocks.clone(), pause: step.pause, is_cut: fault == Some(Fault::Cut) },
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::model::conversation::Entry;

    fn conversation(entries: &[Entry]) -> Conversation {
        Conversation { entries: entries.to_vec(), has_tools: true }
    }

    fn answer(scenarios: &mut [Scenario], entries: &[Entry]) -> String {
        match decide(scenarios, &conversation(entries)) {
            Verdict::Refuse(status) => status.to_string(),
            Verdict::Answer { blocks, is_cut: true, .. } => format!("cut {}", blocks.len()),
            Verdict::Answer { blocks, .. } => match &blocks[0] {
                Block::Text(text) | Block::Thought(text) => text.clone(),
                Block::Tool { name, .. } => name.clone(),
            },
        }
    }

    #[test]
    fn the_step_follows_from_the_conversation_and_faults_come_once() {
        let list = Step::tool("Bash", json!({})).after(Fault::Status(529)).after(Fault::Cut);
        let mut scenarios = [Scenario::cued("list").step(list).step(Step::text("Two files."))];
        let prompt = Entry::Said("please list".to_owned());
        assert_eq!(answer(&mut scenarios, std::slice::from_ref(&prompt)), "529");
        assert_eq!(answer(&mut scenarios, std::slice::from_ref(&prompt)), "cut 1");
        assert_eq!(answer(&mut scenarios, std::slice::from_ref(&prompt)), "Bash");
        let after = [prompt.clone(), Entry::Answered];
        assert_eq!(answer(&mut scenarios, &after), "Two files.");
        assert_eq!(answer(&mut scenarios, &[prompt, Entry::Answered, Entry::Answered]), "Done.");
    }

    #[test]
    fn the_last_prompt_says_which_scenario_it_is() {
        let scenario = |cue: &str| Scenario::cued(cue).step(Step::text(cue));
        let mut scenarios = [scenario("one"), scenario("two")];
        let said = |text: &str| Entry::Said(text.to_owned());
        assert_eq!(answer(&mut scenarios, &[said("two"), Entry::Answered, said("one")]), "one");
        assert_eq!(answer(&mut scenarios, &[said("one"), Entry::Answered, said("two")]), "two");
        assert_eq!(answer(&mut scenarios, &[said("two, and one")]), "two");
        assert_eq!(answer(&mut scenarios, &[said("three")]), "Done.");
    }
}
