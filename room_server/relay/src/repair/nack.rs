//! What to ask a publisher for again (RFC 4585 section 6.2.1).

use crate::ids::Seq;
use crate::time::{Duration, Time};

/// Missing packets of one received SSRC.
#[derive(Clone, Debug, Default)]
pub struct NackList {
    missing: Vec<Missing>,
    keyframe_needed: bool,
}

#[derive(Clone, Copy, Debug)]
struct Missing {
    seq: Seq,
    since: Time,
    asked: Option<Time>,
    tries: u8,
}

impl NackList {
    /// The numbers `from..to` have been passed over.
    pub fn passed_over(&mut self, from: Seq, to: Seq, now: Time) {
        todo!()
    }

    /// `seq` has come after all.
    pub fn arrived(&mut self, seq: Seq) {
        todo!()
    }

    /// A keyframe starts at `seq`: what is missing before it is of no more use.
    pub fn keyframe(&mut self, seq: Seq) {
        todo!()
    }

    /// Append the numbers to ask for now to `out`, in order; gives up on what is too old or was asked for too often.
    pub fn due(&mut self, now: Time, rtt: Duration, out: &mut Vec<Seq>) {
        todo!()
    }

    /// When [`NackList::due`] has something to do next.
    pub fn deadline(&self, rtt: Duration) -> Option<Time> {
        todo!()
    }

    /// Whether packets were given up since the last call: only a keyframe mends that.
    pub fn take_keyframe_needed(&mut self) -> bool {
        std::mem::take(&mut self.keyframe_needed)
    }
}
