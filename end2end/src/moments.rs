//! Pauses for tests that break something at any moment: all over the range, and the same in every run.

use std::time::Duration;

/// See the module.
#[derive(Debug)]
pub struct Moments {
    state: u32,
    longest: Duration,
}

impl Moments {
    /// Pauses up to a length.
    pub fn up_to(longest: Duration) -> Self {
        Self { state: 0x9e37_79b9, longest }
    }

    /// Waits for the next of them. That it is any moment is the point: there is no event to wait for.
    pub async fn pass(&mut self) {
        self.state = self.state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        tokio::time::sleep(self.longest.mul_f64(f64::from(self.state) / f64::from(u32::MAX))).await;
    }
}
