//! Audio levels and the active speaker.
//!
//! A seat speaks while its smoothed level is above silence and well above its own floor, the least level
//! heard there lately. Speech has pauses, so its floor stays low; hum, and a client that claims to be loud
//! all the time, raise their own floor and stop counting.

use crate::forward::packet::Level;
use crate::ids::SeatId;
use crate::time::{Duration, Time};

/// Loudness is counted up from silence: 127 minus the -dBov of RFC 6464.
const SILENCE: f32 = 127.0;
/// A voice into a close microphone; louder counts as this, so that shouting or lying gains nothing. (-25 dBov)
const LOUDEST: f32 = SILENCE - 25.0;
/// Below this nobody speaks: keyboards and breath lie around it. (-50 dBov)
const QUIETEST: f32 = SILENCE - 50.0;
/// Speech lies at least this many dB above its own pauses, in a loud room too.
const ABOVE_FLOOR: f32 = 8.0;
/// A lower floor makes no difference, so the climb starts here.
const LOWEST_FLOOR: f32 = QUIETEST - ABOVE_FLOOR;
/// What a constant sound raises its floor by, in dB per second: from speech to nothing in about 15 s.
const FLOOR_RISE: f32 = 2.0;
/// Time constant of the smoothing: a syllable.
const SMOOTHING: Duration = Duration::from_millis(200);
/// Packets further apart leave silence between them: five frames of Opus.
const GAP: Duration = Duration::from_millis(100);
/// Another must speak for so long before the picture changes: longer than a cough or an "mhm".
const ATTACK: Duration = Duration::from_millis(300);
/// A pause that still belongs to a turn, if nobody else speaks in it: between words.
const BETWEEN_WORDS: Duration = Duration::from_millis(400);
/// Most that one [`SpeakerDetector::poll`] adds to a turn, should polls be late.
const MAX_POLL: Duration = Duration::from_millis(100);
/// A picture stays at least this long, or watching becomes a strain.
const HOLD: Duration = Duration::from_millis(1500);
/// Who interrupts someone still speaking must be louder by this many dB.
const LOUDER: f32 = 3.0;

/// Numbered seats of a stage; [`SeatId::is_stage`].
const SEATS: usize = 16;

/// Who of the stage is speaking. Levels come from clients, so what a lie can gain is bounded.
#[derive(Clone, Debug, Default)]
pub struct SpeakerDetector {
    seats: [Option<Heard>; SEATS],
    active: Option<SeatId>,
    active_since: Time,
    challenger: Option<Challenger>,
    /// The active speaker was forgotten since the last poll.
    lost: bool,
}

/// Who may take over, and for how long that has been earned.
#[derive(Clone, Copy, Debug)]
struct Challenger {
    seat: SeatId,
    spoken: Duration,
    last: Time,
}

/// What was heard on one seat.
#[derive(Clone, Copy, Debug)]
struct Heard {
    smoothed: f32,
    floor: f32,
    last: Time,
}

impl SpeakerDetector {
    /// A packet of `seat` that is heard (gate open) carried `level`. Seats off the stage are ignored.
    pub fn hear(&mut self, seat: SeatId, level: Level, now: Time) {
        let Some(heard) = self.seat(seat) else { return };
        let loudness = (SILENCE - f32::from(level.dbov)).clamp(0.0, LOUDEST);
        let begin = Heard {
            smoothed: 0.0,
            floor: LOWEST_FLOOR,
            last: now,
        };
        heard.get_or_insert(begin).add(loudness, now);
    }

    /// The seat was cleared, given to another, or its gate shut: what was heard there no longer counts.
    pub fn forget(&mut self, seat: SeatId) {
        if let Some(heard) = self.seat(seat) {
            *heard = None;
        }
        if self.active == Some(seat) {
            self.active = None;
            self.lost = true;
        }
        self.challenger = self.challenger.filter(|challenger| challenger.seat != seat);
    }

    /// Decide; true if [`SpeakerDetector::active`] has changed. Call about every 100 ms.
    pub fn poll(&mut self, now: Time) -> bool {
        let lost = std::mem::take(&mut self.lost);
        for heard in self.seats.iter_mut().flatten() {
            heard.fade(now);
        }
        self.challenger = self
            .challenger
            .filter(|challenger| now.since(challenger.last) <= BETWEEN_WORDS);
        let Some(seat) = self.loudest_other() else {
            self.challenger = self.challenger.filter(|_| self.active_level().is_none());
            return lost;
        };
        let spoken = match self.challenger {
            Some(before) if before.seat == seat => {
                before.spoken + now.since(before.last).min(MAX_POLL)
            }
            _ => Duration::ZERO,
        };
        self.challenger = Some(Challenger {
            seat,
            spoken,
            last: now,
        });
        let held = self.active.is_none() || now.since(self.active_since) >= HOLD;
        if !held || spoken < ATTACK {
            return lost;
        }
        self.active = Some(seat);
        self.active_since = now;
        self.challenger = None;
        true
    }

    /// The active speaker: whoever spoke last, through pauses, until another does; `None` until somebody
    /// speaks and after that seat was forgotten.
    pub fn active(&self) -> Option<SeatId> {
        self.active
    }

    /// Whoever speaks loudest beside the active speaker, if that is enough to take over.
    fn loudest_other(&self) -> Option<SeatId> {
        let bar = self.active_level().map_or(0.0, |level| level + LOUDER);
        self.speaking()
            .filter(|(seat, level)| Some(*seat) != self.active && *level >= bar)
            .max_by(|a, b| a.1.total_cmp(&b.1))
            .map(|(seat, _)| seat)
    }

    /// How loudly the active speaker is speaking; none in a pause.
    fn active_level(&self) -> Option<f32> {
        let mut speaking = self.speaking();
        speaking.find_map(|(seat, level)| (Some(seat) == self.active).then_some(level))
    }

    fn speaking(&self) -> impl Iterator<Item = (SeatId, f32)> {
        (1..).zip(&self.seats).filter_map(|(number, heard)| {
            let heard = heard.filter(Heard::speaks)?;
            Some((SeatId(number), heard.smoothed))
        })
    }

    fn seat(&mut self, seat: SeatId) -> Option<&mut Option<Heard>> {
        let index = usize::from(seat.0).checked_sub(1)?;
        self.seats.get_mut(index)
    }
}

impl Heard {
    fn add(&mut self, loudness: f32, now: Time) {
        // A packet stands for its own time, not for a silence before it.
        self.fade(now);
        let elapsed = now.since(self.last).min(GAP).as_secs_f32();
        self.smooth(loudness, elapsed);
        self.floor = (self.floor + FLOOR_RISE * elapsed)
            .min(loudness)
            .max(LOWEST_FLOOR);
        self.last = self.last.max(now);
    }

    /// Count time without packets as silence.
    fn fade(&mut self, now: Time) {
        let gap = now.since(self.last);
        if gap > GAP {
            self.smooth(0.0, gap.saturating_sub(GAP).as_secs_f32());
            self.floor = LOWEST_FLOOR;
            self.last = now - GAP;
        }
    }

    fn smooth(&mut self, loudness: f32, elapsed: f32) {
        let keep = (-elapsed / SMOOTHING.as_secs_f32()).exp();
        self.smoothed = loudness + (self.smoothed - loudness) * keep;
    }

    fn speaks(&self) -> bool {
        self.smoothed >= QUIETEST.max(self.floor + ABOVE_FLOOR)
    }
}

#[cfg(test)]
mod tests {
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
}
