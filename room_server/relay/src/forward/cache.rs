//! The latest packets of one source, for retransmission and for slots that switch to it.

use std::sync::Arc;

use super::packet::Packet;
use crate::ids::Seq;
use crate::time::{Duration, Time};

/// How long a packet is worth sending again: browsers give up on a gap after about a second.
pub const HORIZON: Duration = Duration::from_secs(1);

/// Packets of one source, newest [`HORIZON`], O(1) by number. Grows to what the source needs, within bounds.
#[derive(Clone, Debug, Default)]
pub struct Ring {
    slots: Vec<Option<Arc<Packet>>>,
    highest: Option<Seq>,
    last_key: Option<Seq>,
}

impl Ring {
    /// Keep `packet`; makes room by forgetting the oldest.
    pub fn insert(&mut self, packet: Arc<Packet>) {
        todo!()
    }

    /// The packet with the publisher's number `seq`.
    pub fn get(&self, seq: Seq) -> Option<&Arc<Packet>> {
        todo!()
    }

    /// Highest number inserted.
    pub fn highest(&self) -> Option<Seq> {
        self.highest
    }

    /// Where the newest keyframe starts, if that packet is still here.
    pub fn last_key(&self) -> Option<Seq> {
        todo!()
    }

    /// Free what is older than [`HORIZON`] at `now`: for a source that has stopped.
    pub fn expire(&mut self, now: Time) {
        todo!()
    }
}
