//! What a tool call prints or an agent says, from bytes to the texts of events. Pure: bytes and times in, texts out.

mod cap;
mod decode;
mod pace;

use std::time::{Duration, Instant};

use crate::output::cap::{Cap, Rest};
use crate::output::decode::Decoder;
use crate::output::pace::Pace;

/// The output of one tool call, or a text of an agent: capped, decoded, and gathered into few events.
#[derive(Debug)]
pub struct Output {
    cap: Cap,
    decoder: Decoder,
    pace: Pace,
}

impl Output {
    /// What a tool call prints.
    pub fn printed() -> Self {
        Self::gathered_for(pace::PRINTED)
    }

    /// What an agent says.
    pub fn said() -> Self {
        Self::gathered_for(pace::SAID)
    }

    fn gathered_for(window: Duration) -> Self {
        Self { cap: Cap::default(), decoder: Decoder::default(), pace: Pace::new(window) }
    }

    /// Takes what was printed and returns what is to be shown now.
    pub fn push(&mut self, bytes: &[u8], now: Instant) -> Vec<String> {
        let shown = self.cap.admit(bytes);
        self.pace.push(&self.decoder.decode(shown), now)
    }

    /// When [`Output::flush`] is to be called, if anything waits.
    pub fn due(&self) -> Option<Instant> {
        self.pace.due()
    }

    /// Returns what waits.
    pub fn flush(&mut self, now: Instant) -> Vec<String> {
        self.pace.flush(now)
    }

    /// Returns all that is left, with the last part of what went over the cap.
    pub fn finish(mut self, now: Instant) -> Vec<String> {
        let rest = self.cap.finish();
        let end = match &rest {
            Some(Rest { not_shown: 0, tail }) => self.decoder.decode(tail) + &self.decoder.finish(),
            Some(Rest { not_shown, tail }) => {
                let cut = self.decoder.finish();
                let start = if self.decoder.ended_line() { "" } else { "\n" };
                let mut decoder = Decoder::default();
                let tail = decoder.decode(tail) + &decoder.finish();
                format!("{cut}{start}… {not_shown} bytes not shown …\n{tail}")
            }
            None => self.decoder.finish(),
        };
        let mut texts = self.pace.push(&end, now);
        texts.extend(self.pace.flush(now));
        texts
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn printed(chunks: &[&[u8]]) -> String {
        let now = Instant::now();
        let mut output = Output::printed();
        let mut texts: Vec<String> = chunks.iter().flat_map(|chunk| output.push(chunk, now)).collect();
        texts.extend(output.finish(now));
        texts.concat()
    }

    #[test]
    fn short_output_is_shown_as_it_is() {
        assert_eq!(printed(&[b"a", "\u{e9}".as_bytes(), b"\n"]), "aé\n");
    }

    #[test]
    fn of_long_output_the_start_and_the_end_are_shown() {
        let lines: Vec<u8> = (0..1_000_000).flat_map(|line| format!("{line}\n").into_bytes()).collect();
        let shown = printed(&lines.chunks(32 * 1024).collect::<Vec<_>>());
        assert!(shown.starts_with("0\n1\n2\n"));
        assert!(shown.ends_with("999998\n999999\n"));
        let hidden = lines.len() - cap::SHOWN - cap::TAIL;
        let notice = shown.lines().find(|line| line.contains("bytes not shown")).unwrap();
        let told: usize = notice.split(' ').nth(1).unwrap().parse().unwrap();
        assert!((hidden..hidden + 10).contains(&told), "{told} but {hidden}");
        assert!(shown.len() < cap::SHOWN + cap::TAIL + 100);
    }

    #[test]
    fn output_just_over_the_cap_is_shown_whole() {
        let bytes = vec![b'x'; cap::SHOWN + 10];
        assert_eq!(printed(&[&bytes]).len(), bytes.len());
    }
}
