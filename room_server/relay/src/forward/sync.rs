//! One NTP timeline for everything the relay sends (RFC 3550 section 6.4.1): a publisher's own
//! NTP and RTP clocks are mapped onto the relay's [`Time`], one NTP offset for all its tracks,
//! so that lips stay in sync whoever sits on a seat.

use crate::time::{Duration, Time};

/// Where a publisher's NTP clock stands against the relay's timeline; shared by all its tracks.
#[derive(Clone, Debug, Default)]
pub struct NtpOffset {}

impl NtpOffset {
    /// A sender report with `ntp` (64-bit NTP time stamp) arrived.
    pub fn sender_report(&mut self, ntp: u64, arrival: Time) {
        todo!()
    }

    /// The relay's time at the publisher's `ntp`.
    pub fn relay_time(&self, ntp: u64) -> Option<Time> {
        todo!()
    }
}

/// Where one SSRC's RTP clock stands against its publisher's NTP clock.
#[derive(Clone, Debug)]
pub struct RtpClock {
    clock_rate: u32,
    last: Option<(u64, u32)>,
}

impl RtpClock {
    /// `clock_rate` in Hz.
    pub fn new(clock_rate: u32) -> RtpClock {
        todo!()
    }

    /// A sender report of this SSRC.
    pub fn sender_report(&mut self, ntp: u64, rtp: u32) {
        todo!()
    }

    /// When a packet with time stamp `rtp` was captured, for `Packet::capture`; `None` while reports are
    /// missing, or where they contradict its `arrival`.
    pub fn capture(&self, rtp: u32, offset: &NtpOffset, arrival: Time) -> Option<Time> {
        todo!()
    }
}
