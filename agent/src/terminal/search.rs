//! Looking for a text in what terminals have printed.

use std::io;
use std::sync::Arc;

use octobot_wire::terminal::{MAX_MATCHES, TerminalLine, TerminalMatches};

use crate::terminal::hub::Hub;
use crate::terminal::keeper::{Keeper, Record};
use crate::terminal::lines::lines;
use crate::terminal::scrollback::Scrollback;

/// Looks in all terminals, the open ones first, and in each from the newest line on.
pub fn search(keeper: &Keeper, open: &[Arc<Hub>], closed: &[Record], text: &str) -> io::Result<TerminalMatches> {
    let mut found = Search { wanted: text.to_lowercase(), matches: TerminalMatches { lines: Vec::new(), more: false } };
    for hub in open {
        found.look(&hub.record(), false, &hub.scrollback)?;
    }
    for record in closed.iter().rev() {
        match keeper.scrollback(record.id) {
            Ok(scrollback) => found.look(record, true, &scrollback)?,
            // It was removed meanwhile, to make place for one that was closed later.
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(error),
        }
    }
    Ok(found.matches)
}

struct Search {
    wanted: String,
    matches: TerminalMatches,
}

impl Search {
    fn look(&mut self, record: &Record, closed: bool, scrollback: &Scrollback) -> io::Result<()> {
        let (offset, bytes) = scrollback.read_all(scrollback.beginning()?)?;
        let found =
            lines(offset, &bytes).into_iter().rev().filter(|line| line.text.to_lowercase().contains(&self.wanted));
        for line in found {
            if self.matches.lines.len() >= MAX_MATCHES {
                self.matches.more = true;
                return Ok(());
            }
            let (terminal, name) = (record.id, record.name.clone());
            self.matches.lines.push(TerminalLine { terminal, name, closed, offset: line.offset, text: line.text });
        }
        Ok(())
    }
}
