//! The relay's one timeline. Time is always an argument; `net` makes it from the kernel's clocks.

use std::ops::{Add, Sub};
pub use std::time::Duration;

/// Nanoseconds on the relay's monotonic timeline, the same for all workers of a process.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Time(pub u64);

/// NTP seconds (1900 epoch) that [`Time`] zero stands for in sender reports. Any constant
/// serves: receivers only compare reports of one timeline with each other (RFC 3550 section 6.4.1).
const NTP_BASE_SECONDS: u64 = 0xE000_0000;

impl Time {
    /// Time since `earlier`, zero if `earlier` is later.
    pub fn since(self, earlier: Time) -> Duration {
        Duration::from_nanos(self.0.saturating_sub(earlier.0))
    }

    /// 64-bit NTP time stamp: seconds in the upper, fraction in the lower 32 bits.
    pub fn ntp(self) -> u64 {
        let seconds = self.0 / 1_000_000_000 + NTP_BASE_SECONDS;
        let fraction = ((self.0 % 1_000_000_000) << 32) / 1_000_000_000;
        (seconds << 32) | fraction
    }

    /// abs-send-time: 24 bits, 6.18 fixed-point seconds.
    pub fn abs_send_time(self) -> u32 {
        ((self.ntp() >> 14) & 0x00ff_ffff) as u32
    }
}

impl Add<Duration> for Time {
    type Output = Time;
    fn add(self, d: Duration) -> Time {
        Time(self.0.saturating_add(d.as_nanos() as u64))
    }
}

impl Sub<Duration> for Time {
    type Output = Time;
    fn sub(self, d: Duration) -> Time {
        Time(self.0.saturating_sub(d.as_nanos() as u64))
    }
}
