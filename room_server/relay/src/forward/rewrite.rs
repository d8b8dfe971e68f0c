//! One continuous stream out of many sources: time stamps and VP8 counters of one slot, beside its
//! sequence numbers in [`super::numbering`]. What may switch and when is decided in [`super::outgoing`].

use super::numbering::Numbering;
use super::packet::{Packet, clock_rate};
use crate::drop::Drop;
use crate::ids::{Kind, Seq};
use crate::time::Time;

/// Capture times further than this from what arrival times say are not believed: two paths to
/// the relay differ by tens of milliseconds, and sender reports may lie.
const MAX_SKEW_NANOS: i64 = 500_000_000;

/// Largest step of a time stamp at a switch, in ticks: after a pause of hours the difference must
/// still read as forward modulo 2^32.
const MAX_STEP: i64 = 1 << 30;

/// Least step from one frame to the next in ticks: 20 ms of Opus, or a frame at 30 per second.
const fn frame_ticks(kind: Kind) -> i64 {
    match kind {
        Kind::Audio => 960,
        Kind::Video => 3000,
    }
}

/// VP8 counters as they go out; the descriptor's `patch` writes those that the packet has.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counters {
    /// Picture id, 15 bits.
    pub picture_id: u16,
    /// TL0PICIDX.
    pub tl0: u8,
}

/// What of a packet is different on its way out of a slot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rewritten {
    /// Sequence number, and with it the SRTP index: never given twice by one rewriter.
    pub seq: Seq,
    /// RTP time stamp.
    pub timestamp: u32,
    /// RTP marker bit.
    pub marker: bool,
    /// VP8 counters, for packets that carry a VP8 descriptor.
    pub vp8: Option<Counters>,
    /// First packet of another source, or after a pause: a sender report is due now.
    pub switched: bool,
}

/// The numbering of one slot; lives as long as the slot's SSRC.
#[derive(Clone, Debug)]
pub struct Rewriter {
    kind: Kind,
    numbering: Numbering,
    ts_offset: u32,
    counter_offset: Counters,
    last: Option<Last>,
    /// Ticks by which this run is ahead of its true time, because a frame must follow the one
    /// before it; taken back at the next switch so that it does not add up.
    ahead: i64,
}

/// The newest frame given out: what a switch continues from.
#[derive(Clone, Copy, Debug)]
struct Last {
    timestamp: u32,
    arrival: Time,
    capture: Option<Time>,
    counters: Counters,
}

impl Rewriter {
    /// `random` seeds the first time stamp and the first sequence number. The latter is below 2^15:
    /// a late joiner must not meet a rollover it cannot know of (RFC 3711 section 3.3.1).
    pub fn new(kind: Kind, random: u64) -> Rewriter {
        Rewriter {
            kind,
            numbering: Numbering::new(Seq(random & 0x7fff)),
            ts_offset: (random >> 16) as u32,
            counter_offset: Counters::default(),
            last: None,
            ahead: 0,
        }
    }

    /// Continue with `packet`, of another source or after a pause: the next number, and the time
    /// stamp that its distance from the last frame gives, but at least one frame on.
    pub fn switch(&mut self, packet: &Packet) -> Rewritten {
        let seq = self.numbering.switch(packet.seq);
        if let Some(last) = self.last {
            let step = self.step(&last, packet);
            self.ts_offset = last
                .timestamp
                .wrapping_add(step as u32)
                .wrapping_sub(packet.timestamp);
            let source = counters(packet);
            self.counter_offset = Counters {
                picture_id: last
                    .counters
                    .picture_id
                    .wrapping_add(1)
                    .wrapping_sub(source.picture_id),
                tl0: last.counters.tl0.wrapping_add(1).wrapping_sub(source.tl0),
            };
        }
        let mut rewritten = self.rewritten(seq, packet);
        rewritten.switched = true;
        // RFC 3551 section 4.1: the marker of an audio packet begins a talkspurt, where a
        // receiver may adjust its playout.
        rewritten.marker |= self.kind == Kind::Audio;
        self.remember(&rewritten, packet);
        rewritten
    }

    /// A further packet of the source that was switched to; errors as [`Numbering::forward`].
    pub fn forward(&mut self, packet: &Packet) -> Result<Rewritten, Drop> {
        let numbered = self.numbering.forward(packet.seq)?;
        let rewritten = self.rewritten(numbered.seq, packet);
        if numbered.newest {
            self.remember(&rewritten, packet);
        }
        Ok(rewritten)
    }

    /// A packet of the source that was switched to is not sent: [`Numbering::swallow`].
    pub fn swallow(&mut self, seq: Seq) {
        self.numbering.swallow(seq);
    }

    /// Whether `seq` can be forwarded without another switch: [`Numbering::continues`].
    pub fn continues(&self, seq: Seq) -> bool {
        self.numbering.continues(seq)
    }

    /// The slot's time stamp at `now`, extrapolated from the newest frame; none before the first.
    pub fn timestamp_at(&self, now: Time) -> Option<u32> {
        let last = self.last?;
        let elapsed = nanos(last.capture.unwrap_or(last.arrival), now);
        Some(last.timestamp.wrapping_add(self.ticks(elapsed) as u32))
    }

    fn rewritten(&self, seq: Seq, packet: &Packet) -> Rewritten {
        let source = counters(packet);
        let offset = self.counter_offset;
        Rewritten {
            seq,
            timestamp: packet.timestamp.wrapping_add(self.ts_offset),
            marker: packet.marker,
            vp8: packet.vp8.map(|_| Counters {
                picture_id: source.picture_id.wrapping_add(offset.picture_id) & 0x7fff,
                tl0: source.tl0.wrapping_add(offset.tl0),
            }),
            switched: false,
        }
    }

    fn remember(&mut self, out: &Rewritten, packet: &Packet) {
        let counters = out
            .vp8
            .or(self.last.map(|l| l.counters))
            .unwrap_or_default();
        match &mut self.last {
            // Further packets of a frame come later than it was captured; the first is nearest.
            Some(last) if last.timestamp == out.timestamp => last.counters = counters,
            last => {
                *last = Some(Last {
                    timestamp: out.timestamp,
                    arrival: packet.arrival,
                    capture: packet.capture,
                    counters,
                });
            }
        }
    }

    /// Ticks from the last frame to `packet`, and what that runs ahead of the true time.
    fn step(&mut self, last: &Last, packet: &Packet) -> i64 {
        let frame = frame_ticks(self.kind);
        let truth = self.ticks(elapsed_nanos(last, packet)) - self.ahead;
        let mut step = truth.clamp(frame, MAX_STEP);
        if self.kind == Kind::Audio {
            // Opus decoders count in whole frames; an odd step would be heard as a gap.
            step = (step + frame / 2) / frame * frame;
        }
        self.ahead = (step - truth).clamp(-frame, i64::from(clock_rate(self.kind)));
        step
    }

    fn ticks(&self, nanos: i64) -> i64 {
        (i128::from(nanos) * i128::from(clock_rate(self.kind)) / 1_000_000_000) as i64
    }
}

/// Capture times if both are known and credible, for then two layers of one frame are the same
/// instant whatever their ways took; arrival times otherwise.
fn elapsed_nanos(last: &Last, packet: &Packet) -> i64 {
    let by_arrival = nanos(last.arrival, packet.arrival);
    let by_capture = last
        .capture
        .zip(packet.capture)
        .map(|(from, to)| nanos(from, to));
    by_capture
        .filter(|by_capture| by_capture.abs_diff(by_arrival) <= MAX_SKEW_NANOS as u64)
        .unwrap_or(by_arrival)
}

fn nanos(from: Time, to: Time) -> i64 {
    to.0.wrapping_sub(from.0) as i64
}

fn counters(packet: &Packet) -> Counters {
    packet
        .vp8
        .map_or(Counters::default(), |descriptor| Counters {
            picture_id: descriptor.picture_id.unwrap_or(0),
            tl0: descriptor.tl0.unwrap_or(0),
        })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::forward::packet::testing::{at, audio, picture, video};
    use crate::time::Duration;
    use proptest::prelude::*;

    /// The same packet, received and perhaps captured at these milliseconds.
    fn timed(packet: Packet, arrival: u64, capture: Option<u64>) -> Packet {
        Packet {
            arrival: at(arrival),
            capture: capture.map(at),
            ..packet
        }
    }

    #[test]
    fn begins_where_a_late_joiner_can_follow() {
        for random in [0, u64::MAX, 0x1234_5678_9abc_def0] {
            let first = Rewriter::new(Kind::Video, random).switch(&video(90_000, 5));
            assert_eq!(first.seq, Seq(random & 0x7fff));
            assert!(first.switched);
        }
    }

    #[test]
    fn a_switch_steps_by_the_time_passed_and_at_least_a_frame() {
        for (arrival, captures, expect) in [
            (100, (None, None), 9_000),
            (10, (None, None), 3_000),
            (100, (Some(0), Some(60)), 5_400),
            (100, (Some(0), Some(0)), 3_000), // another layer of the same frame
            (100, (Some(0), None), 9_000),
            (100, (None, Some(60)), 9_000),
            (100, (Some(0), Some(700)), 9_000), // not credible
            (86_400_000, (None, None), MAX_STEP as u32),
        ] {
            let mut rewriter = Rewriter::new(Kind::Video, 0);
            let before = rewriter.switch(&timed(video(1, 77), 0, captures.0));
            let after = rewriter.switch(&timed(video(9, 1 << 31), arrival, captures.1));
            assert_eq!(
                after.timestamp.wrapping_sub(before.timestamp),
                expect,
                "{arrival} {captures:?}"
            );
        }
    }

    #[test]
    fn minimal_steps_do_not_add_up() {
        let mut rewriter = Rewriter::new(Kind::Video, 0);
        let begin = rewriter.switch(&timed(video(1, 0), 0, Some(0)));
        for ms in (0..1_000).step_by(100) {
            // Two layers of the same frame, one after the other.
            rewriter.switch(&timed(video(1, 0), ms + 1, Some(ms)));
            rewriter.switch(&timed(video(1, 0), ms + 2, Some(ms)));
        }
        let end = rewriter.switch(&timed(video(1, 0), 2_000, Some(2_000)));
        assert_eq!(end.timestamp.wrapping_sub(begin.timestamp), 180_000);
    }

    #[test]
    fn audio_steps_by_whole_frames_and_marks_the_begin() {
        for (arrival, expect) in [(20, 960), (1, 960), (29, 960), (31, 1_920), (1_003, 48_000)] {
            let mut rewriter = Rewriter::new(Kind::Audio, 0);
            let before = rewriter.switch(&timed(audio(1, 5), 0, None));
            let after = rewriter.switch(&timed(audio(1, 5), arrival, None));
            assert_eq!(
                after.timestamp.wrapping_sub(before.timestamp),
                expect,
                "{arrival} ms"
            );
            assert!(after.marker);
            assert!(!rewriter.forward(&audio(2, 965)).unwrap().marker);
        }
    }

    #[test]
    fn pictures_count_on() {
        let mut rewriter = Rewriter::new(Kind::Video, 0);
        let counters = |picture_id, tl0| Some(Counters { picture_id, tl0 });
        assert_eq!(
            rewriter.switch(&picture(1, 0, 0x7ffe, 254)).vp8,
            counters(0x7ffe, 254)
        );
        assert_eq!(
            rewriter
                .forward(&picture(2, 3_000, 0x7fff, 255))
                .unwrap()
                .vp8,
            counters(0x7fff, 255)
        );
        assert_eq!(
            rewriter.switch(&picture(900, 7, 500, 9)).vp8,
            counters(0, 0)
        );
        assert_eq!(
            rewriter.forward(&picture(902, 3_007, 502, 10)).unwrap().vp8,
            counters(2, 1)
        );
        assert_eq!(
            rewriter.forward(&picture(901, 7, 501, 9)).unwrap().vp8,
            counters(1, 0)
        ); // late
        assert_eq!(rewriter.switch(&video(5, 0)).vp8, None);
        assert_eq!(rewriter.switch(&picture(5, 0, 40, 40)).vp8, counters(3, 2));
    }

    #[test]
    fn the_clock_runs_on_between_packets() {
        let mut rewriter = Rewriter::new(Kind::Video, 0);
        assert_eq!(rewriter.timestamp_at(at(0)), None);
        let out = rewriter.switch(&timed(video(1, 77), 100, Some(60)));
        assert_eq!(
            rewriter.timestamp_at(at(160)),
            Some(out.timestamp.wrapping_add(9_000))
        );
        assert_eq!(
            rewriter.timestamp_at(at(50)),
            Some(out.timestamp.wrapping_sub(900))
        );
    }

    proptest! {
        /// Frames of changing sources, each 33 ms: time stamps go up with the frames, near the time that passed.
        #[test]
        fn time_goes_on_across_sources(
            runs in prop::collection::vec((any::<u32>(), 1u64..40, 0u64..25, 0u64..400), 1..30), random: u64,
        ) {
            let mut rewriter = Rewriter::new(Kind::Video, random);
            let (mut ms, mut first, mut last) = (0, None, None);
            for (timestamp, frames, delay, pause) in runs {
                ms += pause;
                for frame in 0..frames {
                    let packet = timed(video(frame + 1, timestamp.wrapping_add(frame as u32 * 2_970)), ms + delay, Some(ms));
                    let out = if frame == 0 { rewriter.switch(&packet) } else { rewriter.forward(&packet).unwrap() };
                    let (begin, _) = *first.get_or_insert((out.timestamp, ms));
                    if let Some(last) = last {
                        prop_assert!((out.timestamp.wrapping_sub(last) as i32) > 0);
                    }
                    last = Some(out.timestamp);
                    let truth = (ms * 90) as i64 - first.map_or(0, |(_, begin)| begin * 90) as i64;
                    let error = i64::from(out.timestamp.wrapping_sub(begin)) - truth;
                    prop_assert!((-100..=3_100).contains(&error), "{} ticks off", error);
                    ms += 33;
                }
            }
            let later = at(ms) + Duration::from_millis(10);
            prop_assert!(rewriter.timestamp_at(later).is_some());
        }
    }
}
