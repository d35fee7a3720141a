//! The last records, in memory. Pure.

use std::collections::VecDeque;
use std::sync::Arc;

use super::{Filter, Page, Record};

/// How many records are held.
pub const HELD: usize = 4096;

/// How many bytes they may have together: clients choose how long paths are, so that fewer records may be held.
const HELD_BYTES: usize = 4 << 20;

/// The last records.
#[derive(Debug, Default)]
pub struct Ring {
    records: VecDeque<Arc<Record>>,
    bytes: usize,
}

impl Ring {
    /// Adds the newest one.
    pub fn push(&mut self, record: Arc<Record>) {
        self.bytes += record.bytes();
        self.records.push_back(record);
        while self.records.len() > HELD || self.bytes > HELD_BYTES {
            let Some(oldest) = self.records.pop_front() else { return };
            self.bytes -= oldest.bytes();
        }
    }

    /// Up to `limit` records after a number.
    pub fn after(&self, number: u64, filter: &Filter, limit: usize) -> Page {
        let first = self.records.front().map_or(number + 1, |record| record.number);
        let start = self.records.partition_point(|record| record.number <= number);
        let mut last = number;
        let mut records = Vec::new();
        for record in self.records.range(start..) {
            if filter.takes(record) {
                if records.len() == limit {
                    break;
                }
                records.push(Arc::clone(record));
            }
            last = record.number;
        }
        Page { records, last, gap: first > number + 1 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ring(count: u64) -> Ring {
        let mut ring = Ring::default();
        (1..=count).for_each(|number| {
            let host = if number % 2 == 0 { "even.example" } else { "odd.example" };
            ring.push(Arc::new(Record { number, host: host.to_owned(), ..Record::default() }));
        });
        ring
    }

    #[test]
    fn what_follows_a_number_is_told_without_a_gap() {
        let page = ring(5).after(3, &Filter::default(), 10);
        assert_eq!(page.records.iter().map(|record| record.number).collect::<Vec<_>>(), [4, 5]);
        assert!(!page.gap);
        assert_eq!(page.last, 5);
        assert_eq!(ring(0).after(7, &Filter::default(), 10).last, 7);
    }

    #[test]
    fn what_is_gone_is_said_to_be() {
        let page = ring(HELD as u64 + 10).after(3, &Filter::default(), 1);
        assert!(page.gap);
        assert_eq!(page.records[0].number, 11);
    }

    #[test]
    fn long_paths_take_no_more_memory_than_short_ones() {
        let mut ring = Ring::default();
        let path = "/".repeat(64 * 1024);
        (1..=1000).for_each(|number| {
            ring.push(Arc::new(Record { number, path: Some(path.clone()), ..Record::default() }));
        });
        let page = ring.after(0, &Filter::default(), HELD);
        let held: usize = page.records.iter().filter_map(|record| record.path.as_ref()).map(String::len).sum();
        assert!(held <= HELD_BYTES && page.records.len() > 50 && page.gap, "{} records", page.records.len());
        assert_eq!(page.records.last().map(|record| record.number), Some(1000));
    }

    #[test]
    fn a_filter_is_no_reason_to_ask_again_for_what_was_looked_at() {
        let filter = Filter { host: Some("even.example".to_owned()), ..Filter::default() };
        let page = ring(5).after(0, &filter, 10);
        assert_eq!((page.records.len(), page.last), (2, 5));
        let page = ring(5).after(0, &filter, 1);
        assert_eq!((page.records.len(), page.last), (1, 3));
    }
}
