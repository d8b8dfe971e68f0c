//! One received SSRC of a publisher: what has come, what is missing, what to report.

use super::rate::RateMeter;
use super::window::{Insert, Window, extend};
use crate::drop::Drop;
use crate::ids::Seq;
use crate::repair::nack::NackList;
use crate::time::{Duration, Time};

/// A layer without a packet for this long is not being sent: the slowest source, a screen at
/// 5 frames per second, still has five packets in it.
pub const ACTIVE: Duration = Duration::from_secs(1);

/// What a report block says of one SSRC (RFC 3550 section 6.4.1).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Reception {
    /// Fraction lost since the last report, in 256ths.
    pub fraction_lost: u8,
    /// Packets lost since the start, clamped to 24 bits with sign.
    pub cumulative_lost: i32,
    /// Extended highest sequence number received, lower 32 bits.
    pub highest: u32,
    /// Interarrival jitter in RTP clock ticks.
    pub jitter: u32,
    /// Middle 32 bits of the NTP time stamp of the last sender report; 0 if none came.
    pub last_sr: u32,
    /// Time since that report in 1/65536 s; 0 if none came.
    pub delay_since_last_sr: u32,
}

/// Arrival and RTP time further apart than this say that one of the clocks leapt, not that the path jitters.
const MAX_JITTER_SECONDS: u32 = 5;

/// The state of one received SSRC.
#[derive(Clone, Debug)]
pub struct Incoming {
    clock_rate: u32,
    repair: bool,
    seen: Window,
    /// What to ask the publisher for again; the user calls `due` and tells it of keyframes.
    pub nacks: NackList,
    rate: RateMeter,
    last_packet: Option<Time>,
    first: Option<Seq>,
    /// Packets of the SSRC itself: what came by retransmission was lost on the way.
    received: u64,
    /// Expected and received at the last report.
    reported: (u64, u64),
    /// Arrival in ticks and time stamp of the newest frame's first packet.
    transit: Option<(u32, u32)>,
    /// In 1/16 ticks.
    jitter: u32,
    last_sr: Option<(u32, Time)>,
}

impl Incoming {
    /// `clock_rate` in Hz; `repair`: whether the publisher answers NACK on this SSRC.
    pub fn new(clock_rate: u32, repair: bool) -> Incoming {
        Incoming {
            clock_rate,
            repair,
            seen: Window::default(),
            nacks: NackList::default(),
            rate: RateMeter::default(),
            last_packet: None,
            first: None,
            received: 0,
            reported: (0, 0),
            transit: None,
            jitter: 0,
            last_sr: None,
        }
    }

    /// A packet of the SSRC itself, `seq` as the SRTP layer extended it, `bytes` of payload.
    /// `Duplicate` if a retransmission was faster, `TooOld` if nothing is known of it any more.
    pub fn receive(
        &mut self,
        seq: Seq,
        timestamp: u32,
        bytes: usize,
        arrival: Time,
    ) -> Result<(), Drop> {
        let insert = self.take(seq, bytes, arrival)?;
        self.received += 1;
        if matches!(insert, Insert::Ahead(_)) {
            self.measure_jitter(timestamp, arrival);
        }
        Ok(())
    }

    /// A retransmission (RFC 4588) that carries the original number `original`; its extended number if it
    /// was missing. Those that repeat what is here (browsers probe with them) are `Duplicate` and not counted.
    pub fn repaired(&mut self, original: u16, bytes: usize, arrival: Time) -> Result<Seq, Drop> {
        // Without any packet of the SSRC itself the rollover count is unknown.
        let highest = self.seen.highest().ok_or(Drop::TooOld)?;
        let seq = extend(original, highest);
        self.take(seq, bytes, arrival)?;
        Ok(seq)
    }

    /// A sender report of this SSRC came.
    pub fn sender_report(&mut self, ntp: u64, arrival: Time) {
        self.last_sr = Some(((ntp >> 16) as u32, arrival));
    }

    /// The figures for the next receiver report; none before the first packet. Starts the next interval.
    pub fn report(&mut self, now: Time) -> Option<Reception> {
        let highest = self.seen.highest()?;
        let expected = highest.0 - self.first?.0 + 1;
        let (expected_before, received_before) = self.reported;
        self.reported = (expected, self.received);
        let (last_sr, delay) = self.last_sr.unwrap_or((0, now));
        let since_sr = now.since(delay).as_nanos() * 0x1_0000 / 1_000_000_000;
        Some(Reception {
            fraction_lost: fraction(expected - expected_before, self.received - received_before),
            cumulative_lost: (expected as i64 - self.received as i64).clamp(-0x80_0000, 0x7f_ffff)
                as i32,
            highest: (highest.0 & 0xffff_ffff) as u32,
            jitter: self.jitter / 16,
            last_sr,
            delay_since_last_sr: u32::try_from(since_sr).unwrap_or(u32::MAX),
        })
    }

    /// Highest number so far.
    pub fn highest(&self) -> Option<Seq> {
        self.seen.highest()
    }

    /// Whether the publisher is sending this layer now.
    pub fn active(&self, now: Time) -> bool {
        self.last_packet.is_some_and(|t| now.since(t) <= ACTIVE)
    }

    /// Payload bits per second, without what came twice.
    pub fn bps(&self, now: Time) -> u64 {
        self.rate.bps(now)
    }

    fn take(&mut self, seq: Seq, bytes: usize, arrival: Time) -> Result<Insert, Drop> {
        let insert = self.seen.insert(seq);
        match insert {
            Insert::Ahead(passed_over) if self.repair => {
                self.nacks
                    .passed_over(Seq(seq.0 - passed_over), seq, arrival);
            }
            Insert::Ahead(_) => {}
            Insert::Behind => self.nacks.arrived(seq),
            Insert::Duplicate => return Err(Drop::Duplicate),
            Insert::TooOld => return Err(Drop::TooOld),
        }
        self.first = Some(self.first.map_or(seq, |first| first.min(seq)));
        self.rate.add(bytes, arrival);
        self.last_packet = self.last_packet.max(Some(arrival));
        Ok(insert)
    }

    /// RFC 3550 appendix A.8, over the first packets of frames: the others of a frame share its
    /// time stamp but leave the encoder, and a pacer, later.
    fn measure_jitter(&mut self, timestamp: u32, arrival: Time) {
        let ticks = (u128::from(arrival.0) * u128::from(self.clock_rate) / 1_000_000_000) as u32;
        let before = self.transit.replace((ticks, timestamp));
        let Some((last_ticks, last_timestamp)) = before else {
            return;
        };
        if last_timestamp == timestamp {
            self.transit = before;
            return;
        }
        let apart = ticks
            .wrapping_sub(last_ticks)
            .wrapping_sub(timestamp.wrapping_sub(last_timestamp));
        let apart = (apart as i32).unsigned_abs();
        if apart <= self.clock_rate * MAX_JITTER_SECONDS {
            self.jitter = self.jitter + apart - (self.jitter + 8) / 16;
        }
    }
}

/// Lost of `expected` in 256ths; none if more came than was expected.
fn fraction(expected: u64, received: u64) -> u8 {
    let lost = expected.saturating_sub(received);
    (lost * 256).checked_div(expected).unwrap_or(0).min(255) as u8
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::forward::packet::testing::at;
    use proptest::prelude::*;

    fn incoming() -> Incoming {
        Incoming::new(90_000, true)
    }

    #[test]
    fn reports_count_what_the_network_lost() {
        let mut incoming = incoming();
        for seq in (0x1_fff0..0x2_0010).filter(|seq| seq % 4 != 3) {
            incoming.receive(Seq(seq), 0, 100, at(0)).unwrap();
        }
        assert_eq!(incoming.repaired(0xfff3, 100, at(1)), Ok(Seq(0x1_fff3)));
        let report = incoming.report(at(10)).unwrap();
        // The last of 32 was lost and is not yet known to be.
        assert_eq!(
            (report.cumulative_lost, report.fraction_lost),
            (7, (7 * 256 / 31) as u8)
        );
        assert_eq!(report.highest, 0x2_000e);
        incoming.receive(Seq(0x2_000f), 0, 100, at(0)).unwrap();
        incoming.receive(Seq(0x1_fff7), 0, 100, at(0)).unwrap();
        let report = incoming.report(at(10)).unwrap();
        assert_eq!((report.cumulative_lost, report.fraction_lost), (6, 0));
    }

    #[test]
    fn nothing_to_report_before_the_first_packet() {
        assert_eq!(incoming().report(at(5)), None);
        assert_eq!(incoming().repaired(5, 100, at(5)), Err(Drop::TooOld));
        assert!(!incoming().active(at(0)));
    }

    #[test]
    fn reports_name_the_last_sender_report() {
        let mut incoming = incoming();
        incoming.receive(Seq(1), 0, 100, at(0)).unwrap();
        assert_eq!(incoming.report(at(0)).unwrap().last_sr, 0);
        incoming.sender_report(0x1122_3344_5566_7788, at(500));
        let report = incoming.report(at(2_000)).unwrap();
        assert_eq!(
            (report.last_sr, report.delay_since_last_sr),
            (0x3344_5566, 0x1_8000)
        );
    }

    #[test]
    fn jitter_is_that_of_frames() {
        let mut incoming = incoming();
        for frame in 0..200u64 {
            let late = frame % 2 * 10; // every other frame 10 ms late: 900 ticks
            for packet in 0..3 {
                let seq = Seq(frame * 3 + packet);
                incoming
                    .receive(
                        seq,
                        frame as u32 * 3_000,
                        100,
                        at(frame * 100 / 3 + late + packet),
                    )
                    .unwrap();
            }
        }
        let jitter = incoming.report(at(9_000)).unwrap().jitter;
        assert!((850..=950).contains(&jitter), "{jitter}");
    }

    #[test]
    fn a_leap_of_the_clock_is_no_jitter() {
        let mut incoming = incoming();
        incoming.receive(Seq(1), 0, 100, at(0)).unwrap();
        incoming.receive(Seq(2), 0x8000_0000, 100, at(33)).unwrap();
        assert_eq!(incoming.report(at(40)).unwrap().jitter, 0);
    }

    #[test]
    fn probing_with_duplicates_is_not_bitrate() {
        let mut incoming = incoming();
        for ms in 0..1_000u64 {
            incoming.receive(Seq(ms), 0, 125, at(ms)).unwrap();
            assert_eq!(
                incoming.repaired(ms as u16, 125, at(ms)),
                Err(Drop::Duplicate)
            );
        }
        let bps = incoming.bps(at(999));
        assert!((950_000..=1_050_000).contains(&bps), "{bps}");
        assert!(incoming.active(at(1_999)));
        assert!(!incoming.active(at(2_001)));
    }

    #[test]
    fn asks_for_what_was_passed_over_until_it_comes() {
        let mut incoming = incoming();
        for seq in [10, 14, 12] {
            incoming.receive(Seq(seq), 0, 100, at(0)).unwrap();
        }
        incoming.repaired(13, 100, at(5)).unwrap();
        let mut due = Vec::new();
        incoming
            .nacks
            .due(at(50), Duration::from_millis(20), &mut due);
        assert_eq!(due, [Seq(11)]);
    }

    proptest! {
        #[test]
        fn each_packet_counts_once(order in prop::collection::vec((0u64..300, any::<bool>()), 1..400)) {
            let mut incoming = incoming();
            let mut taken = std::collections::HashSet::new();
            for (seq, by_rtx) in order {
                let seq = Seq(0xfff0 + seq);
                let new = if by_rtx {
                    incoming.repaired(seq.wire(), 10, at(0)).is_ok_and(|extended| extended == seq)
                } else {
                    incoming.receive(seq, 0, 10, at(0)).is_ok()
                };
                prop_assert!(!new || taken.insert(seq));
            }
            let Some(report) = incoming.report(at(1)) else { return Ok(()) };
            prop_assert!(report.cumulative_lost >= 0);
        }
    }
}
