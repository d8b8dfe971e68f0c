use super::*;
use crate::forward::packet::testing::at;
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
    let (mut voice, mut picture) = (RtpClock::new(Kind::Audio), RtpClock::new(Kind::Video));
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
    let mut clock = RtpClock::new(Kind::Video);
    offset.sender_report(ntp(0), at(0));
    clock.sender_report(ntp(0), 0);
    assert_eq!(clock.capture(90_000 * 60, &offset, at(1_000)), None);
    assert!(clock.capture(90_000, &offset, at(1_000)).is_some());
}

/// A voice whose packets take 30 ms, and whose clock reads the relay's milliseconds less `behind`.
struct Voice {
    offset: NtpOffset,
    clock: RtpClock,
    behind: u64,
}

impl Voice {
    fn new() -> Voice {
        let mut voice = Voice {
            offset: NtpOffset::default(),
            clock: RtpClock::new(Kind::Audio),
            behind: 0,
        };
        voice.report(0);
        voice
    }

    fn report(&mut self, ms: u64) {
        self.offset.sender_report(ntp(ms), at(ms));
        let rtp = (ms - self.behind) * 48;
        self.clock.sender_report(ntp(ms), rtp as u32);
    }

    /// How long before its arrival a packet of this moment is said to have been captured, in milliseconds.
    fn late(&mut self, ms: u64, delay: u64) -> u64 {
        let (rtp, arrival) = ((ms - self.behind) * 48, at(ms + delay));
        let capture = self.clock.capture(rtp as u32, &self.offset, arrival);
        (arrival.0 - capture.unwrap().0) / 1_000_000
    }

    fn speak(&mut self, from: u64, to: u64) {
        for ms in (from..to).step_by(20) {
            assert_eq!(self.late(ms, 30), 30, "{ms}");
        }
    }
}

#[test]
fn a_clock_that_stood_still_through_a_pause_is_found_out() {
    let mut voice = Voice::new();
    voice.speak(20, 1_000);
    voice.report(1_500); // from within the pause, which no clock shows yet
    voice.behind = 2_000;
    voice.speak(3_000, 4_000);
    voice.report(4_000);
    voice.speak(4_000, 5_000);
    assert!(!voice.clock.stood_still);
}

#[test]
fn a_clock_that_ran_through_a_pause_is_believed() {
    let mut voice = Voice::new();
    voice.speak(20, 1_000);
    voice.speak(3_000, 3_020);
    // The first packet after the next pause is held up on the way, and those behind it are not.
    assert_eq!(voice.late(4_000, 130), 30);
    voice.speak(4_120, 5_000);
    // A path that becomes slower, without any pause.
    for ms in (5_000..10_000).step_by(20) {
        let delay = 30 + (ms - 5_000) / 10;
        assert_eq!(voice.late(ms, delay), delay);
    }
}

#[test]
fn a_picture_is_as_old_as_its_time_stamp_says() {
    let (mut offset, mut clock) = (NtpOffset::default(), RtpClock::new(Kind::Video));
    offset.sender_report(ntp(0), at(0));
    clock.sender_report(ntp(0), 0);
    for (ms, delay) in [(0, 20), (40, 20), (1_000, 400), (1_040, 360)] {
        let capture = clock.capture(ms * 90, &offset, at(u64::from(ms + delay)));
        assert!(near(capture, at(u64::from(ms))));
    }
}

proptest! {
    #[test]
    fn any_report_is_survived(reports in prop::collection::vec((any::<u64>(), any::<u32>(), 0u64..1 << 60), 1..40)) {
        let mut offset = NtpOffset::default();
        let mut clock = RtpClock::new(Kind::Audio);
        for (ntp, rtp, arrival) in reports {
            offset.sender_report(ntp, Time(arrival));
            clock.sender_report(ntp, rtp);
            if let Some(capture) = clock.capture(rtp, &offset, Time(arrival)) {
                prop_assert!(capture.since(Time(arrival)) <= Duration::from_secs(5));
            }
        }
    }
}
