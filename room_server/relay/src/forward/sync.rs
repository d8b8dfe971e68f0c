//! One NTP timeline for everything the relay sends (RFC 3550 section 6.4.1): a publisher's own
//! NTP and RTP clocks are mapped onto the relay's [`Time`], with one NTP offset for all its tracks,
//! so that lips stay in sync whoever sits on a seat.

use super::packet::clock_rate;
use crate::ids::Kind;
use crate::time::{Duration, Time};

/// Sender reports over which the least delayed is sought: about 10 s of what a browser with three
/// layers and a microphone sends, in which clocks drift apart by less than a millisecond.
const REPORTS: usize = 16;
/// An offset that changes by more than this is a clock being set, not a path being slow.
const STEP: i64 = 1_000_000_000;
/// A report may be delayed by more than [`STEP`] once or twice; this many in a row are a clock that was set back.
const STEP_CONFIRMED: u8 = 3;
/// Reports that put a packet's capture further from its arrival than this are wrong or lies.
const PLAUSIBLE: u64 = 5_000_000_000;
/// Longer than this without a packet, and the microphone may have been away.
const PAUSE: Duration = Duration::from_millis(80);
/// By this much more than usual a packet after a pause is late because its clock stood still meanwhile, as a
/// browser's does while its microphone is taken from the sender.
const STOOD_STILL: i64 = 40_000_000;
/// By this much per packet the usual lateness follows a path that becomes slower: 50 ms in a second of speech.
const LATENESS_LEAK: i64 = 1_000_000;

/// Where a publisher's NTP clock stands against the relay's timeline; shared by all its tracks.
#[derive(Clone, Debug, Default)]
pub struct NtpOffset {
    /// Relay time minus publisher's NTP time in nanoseconds, each with the delay of its report.
    offsets: [Option<i64>; REPORTS],
    next: usize,
    set_back: u8,
}

impl NtpOffset {
    /// A sender report with `ntp` (64-bit NTP time stamp) arrived.
    pub fn sender_report(&mut self, ntp: u64, arrival: Time) {
        let offset = (arrival.0 as i64).wrapping_sub(nanos(ntp));
        let change = self.least().map_or(0, |least| offset.saturating_sub(least));
        if change > STEP {
            self.set_back += 1;
            if self.set_back < STEP_CONFIRMED {
                return;
            }
        }
        if change.saturating_abs() > STEP {
            self.offsets = [None; REPORTS];
        }
        self.set_back = 0;
        if let Some(slot) = self.offsets.get_mut(self.next) {
            *slot = Some(offset);
        }
        self.next = (self.next + 1) % REPORTS;
    }

    /// The relay's time at the publisher's NTP time, as if the fastest of its reports had taken no time.
    fn at(&self, ntp_nanos: i64) -> Option<Time> {
        let time = self.least()?.checked_add(ntp_nanos)?;
        u64::try_from(time).ok().map(Time)
    }

    /// Delay only ever adds, so the least offset is the nearest to the truth.
    fn least(&self) -> Option<i64> {
        self.offsets.iter().flatten().min().copied()
    }
}

/// Where one SSRC's RTP clock stands against its publisher's NTP clock.
#[derive(Clone, Debug)]
pub struct RtpClock {
    clock_rate: u32,
    /// Pictures are stamped by the time they were taken; sound is counted, and a count can stand still.
    counted: bool,
    /// NTP nanoseconds and time stamp of the last report.
    last: Option<(i64, u32)>,
    newest: Option<Time>,
    /// How long after their capture packets usually arrive, in nanoseconds.
    lateness: Option<i64>,
    stood_still: bool,
}

impl RtpClock {
    /// No report has come yet.
    pub fn new(kind: Kind) -> RtpClock {
        RtpClock {
            clock_rate: clock_rate(kind),
            counted: kind == Kind::Audio,
            last: None,
            newest: None,
            lateness: None,
            stood_still: false,
        }
    }

    /// A sender report of this SSRC: `ntp` and `rtp` are the same instant.
    pub fn sender_report(&mut self, ntp: u64, rtp: u32) {
        self.last = Some((nanos(ntp), rtp));
        // A report from within a pause counts on as if there were none; one that follows packets is right.
        if std::mem::take(&mut self.stood_still) {
            self.lateness = None;
        }
    }

    /// When a packet with time stamp `rtp` was captured, for `Packet::capture`; `None` while reports are
    /// missing, or where they contradict its `arrival`. To be called for every packet, as it arrives.
    pub fn capture(&mut self, rtp: u32, offset: &NtpOffset, arrival: Time) -> Option<Time> {
        let newest = self.newest.replace(arrival);
        let reported = self.reported(rtp, offset)?;
        if reported.0.abs_diff(arrival.0) > PLAUSIBLE {
            return None;
        }
        if !self.counted {
            return Some(reported);
        }
        let late = arrival.0.wrapping_sub(reported.0) as i64;
        let usual = self.lateness.unwrap_or(late);
        if late <= usual + STOOD_STILL {
            self.stood_still = false;
        } else if newest.is_some_and(|newest| arrival.since(newest) > PAUSE) {
            self.stood_still = true;
        }
        if self.stood_still {
            return Some(Time(arrival.0.saturating_add_signed(-usual)));
        }
        self.lateness = Some(late.min(usual + LATENESS_LEAK));
        Some(reported)
    }

    fn reported(&self, rtp: u32, offset: &NtpOffset) -> Option<Time> {
        let (ntp, reported) = self.last?;
        let ticks = i64::from(rtp.wrapping_sub(reported) as i32);
        let since_report = ticks * 1_000_000_000 / i64::from(self.clock_rate);
        offset.at(ntp.checked_add(since_report)?)
    }
}

/// Nanoseconds since the NTP epoch; any 64-bit time stamp fits.
fn nanos(ntp: u64) -> i64 {
    let seconds = (ntp >> 32) * 1_000_000_000;
    let fraction = ((ntp & 0xffff_ffff) * 1_000_000_000) >> 32;
    (seconds + fraction) as i64
}

#[cfg(test)]
mod tests;
