//! The table that a benchmark prints: figures, their limits, and which of them missed theirs.

/// The rows that were printed so far.
#[derive(Debug, Default)]
pub struct Table {
    missed: u32,
}

impl Table {
    /// How many figures missed their limits.
    pub fn missed(&self) -> u32 {
        self.missed
    }

    /// A figure that others are read against.
    pub fn note(&self, what: &str, measured: f64, unit: &str) {
        println!("{what:<58} {measured:>10.2} {unit}");
    }

    /// A figure that is to be at most so large.
    pub fn at_most(&mut self, what: &str, measured: f64, unit: &str, limit: f64) {
        self.row(what, measured, unit, &format!("at most {limit:>9.2}"), measured <= limit);
    }

    /// A figure that is to be at least so large.
    pub fn at_least(&mut self, what: &str, measured: f64, unit: &str, limit: f64) {
        self.row(what, measured, unit, &format!("at least {limit:>8.2}"), measured >= limit);
    }

    fn row(&mut self, what: &str, measured: f64, unit: &str, limit: &str, holds: bool) {
        self.missed += u32::from(!holds);
        println!("{what:<58} {measured:>10.2} {unit:<6} {limit}  {}", if holds { "ok" } else { "MISSED" });
    }
}

/// The value in the middle; of an even number of them the larger one there.
pub fn median(values: &mut [f64]) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}
