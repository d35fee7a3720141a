//! Parts that grow: what a tool call prints, what the agent says and thinks.

use octobot_wire::event::Change;
use octobot_wire::{PartId, Timestamp, TurnId};

use super::batch::{Batch, storable};
use crate::domain::PartContent;
use crate::render::{AnsiRenderer, MarkdownRenderer, Splice};
use crate::services::ServiceError;

/// What grows.
#[derive(Debug, Clone, Copy)]
pub(super) enum Growth {
    /// What a tool call prints.
    Output,
    /// What the agent says.
    Answer,
    /// What the agent thinks.
    Reasoning,
}

/// A part that has grown, and what renders it.
pub(super) struct Grown {
    part: PartId,
    renderer: Renderer,
}

enum Renderer {
    Ansi(Box<AnsiRenderer>),
    Markdown(MarkdownRenderer),
}

impl Renderer {
    fn push(&mut self, text: &str) -> Option<Splice> {
        match self {
            Self::Ansi(renderer) => renderer.push(text),
            Self::Markdown(renderer) => renderer.push(text),
        }
    }
}

impl Batch<'_> {
    /// A part as far as it has grown. A text that isn't there yet begins.
    pub(super) async fn grown(
        &mut self,
        turn: TurnId,
        number: u32,
        growth: Growth,
        at: Timestamp,
    ) -> Result<Grown, ServiceError> {
        let mut renderer = match growth {
            Growth::Output => Renderer::Ansi(Box::default()),
            Growth::Answer | Growth::Reasoning => Renderer::Markdown(MarkdownRenderer::new()),
        };
        let content = match (self.tx.part(turn, number).await?, growth) {
            (Some((_, mut part)), _) => {
                renderer.push(&self.tx.chunks(part.id).await?);
                // A turn that was ended by force had its texts rendered for good, before its daemon could tell the rest.
                if let PartContent::Answer { blocks: blocks @ Some(_) }
                | PartContent::Reasoning { blocks: blocks @ Some(_) } = &mut part.content
                {
                    *blocks = None;
                    self.tx.update_part(part.id, &part.content).await?;
                }
                return Ok(Grown { part: part.id, renderer });
            }
            (None, Growth::Output) => return Err(ServiceError::NotFound("tool call")),
            (None, Growth::Answer) => PartContent::Answer { blocks: None },
            (None, Growth::Reasoning) => PartContent::Reasoning { blocks: None },
        };
        let message = self.agent_message(turn, at).await?;
        let part = self.add_part(message, Some(number), content).await?;
        Ok(Grown { part, renderer })
    }

    /// Adds to a part.
    pub(super) async fn append(&mut self, grown: &mut Grown, text: &str) -> Result<(), ServiceError> {
        let text = storable(text);
        self.tx.append_chunk(grown.part, &text).await?;
        if let Some(splice) = grown.renderer.push(&text) {
            let (session_id, part_id) = (self.session.id, grown.part);
            self.record(Change::Output { session_id, part_id, from: splice.from, lines: splice.lines });
        }
        Ok(())
    }
}
