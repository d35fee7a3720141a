//! Paths of a workspace as text.
//!
//! A path is bytes, and JSON, addresses and pages are text. So what is UTF-8 in a path travels as it is, and each byte that
//! isn't as a character of its own: the one with the number `0x10FF00` plus the byte, from a range that stands for nothing. A path
//! that holds such characters itself has them taken for bytes that aren't UTF-8. So every path is one text, and every text one path.

/// What is added to a byte that isn't UTF-8.
const OFFSET: u32 = 0x10_FF00;

/// The text for a path.
pub fn to_text(path: &[u8]) -> String {
    let mut text = String::with_capacity(path.len());
    for chunk in path.utf8_chunks() {
        for c in chunk.valid().chars() {
            if byte_of(c).is_some() {
                c.encode_utf8(&mut [0; 4]).bytes().for_each(|byte| text.push(char_of(byte)));
            } else {
                text.push(c);
            }
        }
        chunk.invalid().iter().for_each(|byte| text.push(char_of(*byte)));
    }
    text
}

/// The path that a text stands for.
pub fn to_bytes(text: &str) -> Vec<u8> {
    let mut path = Vec::with_capacity(text.len());
    for c in text.chars() {
        match byte_of(c) {
            Some(byte) => path.push(byte),
            None => path.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes()),
        }
    }
    path
}

/// The byte that a character stands for, if it isn't one of a name.
pub fn byte_of(c: char) -> Option<u8> {
    let byte = u32::from(c).checked_sub(OFFSET)?;
    u8::try_from(byte).ok().filter(|byte| !byte.is_ascii())
}

fn char_of(byte: u8) -> char {
    char::from_u32(OFFSET + u32::from(byte)).expect("the whole range are characters")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_path_comes_back_as_it_was() {
        let paths: [&[u8]; 7] = [
            b"src/main.rs",
            "ü/🐙".as_bytes(),
            b"a\nb\t\"-",
            b"\xff\xfe/\x80",
            b"half \xe2\x82",
            "\u{10ff80}\u{10ffff}".as_bytes(),
            b"\xf4\x8f\xbe\x80\xff",
        ];
        for path in paths {
            assert_eq!(to_bytes(&to_text(path)), path, "{path:?}");
        }
        assert_eq!(to_text(b"a\xff"), "a\u{10ffff}");
        assert_eq!(to_text("ü".as_bytes()), "ü");
    }
}
