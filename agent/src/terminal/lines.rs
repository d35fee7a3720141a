//! Lines of text out of what a terminal has printed: without escape sequences, and as a line looks in the end when it was
//! written over, as progress bars do. What programs draw on a screen of their own isn't lines and is left out. Pure.

use vte::{Params, Parser, Perform};

/// Of a longer line the rest is left out.
const LONGEST: usize = 2_000;

/// A line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// The number of its first byte.
    pub offset: u64,
    /// Its text.
    pub text: String,
}

/// The lines of some output, of which the first byte has the number `offset`. Empty ones aren't among them.
pub fn lines(offset: u64, bytes: &[u8]) -> Vec<Line> {
    let (mut parser, mut sheet) = (Parser::new(), Sheet::default());
    let mut lines = Vec::new();
    let mut at = offset;
    for piece in bytes.split_inclusive(|&byte| byte == b'\n') {
        parser.advance(&mut sheet, piece);
        let text = sheet.take();
        if !text.is_empty() {
            lines.push(Line { offset: at, text });
        }
        at += piece.len() as u64;
    }
    lines
}

/// One line while it is written.
#[derive(Debug, Default)]
struct Sheet {
    cells: Vec<char>,
    cursor: usize,
    /// Whether a program draws on a screen of its own.
    is_elsewhere: bool,
}

impl Sheet {
    fn take(&mut self) -> String {
        let text: String = self.cells.drain(..).collect();
        self.cursor = 0;
        text.trim_end().to_owned()
    }

    /// Modes 47, 1047 and 1049 are the other screen.
    fn change_mode(&mut self, params: &Params, on: bool) {
        if params.iter().flatten().any(|mode| matches!(mode, 47 | 1047 | 1049)) {
            self.is_elsewhere = on;
        }
    }
}

impl Perform for Sheet {
    fn print(&mut self, character: char) {
        if self.is_elsewhere || self.cursor >= LONGEST {
            return;
        }
        if self.cells.len() <= self.cursor {
            self.cells.resize(self.cursor + 1, ' ');
        }
        self.cells[self.cursor] = character;
        self.cursor += 1;
    }

    fn execute(&mut self, byte: u8) {
        match byte {
            b'\r' => self.cursor = 0,
            b'\x08' => self.cursor = self.cursor.saturating_sub(1),
            b'\t' => self.cursor = (self.cursor / 8 + 1) * 8,
            _ => {}
        }
    }

    fn csi_dispatch(&mut self, params: &Params, intermediates: &[u8], _ignored: bool, action: char) {
        let first = params.iter().flatten().next().copied().unwrap_or_default();
        let count = usize::from(first.max(1));
        match (intermediates, action) {
            ([b'?'], 'h') => self.change_mode(params, true),
            ([b'?'], 'l') => self.change_mode(params, false),
            ([], 'C') => self.cursor = (self.cursor + count).min(LONGEST),
            ([], 'D') => self.cursor = self.cursor.saturating_sub(count),
            ([], 'G') => self.cursor = (count - 1).min(LONGEST),
            ([], 'K') if first == 0 => self.cells.truncate(self.cursor),
            ([], 'K') => self.cells.clear(),
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(bytes: &[u8]) -> Vec<String> {
        lines(0, bytes).into_iter().map(|line| line.text).collect()
    }

    #[test]
    fn colours_and_titles_are_no_text() {
        let printed = b"\x1b]0;title\x07\x1b[1;32muser\x1b[0m$ echo \xc3\xa9\r\n\xc3\xa9\r\n\r\n";
        assert_eq!(texts(printed), ["user$ echo é", "é"]);
    }

    #[test]
    fn of_what_is_written_over_the_end_is_told() {
        assert_eq!(texts(b"10%\r50%\r100%\n"), ["100%"]);
        assert_eq!(texts(b"long line\rab\x1b[K\n"), ["ab"]);
        assert_eq!(texts(b"lss\x08 \x08\n"), ["ls"]);
        assert_eq!(texts(b"a\tb\x1b[2Cc\n"), ["a       b  c"]);
    }

    #[test]
    fn the_screen_of_a_program_is_left_out() {
        assert_eq!(texts(b"vim\n\x1b[?1049hdrawn\nmore\n\x1b[?1049lback\n"), ["vim", "back"]);
    }

    #[test]
    fn lines_have_the_numbers_of_their_first_bytes() {
        let found = lines(100, b"one\r\n\x1b[31mtwo");
        assert_eq!(found.iter().map(|line| line.offset).collect::<Vec<_>>(), [100, 105]);
    }

    #[test]
    fn a_line_without_end_and_broken_characters_do_no_harm() {
        let mut bytes = vec![b'x'; 100_000];
        bytes.extend([0xff, 0xc3, b'\n']);
        assert_eq!(texts(&bytes)[0].len(), LONGEST);
        assert_eq!(texts(b"a\x1b[99999999999999999999999C\x1b[65535Gx\n"), ["a"]);
    }
}
