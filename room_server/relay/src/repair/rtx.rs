//! Retransmission to subscribers (RFC 4588): what a slot has sent, and how much may be sent again.

use crate::drop::Drop;
use crate::forward::packet::Source;
use crate::forward::rewrite::{Counters, Rewritten};
use crate::forward::window::extend;
use crate::ids::Seq;
use crate::time::{Duration, Time};

/// Packets remembered per slot: a second of 4 Mbit/s in full packets, which is as long as the rings hold them.
const CAPACITY: usize = 512;

/// Between two retransmissions of one packet at least this, where the round trip is shorter or not known yet.
const MIN_INTERVAL: Duration = Duration::from_millis(10);

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

/// What one slot has sent lately, by outgoing number. Outlives switches: each entry says what was in force
/// when its packet went out. Allocates when the slot first sends.
#[derive(Clone, Debug)]
pub struct RtxMap {
    entries: Vec<Option<Entry>>,
    highest: Seq,
    next_index: Seq,
}

/// Kept small, for there are [`CAPACITY`] of them in every slot that has ever sent.
#[derive(Clone, Copy, Debug)]
struct Entry {
    seq: Seq,
    source: Source,
    /// Lower bits of the outgoing number.
    out: u32,
    timestamp: u32,
    /// Milliseconds; 0: not sent again yet.
    resent: u32,
    counters: Option<Counters>,
    marker: bool,
    parameter_sets: bool,
}

impl RtxMap {
    /// `random` seeds the first index of the RTX SSRC, below 2^15 like that of the slot itself.
    pub fn new(random: u64) -> RtxMap {
        RtxMap {
            entries: Vec::new(),
            highest: Seq(0),
            next_index: Seq(random & 0x7fff),
        }
    }

    /// For drills: the index wraps with the fourth retransmission.
    pub fn near_wrap() -> RtxMap {
        RtxMap {
            next_index: Seq(0xfffd),
            ..RtxMap::new(0)
        }
    }

    /// The slot has sent packet `seq` of `source` as `rewritten`.
    pub fn record(&mut self, source: Source, seq: Seq, rewritten: &Rewritten) {
        if self.entries.is_empty() {
            self.entries.resize(CAPACITY, None);
        }
        let out = rewritten.seq;
        self.highest = self.highest.max(out);
        if out.0 + CAPACITY as u64 <= self.highest.0 {
            return;
        }
        if let Some(slot) = self.entry(out) {
            *slot = Some(Entry {
                seq,
                source,
                out: low(out),
                timestamp: rewritten.timestamp,
                resent: 0,
                counters: rewritten.counters,
                marker: rewritten.marker,
                parameter_sets: rewritten.parameter_sets,
            });
        }
    }

    /// The outgoing number behind `wire`, if it has been sent, however long ago.
    pub fn sent(&self, wire: u16) -> Option<Seq> {
        let out = extend(wire, self.highest);
        (!self.entries.is_empty() && out <= self.highest).then_some(out)
    }

    /// The subscriber has asked for `wire` again. `NotCached` if it was never sent or is forgotten,
    /// `RepairLimit` if it was sent again less than `rtt` ago.
    pub fn request(&mut self, wire: u16, now: Time, rtt: Duration) -> Result<Resend, Drop> {
        let out = extend(wire, self.highest);
        let entry = self
            .entry(out)
            .and_then(Option::as_mut)
            .ok_or(Drop::NotCached)?;
        if entry.out != low(out) {
            return Err(Drop::NotCached);
        }
        let now = (now.0 / 1_000_000) as u32;
        let wait = rtt.max(MIN_INTERVAL).as_millis();
        if entry.resent != 0 && u128::from(now.wrapping_sub(entry.resent)) < wait {
            return Err(Drop::RepairLimit);
        }
        entry.resent = now.max(1);
        Ok(Resend {
            source: entry.source,
            seq: entry.seq,
            rewritten: Rewritten {
                seq: out,
                timestamp: entry.timestamp,
                marker: entry.marker,
                counters: entry.counters,
                parameter_sets: entry.parameter_sets,
                switched: false,
            },
        })
    }

    /// The RTX SSRC's next sequence number and SRTP index; each is given once.
    pub fn next_index(&mut self) -> Seq {
        let index = self.next_index;
        self.next_index.0 += 1;
        index
    }

    fn entry(&mut self, out: Seq) -> Option<&mut Option<Entry>> {
        self.entries.get_mut(out.0 as usize % CAPACITY)
    }
}

fn low(seq: Seq) -> u32 {
    (seq.0 & 0xffff_ffff) as u32
}

/// Part of what is sent that may be sent again, in percent: enough for the 10 % loss at which video is
/// still watchable, twice over; beyond that repeats only feed the queue that drops them.
const SHARE_PERCENT: i64 = 20;
/// Bytes per second that may be sent again whatever is sent: 50 kbit/s, a lost voice or a thumbnail.
const FLOOR: i64 = 6_250;
/// Bytes that may be sent again at once: a lost burst of 25 full packets.
const BURST: i64 = 30_000;

/// How much of a subscriber's bandwidth retransmissions may take: a bucket of bytes.
#[derive(Clone, Debug)]
pub struct RtxBudget {
    /// In hundredths of a byte, so that small packets earn their share too.
    hundredths: i64,
    filled: Time,
}

impl RtxBudget {
    /// A full bucket at `now`.
    pub fn new(now: Time) -> RtxBudget {
        RtxBudget {
            hundredths: BURST * 100,
            filled: now,
        }
    }

    /// `bytes` of media were sent for the first time.
    pub fn sent(&mut self, bytes: usize) {
        self.earn(bytes as i64 * SHARE_PERCENT);
    }

    /// Whether `bytes` may be sent again at `now`; takes them.
    pub fn take(&mut self, bytes: usize, now: Time) -> bool {
        // Longer than this fills the bucket anyhow, and cannot overflow.
        let idle = now.since(self.filled).min(Duration::from_secs(10));
        self.filled = self.filled.max(now);
        self.earn(idle.as_micros() as i64 * FLOOR / 10_000);
        let cost = bytes as i64 * 100;
        let enough = self.hundredths >= cost;
        if enough {
            self.hundredths -= cost;
        }
        enough
    }

    fn earn(&mut self, hundredths: i64) {
        self.hundredths = (self.hundredths + hundredths).min(BURST * 100);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::forward::packet::testing::{at, source};
    use proptest::prelude::*;
    use std::collections::HashMap;

    const RTT: Duration = Duration::from_millis(50);

    fn out(seq: u64) -> Rewritten {
        Rewritten {
            seq: Seq(seq),
            timestamp: seq as u32 * 3_000,
            marker: seq.is_multiple_of(3),
            parameter_sets: seq.is_multiple_of(5),
            counters: Some(Counters {
                picture: seq as u16 & 0x7fff,
                tl0: seq as u8,
            }),
            switched: false,
        }
    }

    #[test]
    fn answers_across_switches_and_rollovers() {
        let mut map = RtxMap::new(0);
        map.record(source(1, 0), Seq(70_000), &out(0xffff));
        map.record(source(2, 2), Seq(5), &out(0x1_0000));
        for (wire, from, seq, number) in [
            (0xffff, source(1, 0), 70_000, 0xffff),
            (0, source(2, 2), 5, 0x1_0000),
        ] {
            let expect = Resend {
                source: from,
                seq: Seq(seq),
                rewritten: out(number),
            };
            assert_eq!(map.request(wire, at(0), RTT), Ok(expect));
        }
    }

    #[test]
    fn once_per_round_trip_and_only_what_was_sent() {
        let mut map = RtxMap::new(0);
        assert_eq!(map.request(7, at(0), RTT), Err(Drop::NotCached));
        map.record(source(1, 0), Seq(1), &out(7));
        map.record(source(1, 0), Seq(3), &out(9));
        for (wire, ms, expect) in [
            (7, 0, None),
            (7, 49, Some(Drop::RepairLimit)),
            (7, 51, None),
            (8, 51, Some(Drop::NotCached)),
            (9, 51, None),
            (10, 51, Some(Drop::NotCached)),
        ] {
            assert_eq!(
                map.request(wire, at(ms), RTT).err(),
                expect,
                "{wire} at {ms} ms"
            );
        }
    }

    #[test]
    fn an_unknown_round_trip_is_not_zero() {
        let mut map = RtxMap::new(0);
        map.record(source(1, 0), Seq(1), &out(7));
        assert!(map.request(7, at(100), Duration::ZERO).is_ok());
        assert_eq!(
            map.request(7, at(109), Duration::ZERO),
            Err(Drop::RepairLimit)
        );
    }

    #[test]
    fn a_slot_costs_little() {
        assert_eq!(size_of::<Option<Entry>>(), 40);
        assert_eq!(RtxMap::new(1).entries.capacity(), 0);
    }

    #[test]
    fn indices_are_given_once() {
        let mut map = RtxMap::new(u64::MAX);
        assert_eq!(
            [map.next_index(), map.next_index()],
            [Seq(0x7fff), Seq(0x8000)]
        );
    }

    #[test]
    fn repeats_take_a_fifth_and_a_floor() {
        let mut budget = RtxBudget::new(at(0));
        let mut again = 0;
        for ms in 0..10_000 {
            budget.sent(125); // 1 Mbit/s for 10 s
            while budget.take(100, at(ms)) {
                again += 100;
            }
        }
        let expect = 1_250_000 / 5 + 62_500 + 30_000;
        assert!((expect - 500..=expect).contains(&again), "{again}");
        assert!(!budget.take(30_000, at(10_001)));
        assert!(budget.take(30_000, at(20_000)));
    }

    proptest! {
        #[test]
        fn maps_as_recorded_or_not_at_all(
            steps in prop::collection::vec((0u64..40, any::<u16>()), 1..300), start in 0u64..0x2_0000,
        ) {
            let mut map = RtxMap::new(0);
            let mut sent = HashMap::new();
            let mut number = start;
            for (step, ask) in steps {
                number += step;
                // Outgoing numbers are unique; late ones fill holes behind the highest.
                let late = number.saturating_sub(u64::from(ask % 50));
                sent.entry(late).or_insert_with(|| {
                    map.record(source(1, 0), Seq(late * 7), &out(late));
                    late * 7
                });
                let asked = late.wrapping_add(u64::from(ask % 600));
                if let Ok(resend) = map.request(Seq(asked).wire(), at(0), RTT) {
                    prop_assert_eq!(sent.get(&resend.rewritten.seq.0), Some(&resend.seq.0));
                    prop_assert_eq!(resend.rewritten, out(resend.rewritten.seq.0));
                }
            }
        }
    }
}
