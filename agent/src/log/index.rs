//! Where events stand in the file: the offset of every 256th, so that a reader needn't scan from the start.

/// One offset is kept for so many events.
const STRIDE: u64 = 256;

/// Offsets of the events 1, 257, 513 …
#[derive(Debug, Default)]
pub struct Index {
    offsets: Vec<u64>,
}

/// Where to start looking for an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place {
    /// An offset at which a line begins.
    pub offset: u64,
    /// How many lines to skip from there.
    pub lines_to_skip: u64,
}

impl Index {
    /// Notes where an event begins. Events are noted in order, from 1 on.
    pub fn note(&mut self, number: u64, offset: u64) {
        if (number - 1).is_multiple_of(STRIDE) {
            self.offsets.push(offset);
        }
    }

    /// Where to look for an event that has been noted.
    pub fn find(&self, number: u64) -> Option<Place> {
        let block = usize::try_from((number - 1) / STRIDE).ok()?;
        Some(Place { offset: *self.offsets.get(block)?, lines_to_skip: (number - 1) % STRIDE })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_event_is_found_from_the_last_offset_before_it() {
        let mut index = Index::default();
        for number in 1..=600 {
            index.note(number, number * 10);
        }
        let place = |offset, lines_to_skip| Some(Place { offset, lines_to_skip });
        assert_eq!(index.find(1), place(10, 0));
        assert_eq!(index.find(256), place(10, 255));
        assert_eq!(index.find(257), place(2570, 0));
        assert_eq!(index.find(600), place(5130, 87));
        assert_eq!(index.find(769), None);
    }
}
