//! Where frames of HTTP/2 begin and end (RFC 9113, sections 3.4 and 4.1), as far as it takes to tell whether a head is under
//! way. Pure: what frames mean, and whether they are sound, is for the parser to say.

/// What a connection begins with, in bytes.
const PREFACE: usize = 24;

/// What each frame begins with: three bytes of length, the type, flags, and four bytes of stream.
const FRAME_HEAD: usize = 9;

const DATA: u8 = 0;
const HEADERS: u8 = 1;
const CONTINUATION: u8 = 9;
const END_HEADERS: u8 = 4;

/// Follows the frames of one connection.
#[derive(Debug)]
pub struct Frames {
    part: Part,
    /// Whether a head goes on in the next frame.
    continues: bool,
    /// How many times it began to be awaited that the client goes on.
    begun: u64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Part {
    /// So much of the preface is missing.
    Preface(usize),
    /// So many bytes of a frame's head are there.
    Head([u8; FRAME_HEAD], usize),
    /// So much of a frame is missing.
    Body { rest: usize, kind: u8 },
}

impl Frames {
    /// Before the first byte.
    pub fn new() -> Self {
        Self { part: Part::Preface(PREFACE), continues: false, begun: 1 }
    }

    /// What the client has begun and has to end soon, by a number of its own: the preface, the head of a request, a frame
    /// that isn't a body's.
    pub fn hurry(&self) -> Option<u64> {
        let hurries = match self.part {
            Part::Preface(_) => true,
            Part::Head(_, length) => length > 0 || self.continues,
            Part::Body { kind, .. } => kind != DATA || self.continues,
        };
        hurries.then_some(self.begun)
    }

    /// Goes on behind bytes that were read.
    pub fn pass(&mut self, mut bytes: &[u8]) {
        while let [first, rest @ ..] = bytes {
            match &mut self.part {
                Part::Preface(missing) | Part::Body { rest: missing, .. } => {
                    let length = bytes.len().min(*missing);
                    *missing -= length;
                    bytes = &bytes[length..];
                    if *missing == 0 {
                        self.next();
                    }
                }
                Part::Head(head, length) => {
                    head[*length] = *first;
                    *length += 1;
                    bytes = rest;
                    if *length == FRAME_HEAD {
                        let head = *head;
                        self.enter(head);
                    }
                }
            }
        }
    }

    fn enter(&mut self, [long, middle, short, kind, flags, ..]: [u8; FRAME_HEAD]) {
        if [HEADERS, CONTINUATION].contains(&kind) {
            self.continues = flags & END_HEADERS == 0;
        }
        let rest = usize::from(long) << 16 | usize::from(middle) << 8 | usize::from(short);
        self.part = Part::Body { rest, kind };
        if rest == 0 {
            self.next();
        }
    }

    /// Awaits the next frame. A head that goes on is still the one that was begun.
    fn next(&mut self) {
        self.part = Part::Head([0; FRAME_HEAD], 0);
        if !self.continues {
            self.begun += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PREFACE_AND_SETTINGS: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0";

    fn frame(kind: u8, flags: u8, payload: &[u8]) -> Vec<u8> {
        [&[0, 0, u8::try_from(payload.len()).unwrap(), kind, flags, 0, 0, 0, 1], payload].concat()
    }

    /// Whether the client is in a hurry after each byte.
    fn hurries(bytes: &[u8]) -> Vec<bool> {
        let mut frames = Frames::new();
        frames.pass(PREFACE_AND_SETTINGS);
        let hurry = |byte| {
            frames.pass(&[byte]);
            frames.hurry().is_some()
        };
        bytes.iter().copied().map(hurry).collect()
    }

    #[test]
    fn a_client_has_to_say_the_preface_but_no_request() {
        for length in 0..PREFACE_AND_SETTINGS.len() {
            let mut frames = Frames::new();
            frames.pass(&PREFACE_AND_SETTINGS[..length]);
            assert_eq!(frames.hurry().is_some(), length != PREFACE, "{length}");
        }
        let mut frames = Frames::new();
        frames.pass(PREFACE_AND_SETTINGS);
        assert_eq!(frames.hurry(), None);
    }

    #[test]
    fn a_head_is_in_a_hurry_until_its_last_frame() {
        let whole = hurries(&frame(HEADERS, END_HEADERS, b"head"));
        assert_eq!(whole.iter().filter(|hurries| !**hurries).count(), 1);
        assert_eq!(whole.last(), Some(&false));
        let parts = [frame(HEADERS, 0, b"he"), frame(CONTINUATION, 0, b""), frame(CONTINUATION, END_HEADERS, b"ad")];
        let parts = hurries(&parts.concat());
        assert_eq!(parts.iter().position(|hurries| !hurries), Some(parts.len() - 1));
    }

    #[test]
    fn a_head_is_one_however_many_frames_it_has() {
        let mut frames = Frames::new();
        frames.pass(PREFACE_AND_SETTINGS);
        frames.pass(&frame(HEADERS, 0, b"he"));
        let begun = frames.hurry();
        frames.pass(&frame(CONTINUATION, 0, b"ad"));
        assert_eq!(frames.hurry(), begun);
        frames.pass(&frame(CONTINUATION, END_HEADERS, b""));
        frames.pass(&frame(HEADERS, END_HEADERS, b"next")[..3]);
        assert_ne!(frames.hurry(), begun);
    }

    #[test]
    fn a_body_may_take_its_time() {
        let body = hurries(&frame(DATA, 0, b"body"));
        assert_eq!(body[FRAME_HEAD - 1..], [false; 5]);
    }
}
