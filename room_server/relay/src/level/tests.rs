//! Stages of voices, hum and lies, played in packets of 20 ms.

use super::*;
use crate::forward::packet::testing::at;
use proptest::prelude::*;

/// Plays levels on seats 1, 2, ... in packets of 20 ms and polls every 100 ms.
struct Stage {
    detector: SpeakerDetector,
    ms: u64,
}

const SPEECH: u8 = 30;
const PAUSE: u8 = 70;

impl Stage {
    fn new() -> Stage {
        Stage {
            detector: SpeakerDetector::default(),
            ms: 1_000,
        }
    }

    /// Who is active after `ms` milliseconds of these -dBov (`None`: no packets), and how often that changed.
    fn play(&mut self, ms: u64, levels: &[Option<u8>]) -> (Option<u16>, usize) {
        self.play_with(ms, |_| levels.to_vec())
    }

    fn play_with(
        &mut self,
        ms: u64,
        levels: impl Fn(u64) -> Vec<Option<u8>>,
    ) -> (Option<u16>, usize) {
        let (end, mut changes) = (self.ms + ms, 0);
        while self.ms < end {
            self.ms += 20;
            for (seat, level) in (1..).zip(levels(self.ms)) {
                let Some(dbov) = level else { continue };
                self.detector
                    .hear(SeatId(seat), Level { dbov, voice: true }, at(self.ms));
            }
            if self.ms.is_multiple_of(100) {
                changes += usize::from(self.detector.poll(at(self.ms)));
            }
        }
        (self.detector.active().map(|seat| seat.0), changes)
    }
}

/// Words of 400 ms with pauses of 200 ms.
fn talk(ms: u64) -> u8 {
    if ms % 600 < 400 { SPEECH } else { PAUSE }
}

#[test]
fn a_turn_is_taken_after_the_attack_and_kept_through_pauses() {
    let mut stage = Stage::new();
    assert_eq!(stage.play(200, &[Some(SPEECH), Some(PAUSE)]), (None, 0));
    assert_eq!(stage.play(600, &[Some(SPEECH), Some(PAUSE)]), (Some(1), 1));
    assert_eq!(stage.play(5_000, &[Some(PAUSE), Some(PAUSE)]), (Some(1), 0));
    assert_eq!(stage.play(200, &[Some(PAUSE), Some(SPEECH)]), (Some(1), 0)); // "mhm"
    assert_eq!(stage.play(1_000, &[Some(PAUSE), Some(PAUSE)]), (Some(1), 0));
    assert_eq!(stage.play(800, &[Some(PAUSE), Some(SPEECH)]), (Some(2), 1));
}

#[test]
fn whoever_starts_talking_is_noticed_within_a_word_or_two() {
    // Clear, quiet and far voices in words with nothing between them; a steady sound, too, at first.
    for (level, word, within) in [
        (20, 300, 500),
        (30, 200, 600),
        (40, 250, 600),
        (45, 300, 700),
        (30, u64::MAX, 500),
    ] {
        for phase in [0, 20, 40, 60, 80] {
            let mut stage = Stage::new();
            stage.play(1_000 + phase, &[None, Some(127)]);
            let begin = stage.ms;
            let voice = |ms: u64| {
                if (ms - begin - 20) % word.saturating_add(150) < word {
                    level
                } else {
                    127
                }
            };
            let heard = stage.play_with(within, |ms| vec![None, Some(voice(ms))]);
            assert_eq!(
                heard,
                (Some(2), 1),
                "{level} dB, words of {word} ms, {phase} ms"
            );
            assert_eq!(
                stage.play_with(2_000, |ms| vec![Some(127), Some(voice(ms))]),
                (Some(2), 0)
            );
        }
    }
}

#[test]
fn beeps_that_fade_like_syllables_are_speech_soon() {
    // What Chromium's fake microphone sends twice a second, as received.
    const BEEP: [u8; 25] = [
        41, 8, 12, 28, 34, 38, 42, 45, 50, 53, 58, 65, 71, 79, 90, 92, 99, 127, 127, 127, 127, 127,
        127, 127, 127,
    ];
    let mut stage = Stage::new();
    let heard = stage.play_with(2_000, |ms| {
        vec![Some(127), Some(BEEP[(ms / 20) as usize % 25])]
    });
    assert_eq!(heard, (Some(2), 1));
}

#[test]
fn a_picture_stays_for_its_hold() {
    let mut stage = Stage::new();
    stage.play(800, &[Some(SPEECH), None]);
    assert_eq!(stage.play(700, &[None, Some(SPEECH)]), (Some(1), 0));
    assert_eq!(stage.play(1_000, &[None, Some(SPEECH)]), (Some(2), 1));
}

#[test]
fn two_at_once_do_not_flap() {
    let mut stage = Stage::new();
    stage.play_with(3_000, |ms| vec![Some(talk(ms)), None]);
    let (_, changes) = stage.play_with(20_000, |ms| vec![Some(talk(ms)), Some(talk(ms + 300))]);
    assert!(changes <= 3, "{changes} changes in 20 s");
}

#[test]
fn silence_hum_and_a_constant_claim_are_not_speech() {
    for level in [127, 60, 52] {
        assert_eq!(
            Stage::new().play(3_000, &[Some(level)]),
            (None, 0),
            "{level}"
        );
    }
    let mut stage = Stage::new();
    assert_eq!(stage.play(20_000, &[Some(0), None]), (Some(1), 1)); // believed at first
    assert_eq!(
        stage.play_with(3_000, |ms| vec![Some(0), Some(talk(ms))]).0,
        Some(2)
    );
    assert_eq!(
        stage.play_with(30_000, |ms| vec![Some(0), Some(talk(ms))]),
        (Some(2), 0)
    );
}

#[test]
fn speech_in_a_loud_room_is_speech() {
    let mut stage = Stage::new();
    let noisy = |ms| if talk(ms) == SPEECH { SPEECH } else { 42 };
    stage.play(60_000, &[Some(42), None]);
    assert_eq!(
        stage.play_with(3_000, |ms| vec![Some(noisy(ms)), None]).0,
        Some(1)
    );
    stage.play_with(3_000, |ms| vec![Some(42), Some(talk(ms))]);
    assert_eq!(
        stage
            .play_with(3_000, |ms| vec![Some(noisy(ms)), Some(PAUSE)])
            .0,
        Some(1)
    );
}

#[test]
fn a_louder_claim_does_not_interrupt() {
    let mut stage = Stage::new();
    stage.play_with(3_000, |_| vec![Some(26), None]);
    assert_eq!(
        stage.play_with(5_000, |_| vec![Some(26), Some(0)]),
        (Some(1), 0)
    );
}

#[test]
fn rare_packets_are_not_speech() {
    let mut stage = Stage::new();
    let rare = |ms: u64| vec![(ms % 500 == 0).then_some(0)];
    assert_eq!(stage.play_with(10_000, rare), (None, 0));
}

#[test]
fn who_leaves_or_is_muted_is_no_speaker() {
    let mut stage = Stage::new();
    stage.play(800, &[Some(SPEECH)]);
    stage.detector.forget(SeatId(1));
    assert_eq!(stage.detector.active(), None);
    assert_eq!(stage.play(100, &[]), (None, 1));
    assert_eq!(stage.play(1_000, &[]), (None, 0));
}

#[test]
fn only_the_stage_counts() {
    let mut detector = SpeakerDetector::default();
    for ms in (0..3_000).step_by(20) {
        for seat in [SeatId::SPEAKER, SeatId::SCREEN, SeatId(17), SeatId(200)] {
            detector.hear(
                seat,
                Level {
                    dbov: 20,
                    voice: true,
                },
                at(ms),
            );
        }
        assert!(!detector.poll(at(ms)));
    }
}

proptest! {
    #[test]
    fn never_a_change_within_the_hold(steps in prop::collection::vec((1u16..17, 0u8..=255, 0u64..60), 1..600)) {
        let mut detector = SpeakerDetector::default();
        let (mut ms, mut last) = (10_000, 0);
        for (seat, dbov, later) in steps {
            ms += later;
            detector.hear(SeatId(seat), Level { dbov, voice: false }, at(ms));
            if detector.poll(at(ms)) {
                prop_assert!(ms - last >= 1_500);
                last = ms;
            }
        }
    }
}
