//! The one place that reads the machine's clocks.
#![allow(
    clippy::disallowed_methods,
    reason = "everybody else is told the time by this file"
)]

use crate::time::{Duration, Time};
use std::time::{Instant, SystemTime, UNIX_EPOCH};

/// The relay's timeline: monotonic, the same for all workers of a process.
#[derive(Clone, Copy, Debug)]
pub struct Clock {
    start: Instant,
}

/// How the kernel's stamps, which follow the wall clock, map to the timeline at this moment.
#[derive(Clone, Copy, Debug)]
pub struct Moment {
    /// Now, on the timeline.
    pub now: Time,
    /// Now, in nanoseconds since 1970.
    wall: u64,
}

/// A stamp older than this means that the wall clock was set, not that the packet waited.
const OLDEST: Duration = Duration::from_secs(2);

/// Time zero is in the past, so that "long ago" can be told from "never".
const EPOCH: Duration = Duration::from_secs(3600);

impl Clock {
    /// A timeline that begins now.
    pub fn start() -> Clock {
        Clock {
            start: Instant::now(),
        }
    }

    /// Now.
    pub fn now(&self) -> Time {
        Time(EPOCH.as_nanos() as u64 + self.start.elapsed().as_nanos() as u64)
    }

    /// Both clocks together, to map a batch's stamps.
    pub fn moment(&self) -> Moment {
        let wall = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .unwrap_or_default()
            .as_nanos() as u64;
        Moment {
            now: self.now(),
            wall,
        }
    }
}

impl Moment {
    /// The timeline's time of a kernel stamp in nanoseconds since 1970; now, if it makes no sense.
    pub fn arrival(&self, stamp: Option<u64>) -> Time {
        match stamp.and_then(|stamp| self.wall.checked_sub(stamp)) {
            Some(age) if age < OLDEST.as_nanos() as u64 => Time(self.now.0.saturating_sub(age)),
            _ => self.now,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stamps_map_to_the_timeline() {
        let moment = Moment {
            now: Time(5_000_000_000),
            wall: 1_700_000_000_000_000_000,
        };
        assert_eq!(
            moment.arrival(Some(moment.wall - 30_000_000)),
            Time(4_970_000_000)
        );
        assert_eq!(moment.arrival(None), moment.now);
        assert_eq!(
            moment.arrival(Some(moment.wall + 1)),
            moment.now,
            "the wall clock was set back"
        );
        assert_eq!(
            moment.arrival(Some(moment.wall - 3_600_000_000_000)),
            moment.now
        );
    }
}
