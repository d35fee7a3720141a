//! What a program printed last that wasn't a message: on standard error, or as noise on standard output. It tells why it
//! died.

use std::collections::VecDeque;

/// So many lines are kept …
const LINES: usize = 20;

/// … each cut off at so many bytes.
const LINE: usize = 500;

/// The last lines.
#[derive(Debug, Default)]
pub struct LastWords {
    lines: VecDeque<String>,
    /// The start of a line whose end hasn't come.
    partial: Vec<u8>,
}

impl LastWords {
    /// Takes bytes, of which some may be parts of lines.
    pub fn push(&mut self, bytes: &[u8]) {
        for (position, piece) in bytes.split(|&byte| byte == b'\n').enumerate() {
            if position > 0 {
                let line = std::mem::take(&mut self.partial);
                self.push_line(&String::from_utf8_lossy(&line));
            }
            let room = LINE.saturating_sub(self.partial.len());
            self.partial.extend_from_slice(&piece[..piece.len().min(room)]);
        }
    }

    /// Takes a line.
    pub fn push_line(&mut self, line: &str) {
        let line: String = line.trim_end().chars().filter(|c| !c.is_control() || *c == '\t').collect();
        if line.trim().is_empty() {
            return;
        }
        if self.lines.len() == LINES {
            self.lines.pop_front();
        }
        self.lines.push_back(line[..line.floor_char_boundary(LINE)].to_owned());
    }

    /// A sentence, and the lines behind it where there are any.
    pub fn after(mut self, sentence: &str) -> String {
        self.push(b"\n");
        if self.lines.is_empty() {
            return sentence.to_owned();
        }
        let lines: Vec<_> = self.lines.into_iter().collect();
        format!("{sentence} Its last lines:\n{}", lines.join("\n"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_lines_are_kept_whatever_comes() {
        let mut words = LastWords::default();
        words.push(&vec![b'x'; 5_000_000]);
        for line in 0..100 {
            words.push(format!("\nline {line}").as_bytes());
        }
        let told = words.after("It died.");
        assert!(told.starts_with("It died. Its last lines:\nline 80\n") && told.ends_with("line 99"), "{told}");
    }

    #[test]
    fn a_program_that_said_nothing_has_no_last_words() {
        let mut words = LastWords::default();
        words.push(b"\n  \n\x1b\n");
        assert_eq!(words.after("It died."), "It died.");
    }
}
