//! Bytes to text: UTF-8, decoded across the borders of chunks.

/// Stands for NUL, which can't be stored as text everywhere.
const VISIBLE_NUL: &str = "\u{2400}";

/// A character has at most so many bytes, so that at most one fewer wait for their end.
const MAX_CHAR: usize = 4;

/// Decodes UTF-8 chunk by chunk. Invalid sequences become U+FFFD, NUL becomes U+2400, and no character is split.
#[derive(Debug, Default)]
pub struct Decoder {
    /// The start of a character whose end hasn't come yet.
    partial: Vec<u8>,
    last: Option<char>,
}

impl Decoder {
    /// The text of the characters that are complete.
    pub fn decode(&mut self, bytes: &[u8]) -> String {
        let mut text = String::with_capacity(self.partial.len() + bytes.len());
        let mut rest = bytes;
        // The bytes that wait are completed with as few as needed, so that the bulk isn't copied.
        while !self.partial.is_empty() && !rest.is_empty() {
            let waiting = self.partial.len();
            self.partial.extend(rest.iter().take(MAX_CHAR - waiting));
            let joined = std::mem::take(&mut self.partial);
            // What waits is the start of one character, so it is a part of whatever is found first.
            if let Some(length) = first_char_len(&joined) {
                append(&mut text, &joined[..length]);
                rest = &rest[length - waiting..];
            } else {
                rest = &rest[joined.len() - waiting..];
                self.partial = joined;
            }
        }
        let complete = rest.len() - incomplete_suffix(rest);
        append(&mut text, &rest[..complete]);
        self.partial.extend_from_slice(&rest[complete..]);
        self.last = text.chars().next_back().or(self.last);
        text
    }

    /// The text of what can't be completed any more.
    pub fn finish(&mut self) -> String {
        let mut text = String::new();
        append(&mut text, &std::mem::take(&mut self.partial));
        self.last = text.chars().next_back().or(self.last);
        text
    }

    /// Whether the text so far is empty or ends with the end of a line.
    pub fn ended_line(&self) -> bool {
        self.last.is_none_or(|last| last == '\n')
    }
}

/// The length of the character or invalid sequence at the start; none when it isn't complete.
fn first_char_len(bytes: &[u8]) -> Option<usize> {
    let chunk = bytes.utf8_chunks().next()?;
    match chunk.valid().chars().next() {
        Some(first) => Some(first.len_utf8()),
        None if incomplete_suffix(bytes) == bytes.len() => None,
        None => Some(chunk.invalid().len()),
    }
}

/// How many bytes at the end are the start of a character.
fn incomplete_suffix(bytes: &[u8]) -> usize {
    let start = bytes.len().saturating_sub(MAX_CHAR - 1);
    (start..bytes.len())
        .find(|&at| {
            std::str::from_utf8(&bytes[at..])
                .is_err_and(|error| error.valid_up_to() == 0 && error.error_len().is_none())
        })
        .map_or(0, |at| bytes.len() - at)
}

fn append(text: &mut String, bytes: &[u8]) {
    for chunk in bytes.utf8_chunks() {
        for (position, part) in chunk.valid().split('\0').enumerate() {
            if position > 0 {
                text.push_str(VISIBLE_NUL);
            }
            text.push_str(part);
        }
        if !chunk.invalid().is_empty() {
            text.push(char::REPLACEMENT_CHARACTER);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decoded(chunks: &[&[u8]]) -> String {
        let mut decoder = Decoder::default();
        let text: String = chunks.iter().map(|chunk| decoder.decode(chunk)).collect();
        text + &decoder.finish()
    }

    #[test]
    fn wherever_the_chunks_end_the_text_is_the_same() {
        let bytes = b"a\xc3\xa9\xe2\x82\xac\xf0\x9f\xa6\x80\xff\xe2\x82z\xf0\x9f\xc3\xa9\xed\xa0\x80\x80\0\xf0\x9f\xa6";
        let whole = String::from_utf8_lossy(bytes).replace('\0', "\u{2400}");
        for first in 0..=bytes.len() {
            for second in first..=bytes.len() {
                let chunks = [&bytes[..first], &bytes[first..second], &bytes[second..]];
                assert_eq!(decoded(&chunks), whole, "split at {first} and {second}");
            }
        }
        assert_eq!(decoded(&bytes.chunks(1).collect::<Vec<_>>()), whole);
    }

    #[test]
    fn a_character_waits_for_its_end() {
        let mut decoder = Decoder::default();
        assert_eq!(decoder.decode(b"x\xe2\x82"), "x");
        assert_eq!(decoder.decode(b"\xac"), "€");
    }
}
