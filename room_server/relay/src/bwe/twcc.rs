//! Transport-wide feedback to a publisher (draft-holmer-rmcat-transport-wide-cc-extensions-01):
//! which of its packets arrived when.

use crate::time::{Duration, Time};

/// Content of one feedback message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Feedback<'a> {
    /// Transport-wide number of the first entry.
    pub base: u16,
    /// Reference time in 64 ms, 24 bits.
    pub reference: u32,
    /// Number of this message, modulo 256.
    pub count: u8,
    /// For each number from `base` on: not received, or the distance in 250 us from the received one
    /// before it (the first: from the reference time). First and last are received.
    pub deltas: &'a [Option<i16>],
}

/// Arrivals of one publisher's packets, by transport-wide number.
#[derive(Clone, Debug)]
pub struct Recorder {}

impl Recorder {
    /// Nothing received yet.
    pub fn new() -> Recorder {
        todo!()
    }

    /// The packet with transport-wide number `wire` arrived.
    pub fn receive(&mut self, wire: u16, arrival: Time) {
        todo!()
    }

    /// When [`Recorder::feedback`] is due; none while there is nothing to report.
    pub fn deadline(&self) -> Option<Time> {
        todo!()
    }

    /// The next message, if one is due at `now`; call until `None`.
    pub fn feedback(&mut self, now: Time) -> Option<Feedback<'_>> {
        todo!()
    }
}
