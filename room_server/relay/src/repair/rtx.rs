//! Retransmission to subscribers (RFC 4588): what a slot has sent, and how much may be sent again.

use crate::drop::Drop;
use crate::forward::packet::Source;
use crate::forward::rewrite::Rewritten;
use crate::ids::Seq;
use crate::time::{Duration, Time};

/// A packet to be sent again: fetch `seq` from the ring of `source`, rewrite as before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Resend {
    /// Whose ring holds it.
    pub source: Source,
    /// The publisher's number.
    pub seq: Seq,
    /// As it went out the first time; its `seq` is the original number that RTX carries.
    pub rewritten: Rewritten,
}

/// What one slot has sent lately, by outgoing number. Outlives switches.
#[derive(Clone, Debug)]
pub struct RtxMap {
    next: Seq,
}

impl RtxMap {
    /// `random` seeds the first index of the RTX SSRC, below 2^15 like that of the slot itself.
    pub fn new(random: u64) -> RtxMap {
        todo!()
    }

    /// The slot has sent packet `seq` of `source` as `rewritten`.
    pub fn record(&mut self, source: Source, seq: Seq, rewritten: &Rewritten) {
        todo!()
    }

    /// The subscriber has asked for `wire` again. `NotCached` if it was never sent or is forgotten,
    /// `RepairLimit` if it was sent again less than `rtt` ago.
    pub fn request(&mut self, wire: u16, now: Time, rtt: Duration) -> Result<Resend, Drop> {
        todo!()
    }

    /// The RTX SSRC's next sequence number and SRTP index; each is given once.
    pub fn next_index(&mut self) -> Seq {
        todo!()
    }
}

/// How much of a subscriber's bandwidth retransmissions may take.
#[derive(Clone, Debug)]
pub struct RtxBudget {}

impl RtxBudget {
    /// A full bucket at `now`.
    pub fn new(now: Time) -> RtxBudget {
        todo!()
    }

    /// `bytes` of media were sent.
    pub fn sent(&mut self, bytes: usize) {
        todo!()
    }

    /// Whether `bytes` may be sent again at `now`; takes them.
    pub fn take(&mut self, bytes: usize, now: Time) -> bool {
        todo!()
    }
}
