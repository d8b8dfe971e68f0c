use super::*;
use crate::forward::packet::testing::{at, audio, picture, source, video};
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
fn another_track_goes_on_by_arrival_whatever_its_way_took() {
    let mut rewriter = Rewriter::new(Kind::Audio, 0);
    let before = rewriter.switch(&timed(audio(1, 77), 50, Some(30)));
    let other = Packet {
        source: source(2, 0),
        ..audio(9, 5)
    };
    let after = rewriter.switch(&timed(other, 90, Some(0)));
    assert_eq!(after.timestamp.wrapping_sub(before.timestamp), 2 * 960);
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
    let counters = |picture, tl0| Some(Counters { picture, tl0 });
    assert_eq!(
        rewriter.switch(&picture(1, 0, 0x7ffe, 254)).counters,
        counters(0x7ffe, 254)
    );
    assert_eq!(
        rewriter
            .forward(&picture(2, 3_000, 0x7fff, 255))
            .unwrap()
            .counters,
        counters(0x7fff, 255)
    );
    assert_eq!(
        rewriter.switch(&picture(900, 7, 500, 9)).counters,
        counters(0, 0)
    );
    assert_eq!(
        rewriter
            .forward(&picture(902, 3_007, 502, 10))
            .unwrap()
            .counters,
        counters(2, 1)
    );
    assert_eq!(
        rewriter.forward(&picture(901, 7, 501, 9)).unwrap().counters,
        counters(1, 0)
    ); // late
    assert_eq!(rewriter.switch(&video(5, 0)).counters, None);
    assert_eq!(
        rewriter.switch(&picture(5, 0, 40, 40)).counters,
        counters(3, 2)
    );
}

/// A packet with a dependency descriptor.
fn frame(seq: u64, number: u16) -> Packet {
    let [high, low] = number.to_be_bytes();
    Packet {
        codec: Codec::Av1,
        dependency: Some(Box::new([0x80, high, low])),
        ..video(seq, 0)
    }
}

#[test]
fn each_codec_counts_on_where_it_stopped() {
    let mut rewriter = Rewriter::new(Kind::Video, 0);
    let vp9 = |seq, id, tl0| Packet {
        codec: Codec::Vp9,
        ..picture(seq, 0, id, tl0)
    };
    let mut switch = |packet| {
        let counters = rewriter.switch(&packet).counters;
        counters.map(|c| (c.picture, c.tl0))
    };
    assert_eq!(switch(picture(1, 0, 100, 10)), Some((100, 10)));
    assert_eq!(switch(vp9(7, 5, 5)), Some((1, 1)));
    assert_eq!(switch(frame(9, 0xffff)), Some((1, 1)));
    let h264 = Packet {
        codec: Codec::H264,
        ..video(3, 0)
    };
    assert_eq!(switch(h264), None);
    assert_eq!(switch(picture(1, 0, 9, 9)), Some((101, 11)));
    assert_eq!(switch(frame(2, 40_000)), Some((2, 2)));
    assert_eq!(switch(vp9(2, 0x7fff, 0)), Some((2, 2)));
}

#[test]
fn frame_numbers_have_16_bits() {
    let mut rewriter = Rewriter::new(Kind::Video, 0);
    let number = |out: Rewritten| out.counters.unwrap().picture;
    assert_eq!(number(rewriter.switch(&frame(1, 0x7fff))), 0x7fff);
    assert_eq!(number(rewriter.forward(&frame(2, 0x8000)).unwrap()), 0x8000);
    assert_eq!(number(rewriter.switch(&frame(1, 3))), 0x8001);
}

#[test]
fn parameter_sets_have_the_number_before() {
    let mut rewriter = Rewriter::new(Kind::Video, 5);
    let key = |seq, timestamp| Packet {
        codec: Codec::H264,
        parameter_sets: Some([0x78].into()),
        ..video(seq, timestamp)
    };
    for (begin, first) in [(40, 6), (9, 9)] {
        let packet = key(begin, 700);
        let out = rewriter.switch(&packet);
        let sets = out.preceding(&packet).unwrap();
        assert_eq!((sets.seq, out.seq), (Seq(first - 1), Seq(first)));
        assert_eq!((sets.timestamp, sets.marker), (out.timestamp, false));
        assert!(sets.parameter_sets && !out.parameter_sets);
        // A source packet that comes late has no claim to that number; a further keyframe needs none.
        assert_eq!(rewriter.forward(&video(begin - 1, 0)), Err(Drop::TooOld));
        let next = key(begin + 1, 3_700);
        let out = rewriter.forward(&next).unwrap();
        assert_eq!((out.seq, out.preceding(&next)), (Seq(first + 1), None));
    }
}

#[test]
fn a_drill_crosses_every_wrap() {
    let mut rewriter = Rewriter::near_wraps(Kind::Video);
    let mut wrapped = [false; 4];
    let mut last = rewriter.switch(&picture(70_000, 77, 500, 9));
    for frame in 1..200 {
        let packet = picture(
            70_000 + frame,
            77 + frame as u32 * 4_500,
            500 + frame as u16,
            9 + frame as u8,
        );
        let out = rewriter.forward(&packet).unwrap();
        let (old, new) = (last.counters.unwrap(), out.counters.unwrap());
        let lower = [
            out.seq.wire() < last.seq.wire(),
            out.timestamp < last.timestamp,
            new.picture < old.picture,
            new.tl0 < old.tl0,
        ];
        for (wrapped, lower) in wrapped.iter_mut().zip(lower) {
            *wrapped |= lower;
        }
        last = out;
    }
    assert_eq!(wrapped, [true; 4]);
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
