//! Bits per second over the last half second to second.

use crate::time::{Duration, Time};

/// Buckets of the sliding second: a rate moves in steps of a tenth.
const BUCKETS: usize = 10;
const BUCKET: Duration = Duration::from_millis(100);

/// Bitrate over a sliding second. A stream younger than that is measured over its own age, but
/// not less than half a second, so that a keyframe at the start is not taken for the rate.
#[derive(Clone, Debug, Default)]
pub struct RateMeter {
    buckets: [u32; BUCKETS],
    /// Number of the newest bucket since the start of the timeline.
    newest: u64,
    started: Option<Time>,
    total: u64,
}

impl RateMeter {
    /// Count `bytes` at `now`.
    pub fn add(&mut self, bytes: usize, now: Time) {
        if self.expire(now) {
            self.started = Some(now);
        }
        let index = (self.newest % BUCKETS as u64) as usize;
        if let Some(bucket) = self.buckets.get_mut(index) {
            *bucket = bucket.saturating_add(bytes as u32);
            self.total += bytes as u64;
        }
    }

    /// Bits per second up to `now`.
    pub fn bps(&self, now: Time) -> u64 {
        let mut at_now = self.clone();
        if at_now.expire(now) {
            return 0;
        }
        let span = BUCKET * BUCKETS as u32;
        let age = self
            .started
            .map_or(span, |s| now.since(s))
            .clamp(span / 2, span);
        at_now.total * 8_000 / age.as_millis() as u64
    }

    /// Empty the buckets that have become too old; true if nothing is left.
    fn expire(&mut self, now: Time) -> bool {
        let number = now.0 / BUCKET.as_nanos() as u64;
        let passed = number.saturating_sub(self.newest).min(BUCKETS as u64);
        for step in 1..=passed {
            let index = ((self.newest + step) % BUCKETS as u64) as usize;
            if let Some(bucket) = self.buckets.get_mut(index) {
                self.total -= u64::from(std::mem::take(bucket));
            }
        }
        self.newest = self.newest.max(number);
        self.total == 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(ms: u64) -> Time {
        Time(ms * 1_000_000)
    }

    #[test]
    fn a_steady_stream_is_measured_within_a_tenth() {
        let mut meter = RateMeter::default();
        for ms in (5_000..8_000).step_by(20) {
            meter.add(250, at(ms)); // 100 kbit/s
        }
        let bps = meter.bps(at(8_000));
        assert!((90_000..=110_000).contains(&bps), "{bps}");
        assert_eq!(meter.bps(at(9_100)), 0);
    }

    #[test]
    fn a_young_stream_is_not_a_burst() {
        let mut meter = RateMeter::default();
        meter.add(10_000, at(1_000));
        assert_eq!(meter.bps(at(1_001)), 160_000);
        assert_eq!(meter.bps(at(1_800)), 100_000);
    }

    #[test]
    fn a_stream_that_returns_starts_anew() {
        let mut meter = RateMeter::default();
        meter.add(1_000, at(0));
        meter.add(1_000, at(60_000));
        assert_eq!(meter.bps(at(60_500)), 16_000);
    }
}
