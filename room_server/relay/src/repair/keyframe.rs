//! Keyframe requests towards one publisher's track, coalesced over all slots that wait.

use crate::time::{Duration, Time};

/// Who waits for a keyframe of which layer, and what has been asked for.
#[derive(Clone, Debug, Default)]
pub struct KeyframeRequests {
    waiting: u8,
    last_layer: u8,
    sent: Option<Time>,
}

impl KeyframeRequests {
    /// Somebody waits for a keyframe of `layer`. Remembered until one comes.
    pub fn request(&mut self, layer: u8) {
        todo!()
    }

    /// A keyframe of `layer` starts: whoever waited for it has it.
    pub fn keyframe(&mut self, layer: u8) {
        todo!()
    }

    /// The layer to send a PLI for now, if any; counts it as sent.
    pub fn due(&mut self, now: Time, rtt: Duration) -> Option<u8> {
        todo!()
    }

    /// When [`KeyframeRequests::due`] has something to do next.
    pub fn deadline(&self, rtt: Duration) -> Option<Time> {
        todo!()
    }

    /// Nobody waits any more: the track has left the stage.
    pub fn clear(&mut self) {
        self.waiting = 0;
    }
}
