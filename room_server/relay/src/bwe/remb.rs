//! What a subscriber's downlink carries, from its REMB (draft-alvestrand-rmcat-remb-03).

use crate::time::{Duration, Time};

/// The limit of one subscriber's downlink.
#[derive(Clone, Debug, Default)]
pub struct Downlink {}

impl Downlink {
    /// A REMB of `bps` arrived at `now`, while `sent_bps` were being sent to the subscriber.
    pub fn remb(&mut self, bps: u64, sent_bps: u64, now: Time) {
        todo!()
    }

    /// The latest REMB, if it is not too old.
    pub fn latest(&self, now: Time) -> Option<u64> {
        todo!()
    }

    /// What video may use while audio, which comes first, takes `audio_bps`; `None`: no limit is known.
    pub fn video_budget(&self, audio_bps: u64, now: Time) -> Option<u64> {
        todo!()
    }
}
