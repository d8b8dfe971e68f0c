//! One received SSRC of a publisher: what has come, what is missing, what to report.

use super::rate::RateMeter;
use super::window::Window;
use crate::drop::Drop;
use crate::ids::Seq;
use crate::repair::nack::NackList;
use crate::time::{Duration, Time};

/// A layer without a packet for this long is not being sent: the slowest source, a screen at
/// 5 frames per second, still has five packets in it.
pub const ACTIVE: Duration = Duration::from_secs(1);

/// What a report block says of one SSRC (RFC 3550 section 6.4.1).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Reception {
    /// Fraction lost since the last report, in 256ths.
    pub fraction_lost: u8,
    /// Packets lost since the start, clamped to 24 bits with sign.
    pub cumulative_lost: i32,
    /// Extended highest sequence number received, lower 32 bits.
    pub highest: u32,
    /// Interarrival jitter in RTP clock ticks.
    pub jitter: u32,
    /// Middle 32 bits of the NTP time stamp of the last sender report; 0 if none came.
    pub last_sr: u32,
    /// Time since that report in 1/65536 s; 0 if none came.
    pub delay_since_last_sr: u32,
}

/// The state of one received SSRC.
#[derive(Clone, Debug)]
pub struct Incoming {
    clock_rate: u32,
    repair: bool,
    seen: Window,
    /// What to ask the publisher for again.
    pub nacks: NackList,
    rate: RateMeter,
    last_packet: Option<Time>,
}

impl Incoming {
    /// `clock_rate` in Hz; `repair`: whether the publisher answers NACK on this SSRC.
    pub fn new(clock_rate: u32, repair: bool) -> Incoming {
        todo!()
    }

    /// A packet of the SSRC itself, `seq` as the SRTP layer extended it, `bytes` of payload.
    pub fn receive(
        &mut self,
        seq: Seq,
        timestamp: u32,
        bytes: usize,
        arrival: Time,
    ) -> Result<(), Drop> {
        todo!()
    }

    /// A retransmission (RFC 4588) that carries the original number `original`; its extended number if it
    /// was missing. Those that repeat what is here (browsers probe with them) are `Duplicate` and not counted.
    pub fn repaired(&mut self, original: u16, bytes: usize, arrival: Time) -> Result<Seq, Drop> {
        todo!()
    }

    /// A sender report of this SSRC came.
    pub fn sender_report(&mut self, ntp: u64, arrival: Time) {
        todo!()
    }

    /// The figures for the next receiver report; none before the first packet. Starts the next interval.
    pub fn report(&mut self, now: Time) -> Option<Reception> {
        todo!()
    }

    /// Whether the publisher is sending this layer now.
    pub fn active(&self, now: Time) -> bool {
        self.last_packet.is_some_and(|t| now.since(t) <= ACTIVE)
    }

    /// Payload bits per second, without what came twice.
    pub fn bps(&self, now: Time) -> u64 {
        self.rate.bps(now)
    }
}
