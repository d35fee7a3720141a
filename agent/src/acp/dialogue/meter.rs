//! What an agent tells of tokens and money: how full its context is, and what a turn costs. Pure.

use std::time::{Duration, Instant};

use agent_client_protocol_schema::v1 as acp;
use octobot_wire::usage::{Context, Usage};

/// The fill of the context is told at most once in so long.
const WINDOW: Duration = Duration::from_secs(1);

/// Counts.
#[derive(Debug, Default)]
pub struct Meter {
    context: Option<Context>,
    told: Option<(Context, Instant)>,
    /// What the thread has cost since the program was started, and had cost when the turn began.
    cost_micros: u64,
    cost_before: u64,
}

impl Meter {
    /// A turn begins.
    pub fn begin(&mut self) {
        self.cost_before = self.cost_micros;
    }

    /// Takes what the agent tells, and returns the fill of the context if it is to be told now.
    pub fn update(&mut self, update: &acp::UsageUpdate, now: Instant) -> Option<Context> {
        self.context = Some(Context { used: update.used, size: update.size });
        if let Some(cost) = update.cost.as_ref().filter(|cost| cost.currency == "USD" && cost.amount >= 0.0) {
            #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "checked, and saturating")]
            let micros = (cost.amount * 1e6).round() as u64;
            self.cost_micros = micros;
        }
        let waits = self.told.is_some_and(|(_, at)| now < at + WINDOW);
        if waits { None } else { self.tell(now) }
    }

    /// The fill of the context, if it isn't what was told last.
    pub fn tell(&mut self, now: Instant) -> Option<Context> {
        let context = self.context?;
        if self.told.is_some_and(|(told, _)| told == context) {
            return None;
        }
        self.told = Some((context, now));
        Some(context)
    }

    /// What the turn has cost; none when the agent told nothing.
    pub fn turn(&self, tokens: Option<&acp::Usage>) -> Option<Usage> {
        let usage = Usage {
            input_tokens: tokens.map_or(0, |tokens| tokens.input_tokens),
            output_tokens: tokens.map_or(0, |tokens| tokens.output_tokens),
            cache_read_tokens: tokens.and_then(|tokens| tokens.cached_read_tokens).unwrap_or(0),
            cache_write_tokens: tokens.and_then(|tokens| tokens.cached_write_tokens).unwrap_or(0),
            // Less than before means that the agent counts each turn for itself.
            cost_micros: self.cost_micros.checked_sub(self.cost_before).unwrap_or(self.cost_micros),
        };
        (usage != Usage::default()).then_some(usage)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn update(used: u64, amount: f64) -> acp::UsageUpdate {
        acp::UsageUpdate::new(used, 1_000).cost(acp::Cost::new(amount, "USD"))
    }

    #[test]
    fn the_context_is_told_at_once_and_then_not_too_often() {
        let start = Instant::now();
        let mut meter = Meter::default();
        let context = |used| Some(Context { used, size: 1_000 });
        assert_eq!(meter.update(&update(1, 0.0), start), context(1));
        assert_eq!(meter.update(&update(2, 0.0), start + WINDOW / 2), None);
        assert_eq!(meter.tell(start + WINDOW / 2), context(2));
        assert_eq!(meter.tell(start + WINDOW), None);
        assert_eq!(meter.update(&update(2, 0.0), start + WINDOW * 2), None);
    }

    #[test]
    fn a_turn_costs_what_was_added_during_it() {
        let now = Instant::now();
        let mut meter = Meter::default();
        meter.update(&update(1, 0.25), now);
        meter.begin();
        assert_eq!(meter.turn(None), None);
        meter.update(&update(1, 1.0), now);
        assert_eq!(meter.turn(None).unwrap().cost_micros, 750_000);
        let tokens = acp::Usage::new(7, 5, 2).cached_read_tokens(3);
        let usage = meter.turn(Some(&tokens)).unwrap();
        assert_eq!((usage.input_tokens, usage.output_tokens, usage.cache_read_tokens), (5, 2, 3));
    }
}
