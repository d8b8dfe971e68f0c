//! Audio levels and the active speaker.

use crate::forward::packet::Level;
use crate::ids::SeatId;
use crate::time::{Duration, Time};

/// Who of the stage is speaking. Levels come from clients, so what a lie can gain is bounded.
#[derive(Clone, Debug, Default)]
pub struct SpeakerDetector {
    active: Option<SeatId>,
}

impl SpeakerDetector {
    /// A packet of `seat` that is heard (gate open) carried `level`. Seats off the stage are ignored.
    pub fn hear(&mut self, seat: SeatId, level: Level, now: Time) {
        todo!()
    }

    /// The seat was cleared, given to another, or its gate shut: what was heard there no longer counts.
    pub fn forget(&mut self, seat: SeatId) {
        todo!()
    }

    /// Decide; true if [`SpeakerDetector::active`] has changed. Call about every 100 ms.
    pub fn poll(&mut self, now: Time) -> bool {
        todo!()
    }

    /// The active speaker: whoever spoke last, through pauses, until another does; `None` until somebody
    /// speaks and after that seat was forgotten.
    pub fn active(&self) -> Option<SeatId> {
        self.active
    }
}
