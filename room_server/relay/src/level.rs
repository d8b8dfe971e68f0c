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
/// A lower floor makes no difference, so the climb starts here. Quieter counts as this: noise suppression
/// leaves nothing at all between words, and from there each word would have to climb again.
const LOWEST: f32 = QUIETEST - ABOVE_FLOOR;
/// What a constant sound raises its floor by, in dB per second: from speech to nothing in about 15 s.
const FLOOR_RISE: f32 = 2.0;
/// Time constant of the smoothing: half a syllable, so that a quiet voice is above silence within one.
const SMOOTHING: Duration = Duration::from_millis(100);
/// Packets further apart leave silence between them: five frames of Opus.
const GAP: Duration = Duration::from_millis(100);
/// What a packet after such a silence stands for.
const FRAME: Duration = Duration::from_millis(20);
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
        let loudness = (SILENCE - f32::from(level.dbov)).clamp(LOWEST, LOUDEST);
        let begin = Heard {
            smoothed: LOWEST,
            floor: LOWEST,
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
        let since = now.since(self.last);
        let elapsed = if since > GAP { FRAME } else { since }.as_secs_f32();
        self.fade(now);
        self.smooth(loudness, elapsed);
        self.floor = (self.floor + FLOOR_RISE * elapsed).min(loudness);
        self.last = self.last.max(now);
    }

    /// Count time without packets as silence.
    fn fade(&mut self, now: Time) {
        let gap = now.since(self.last);
        if gap > GAP {
            self.smooth(LOWEST, gap.saturating_sub(GAP).as_secs_f32());
            self.floor = LOWEST;
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
mod tests;
