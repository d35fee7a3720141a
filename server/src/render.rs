//! What agents and their tools write, as sanitised HTML: Markdown, code, diffs, and text with ANSI escapes, the last of
//! which is here itself.
//!
//! Here belongs everything between a text and the lines or blocks that a transcript stores. Here do not belong: where
//! the text comes from, the store, or anything asynchronous. Whoever writes may be an attacker: what leaves this module
//! is escaped text in elements and classes of this module's choice, and links to the web and to mail; never another
//! attribute, or a style or script of the text's making.
//!
//! A column of ANSI text is one `char`; double-width characters aren't measured, since lines are shown as text and not
//! as a grid.

pub mod code;
pub mod diff;
mod highlight;
mod html;
pub mod markdown;
mod palette;
mod screen;
mod style;
#[cfg(test)]
mod tests;
mod text;

pub use markdown::MarkdownRenderer;
pub use text::plain_text;
use vte::{Params, Parser, Perform};

use screen::Screen;

/// The longest escape sequence, in bytes. What is longer isn't one, and what follows is shown as text again.
const MAX_SEQUENCE_BYTES: usize = 256 * 1024;

const ESCAPE: char = '\u{1b}';
const CANCEL: u8 = 0x18;
const SUBSTITUTE: u8 = 0x1a;

/// Lines or blocks that replace everything from number `from` on, as in [`octobot_wire::event::Change::Output`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Splice {
    /// The first that changed, counted from 0; at most one past the last.
    pub from: u64,
    /// All from there to the end, as sanitised HTML; a line without its end.
    pub lines: Vec<String>,
}

/// Renders one tool call's output. The result doesn't depend on how the text is cut into pieces.
///
/// Memory is bounded however much is pushed: only the last lines, which a cursor movement may still reach, are held.
#[derive(Default)]
pub struct AnsiRenderer {
    parser: Parser,
    /// Bytes of the escape sequence that `parser` is in the middle of; none outside of one.
    sequence_bytes: Option<usize>,
    screen: Screen,
}

// === impl AnsiRenderer ===

impl AnsiRenderer {
    /// A renderer that has seen nothing.
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes more text, and says what changed; nothing when no line was touched.
    pub fn push(&mut self, text: &str) -> Option<Splice> {
        let mut rest = text;
        while !rest.is_empty() {
            rest = match self.sequence_bytes {
                None => self.push_plain(rest),
                Some(bytes) => self.push_sequence(rest, bytes),
            };
        }
        self.screen.take_splice()
    }

    /// How many lines there are. The empty line after a final line end doesn't count.
    pub fn total_lines(&self) -> u64 {
        self.screen.total_lines()
    }

    /// Prints what stands before the next escape, and returns what comes from there on.
    ///
    /// Plain text goes around the parser, which is what makes it fast.
    fn push_plain<'t>(&mut self, text: &'t str) -> &'t str {
        let (plain, rest) = text.split_at(text.find(ESCAPE).unwrap_or(text.len()));
        self.screen.print(plain);
        if !rest.is_empty() {
            self.sequence_bytes = Some(0);
        }
        rest
    }

    /// Gives the parser characters, one at a time, until the sequence ends, and returns what comes after it.
    fn push_sequence<'t>(&mut self, text: &'t str, mut bytes: usize) -> &'t str {
        for (at, c) in text.char_indices() {
            let mut performer = Performer { screen: &mut self.screen, ended: false };
            self.parser.advance(&mut performer, c.encode_utf8(&mut [0; 4]).as_bytes());
            let ended = performer.ended;
            bytes += c.len_utf8();
            if bytes > MAX_SEQUENCE_BYTES {
                self.parser = Parser::new();
            }
            if ended || bytes > MAX_SEQUENCE_BYTES {
                self.sequence_bytes = None;
                return &text[at + c.len_utf8()..];
            }
        }
        self.sequence_bytes = Some(bytes);
        ""
    }
}

/// Applies what the parser recognises to the screen. What isn't named here is swallowed: titles, links, clipboard
/// writes, device queries, modes.
struct Performer<'s> {
    screen: &'s mut Screen,
    /// Whether the parser is back outside of any sequence.
    ended: bool,
}

// === impl Performer ===

impl Perform for Performer<'_> {
    /// The parser ends a few malformed sequences without telling; the first character after one comes here.
    fn print(&mut self, c: char) {
        self.screen.print(c.encode_utf8(&mut [0; 4]));
        self.ended = true;
    }

    /// A control character in the middle of a sequence acts as if it stood before it.
    fn execute(&mut self, byte: u8) {
        if byte == CANCEL || byte == SUBSTITUTE {
            self.ended = true;
        } else {
            self.screen.control(char::from(byte));
        }
    }

    fn osc_dispatch(&mut self, _: &[&[u8]], bell_terminated: bool) {
        // Ended by ESC \ instead, the parser now stands after that ESC.
        self.ended = bell_terminated;
    }

    fn esc_dispatch(&mut self, intermediates: &[u8], _: bool, byte: u8) {
        self.ended = true;
        if intermediates.is_empty() && byte == b'c' {
            self.screen.style = style::Style::PLAIN;
        }
    }

    fn csi_dispatch(&mut self, params: &Params, intermediates: &[u8], malformed: bool, action: char) {
        self.ended = true;
        if malformed || !intermediates.is_empty() {
            return;
        }
        let given = params.iter().next().and_then(|param| param.first()).copied().unwrap_or(0);
        let count = usize::from(given.max(1));
        match action {
            'm' => self.screen.style.select(params),
            'A' => self.screen.up(count),
            'B' => self.screen.down(count),
            'C' => self.screen.right(count),
            'D' => self.screen.left(count),
            'E' => self.screen.down_to_start(count),
            'F' => self.screen.up_to_start(count),
            'G' => self.screen.move_to_column(count - 1),
            'J' if given == 0 => self.screen.erase_below(),
            'K' => self.screen.erase_in_line(given),
            _ => {}
        }
    }
}
