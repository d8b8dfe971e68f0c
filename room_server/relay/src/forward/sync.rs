//! One NTP timeline for everything the relay sends (RFC 3550 section 6.4.1): a publisher's own
//! NTP and RTP clocks are mapped onto the relay's [`Time`], with one NTP offset for all its tracks,
//! so that lips stay in sync whoever sits on a seat.

use crate::time::Time;

/// Sender reports over which the least delayed is sought: about 10 s of what a browser with three
/// layers and a microphone sends, in which clocks drift apart by less than a millisecond.
const REPORTS: usize = 16;
/// An offset that changes by more than this is a clock being set, not a path being slow.
const STEP: i64 = 1_000_000_000;
/// A report may be delayed by more than [`STEP`] once or twice; this many in a row are a clock that was set back.
const STEP_CONFIRMED: u8 = 3;
/// Reports that put a packet's capture further from its arrival than this are wrong or lies.
const PLAUSIBLE: u64 = 5_000_000_000;

/// Where a publisher's NTP clock stands against the relay's timeline; shared by all its tracks.
#[derive(Clone, Debug, Default)]
pub struct NtpOffset {
    /// Relay time minus publisher's NTP time in nanoseconds, each with the delay of its report.
    offsets: [Option<i64>; REPORTS],
    next: usize,
    set_back: u8,
}

impl NtpOffset {
    /// A sender report with `ntp` (64-bit NTP time stamp) arrived.
    pub fn sender_report(&mut self, ntp: u64, arrival: Time) {
        let offset = (arrival.0 as i64).wrapping_sub(nanos(ntp));
        let change = self.least().map_or(0, |least| offset.saturating_sub(least));
        if change > STEP {
            self.set_back += 1;
            if self.set_back < STEP_CONFIRMED {
                return;
            }
        }
        if change.saturating_abs() > STEP {
            self.offsets = [None; REPORTS];
        }
        self.set_back = 0;
        if let Some(slot) = self.offsets.get_mut(self.next) {
            *slot = Some(offset);
        }
        self.next = (self.next + 1) % REPORTS;
    }

    /// The relay's time at the publisher's NTP time, as if the fastest of its reports had taken no time.
    fn at(&self, ntp_nanos: i64) -> Option<Time> {
        let time = self.least()?.checked_add(ntp_nanos)?;
        u64::try_from(time).ok().map(Time)
    }

    /// Delay only ever adds, so the least offset is the nearest to the truth.
    fn least(&self) -> Option<i64> {
        self.offsets.iter().flatten().min().copied()
    }
}

/// Where one SSRC's RTP clock stands against its publisher's NTP clock.
#[derive(Clone, Debug)]
pub struct RtpClock {
    clock_rate: u32,
    /// NTP nanoseconds and time stamp of the last report.
    last: Option<(i64, u32)>,
}

impl RtpClock {
    /// `clock_rate` in Hz.
    pub fn new(clock_rate: u32) -> RtpClock {
        RtpClock {
            clock_rate,
            last: None,
        }
    }

    /// A sender report of this SSRC: `ntp` and `rtp` are the same instant.
    pub fn sender_report(&mut self, ntp: u64, rtp: u32) {
        self.last = Some((nanos(ntp), rtp));
    }

    /// When a packet with time stamp `rtp` was captured, for `Packet::capture`; `None` while reports are
    /// missing, or where they contradict its `arrival`.
    pub fn capture(&self, rtp: u32, offset: &NtpOffset, arrival: Time) -> Option<Time> {
        let (ntp, reported) = self.last?;
        let ticks = i64::from(rtp.wrapping_sub(reported) as i32);
        let since_report = ticks * 1_000_000_000 / i64::from(self.clock_rate.max(1));
        let capture = offset.at(ntp.checked_add(since_report)?)?;
        (capture.0.abs_diff(arrival.0) <= PLAUSIBLE).then_some(capture)
    }
}

/// Nanoseconds since the NTP epoch; any 64-bit time stamp fits.
fn nanos(ntp: u64) -> i64 {
    let seconds = (ntp >> 32) * 1_000_000_000;
    let fraction = ((ntp & 0xffff_ffff) * 1_000_000_000) >> 32;
    (seconds + fraction) as i64
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::forward::packet::testing::at;
    use crate::time::Duration;
    use proptest::prelude::*;

    /// A publisher whose NTP clock reads `START` seconds at relay time zero.
    const START: u64 = 3_900_000_000;

    fn ntp(ms: u64) -> u64 {
        ((START + ms / 1_000) << 32) | (((ms % 1_000) << 32) / 1_000)
    }

    fn near(a: Option<Time>, b: Time) -> bool {
        a.is_some_and(|a| a.0.abs_diff(b.0) < 10_000)
    }

    #[test]
    fn the_least_delayed_report_counts() {
        let mut offset = NtpOffset::default();
        assert_eq!(offset.at(nanos(ntp(0))), None);
        for (ms, delay) in [(0, 70), (1_000, 20), (2_000, 400), (3_000, 35)] {
            offset.sender_report(ntp(ms), at(ms + delay));
        }
        assert!(near(offset.at(nanos(ntp(5_000))), at(5_020)));
    }

    #[test]
    fn an_old_minimum_is_forgotten_as_clocks_drift() {
        let mut offset = NtpOffset::default();
        for report in 0..40 {
            offset.sender_report(ntp(report * 1_000), at(report * 1_001)); // 1 ms per second slow
        }
        assert!(near(offset.at(nanos(ntp(39_000))), at(39_000 + 39 - 15)));
    }

    #[test]
    fn a_clock_that_is_set_is_followed() {
        for (after, reports) in [(3_600_000, 1), (10_000, 3)] {
            let mut offset = NtpOffset::default();
            offset.sender_report(ntp(60_000), at(60_000));
            for report in 0..reports {
                offset.sender_report(ntp(after + report), at(61_000 + report));
            }
            assert!(near(offset.at(nanos(ntp(after))), at(61_000)), "{after}");
        }
    }

    #[test]
    fn a_late_report_is_not_a_set_clock() {
        let mut offset = NtpOffset::default();
        for (ms, delay) in [
            (0, 20),
            (1_000, 4_000),
            (2_000, 3_000),
            (3_000, 25),
            (9_000, 2_000),
        ] {
            offset.sender_report(ntp(ms), at(ms + delay));
        }
        assert!(near(offset.at(nanos(ntp(9_000))), at(9_020)));
    }

    #[test]
    fn two_tracks_of_one_publisher_meet() {
        let mut offset = NtpOffset::default();
        let (mut voice, mut picture) = (RtpClock::new(48_000), RtpClock::new(90_000));
        assert_eq!(voice.capture(0, &offset, at(0)), None);
        offset.sender_report(ntp(1_000), at(1_030));
        voice.sender_report(ntp(1_000), 0xffff_ff00);
        offset.sender_report(ntp(1_500), at(1_600));
        picture.sender_report(ntp(1_500), 77);
        let half_second_on = 0xffff_ff00_u32.wrapping_add(24_000);
        assert!(near(
            voice.capture(half_second_on, &offset, at(1_550)),
            at(1_530)
        ));
        assert!(near(picture.capture(77, &offset, at(1_590)), at(1_530)));
        assert!(near(
            picture.capture(77u32.wrapping_sub(9_000), &offset, at(1_490)),
            at(1_430)
        ));
    }

    #[test]
    fn reports_that_contradict_arrival_are_not_believed() {
        let mut offset = NtpOffset::default();
        let mut clock = RtpClock::new(90_000);
        offset.sender_report(ntp(0), at(0));
        clock.sender_report(ntp(0), 0);
        assert_eq!(clock.capture(90_000 * 60, &offset, at(1_000)), None);
        assert!(clock.capture(90_000, &offset, at(1_000)).is_some());
    }

    proptest! {
        #[test]
        fn any_report_is_survived(reports in prop::collection::vec((any::<u64>(), any::<u32>(), 0u64..1 << 60), 1..40)) {
            let mut offset = NtpOffset::default();
            let mut clock = RtpClock::new(90_000);
            for (ntp, rtp, arrival) in reports {
                offset.sender_report(ntp, Time(arrival));
                clock.sender_report(ntp, rtp);
                if let Some(capture) = clock.capture(rtp, &offset, Time(arrival)) {
                    prop_assert!(capture.since(Time(arrival)) <= Duration::from_secs(5));
                }
            }
        }
    }
}
