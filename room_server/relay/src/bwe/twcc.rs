//! Transport-wide feedback to a publisher (draft-holmer-rmcat-transport-wide-cc-extensions-01):
//! which of its packets arrived when. How that is written is `rtcp`'s business.

use crate::forward::window::extend;
use crate::ids::Seq;
use crate::time::{Duration, Time};

/// Chromium reaches three layers soonest with feedback this often; any of 50 to 250 ms works.
const INTERVAL: Duration = Duration::from_millis(50);
/// Numbers remembered: half a second of 2,000 packets per second, ten intervals, after which a late packet
/// no longer changes a sender's estimate.
const REMEMBERED: u64 = 1024;
/// Numbers one message reports: it stays below 900 bytes whatever its deltas.
const PER_MESSAGE: u64 = 384;
/// Two arrivals in one message may not be further apart than this: deltas have 16 bits of 250 us.
const MAX_APART: u64 = 8_000_000_000;
/// Where extended numbers begin, so that one that comes late right after the first has room below it.
const START: Seq = Seq(0x1_0000);

/// Content of one feedback message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Feedback<'a> {
    /// Transport-wide number of the first entry.
    pub base: u16,
    /// Number of this message, modulo 256.
    pub count: u8,
    /// For each number from `base` on, when it arrived; `None`: not received. The last one is received.
    pub arrivals: &'a [Option<Time>],
}

/// Arrivals of one publisher's packets, by transport-wide number.
#[derive(Clone, Debug, Default)]
pub struct Recorder {
    /// Arrival of number `n` at `n` modulo [`REMEMBERED`]; empty until the first packet.
    arrivals: Vec<Option<Time>>,
    highest: Option<Seq>,
    /// The lowest number not reported yet.
    next: u64,
    /// Since when there is something to report.
    waiting: Option<Time>,
    count: u8,
    message: Vec<Option<Time>>,
}

impl Recorder {
    /// Nothing received yet.
    pub fn new() -> Recorder {
        Recorder::default()
    }

    /// The packet with transport-wide number `wire` arrived.
    pub fn receive(&mut self, wire: u16, arrival: Time) {
        let highest = match self.highest {
            Some(highest) => highest.0,
            None => self.begin(wire),
        };
        let seq = extend(wire, Seq(highest)).0;
        if seq + REMEMBERED <= highest {
            return;
        }
        for passed in (highest + 1..=seq).rev().take(REMEMBERED as usize) {
            self.put(passed, None);
        }
        self.highest = Some(Seq(highest.max(seq)));
        if self.at(seq).is_none() {
            self.put(seq, Some(arrival));
            self.next = self.next.min(seq);
            self.waiting.get_or_insert(arrival);
        }
    }

    /// When [`Recorder::feedback`] is due; none while there is nothing to report.
    pub fn deadline(&self) -> Option<Time> {
        self.waiting.map(|since| since + INTERVAL)
    }

    /// The next message, if one is due at `now`; call until `None`.
    pub fn feedback(&mut self, now: Time) -> Option<Feedback<'_>> {
        if self.deadline()? > now {
            return None;
        }
        let highest = self.highest?.0;
        let first = self.first_received(highest)?;
        // Packets lost since the last message are told by leading gaps, unless they would fill this one.
        let base = if first - self.next < PER_MESSAGE {
            self.next
        } else {
            first
        };
        let last = self.collect(base, first, highest);
        self.next = last + 1;
        if last == highest {
            self.waiting = None;
        }
        let count = self.count;
        self.count = self.count.wrapping_add(1);
        Some(Feedback {
            base: Seq(base).wire(),
            count,
            arrivals: &self.message,
        })
    }

    /// Returns the number to extend the first one against.
    fn begin(&mut self, wire: u16) -> u64 {
        self.arrivals = vec![None; REMEMBERED as usize];
        let first = START.0 + u64::from(wire);
        self.highest = Some(Seq(first));
        self.next = first;
        first
    }

    fn first_received(&mut self, highest: u64) -> Option<u64> {
        self.next = self.next.max((highest + 1).saturating_sub(REMEMBERED));
        let first = (self.next..=highest).find(|seq| self.at(*seq).is_some());
        if first.is_none() {
            self.waiting = None;
        }
        first
    }

    /// Fill the message from `base`, whose first received number is `first`; returns its last.
    fn collect(&mut self, base: u64, first: u64, highest: u64) -> u64 {
        self.message.clear();
        let (mut last, mut before) = (first, self.at(first));
        for seq in base..=highest.min(base + PER_MESSAGE - 1) {
            let arrival = self.at(seq);
            if let Some((before, arrival)) = before.zip(arrival) {
                if before.0.abs_diff(arrival.0) > MAX_APART {
                    break;
                }
                last = seq;
            }
            before = arrival.or(before);
            self.message.push(arrival);
        }
        self.message.truncate((last - base + 1) as usize);
        last
    }

    fn at(&self, seq: u64) -> Option<Time> {
        self.arrivals
            .get((seq % REMEMBERED) as usize)
            .copied()
            .flatten()
    }

    fn put(&mut self, seq: u64, arrival: Option<Time>) {
        if let Some(slot) = self.arrivals.get_mut((seq % REMEMBERED) as usize) {
            *slot = arrival;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::forward::packet::testing::at;
    use proptest::prelude::*;
    use std::collections::HashMap;

    /// Base and milliseconds of each message due at `now`.
    fn messages(recorder: &mut Recorder, now: Time) -> Vec<(u16, Vec<Option<u64>>)> {
        let mut all = Vec::new();
        while let Some(feedback) = recorder.feedback(now) {
            let ms = feedback.arrivals.iter().map(|a| a.map(|a| a.0 / 1_000_000));
            all.push((feedback.base, ms.collect()));
        }
        all
    }

    #[test]
    fn reports_every_interval_without_a_hole_between_messages() {
        let mut recorder = Recorder::new();
        assert_eq!(recorder.deadline(), None);
        recorder.receive(0xfffe, at(0));
        recorder.receive(1, at(20));
        assert_eq!(recorder.deadline(), Some(at(50)));
        assert_eq!(messages(&mut recorder, at(49)), []);
        assert_eq!(
            messages(&mut recorder, at(50)),
            [(0xfffe, vec![Some(0), None, None, Some(20)])]
        );
        assert_eq!(recorder.deadline(), None);
        recorder.receive(4, at(60)); // 2 and 3 were lost between the messages
        assert_eq!(
            messages(&mut recorder, at(110)),
            [(2, vec![None, None, Some(60)])]
        );
    }

    #[test]
    fn a_late_packet_takes_back_its_loss() {
        let mut recorder = Recorder::new();
        for (wire, ms) in [(10, 0), (12, 1), (9, 2), (12, 40)] {
            recorder.receive(wire, at(ms));
        }
        assert_eq!(
            messages(&mut recorder, at(60)),
            [(9, vec![Some(2), Some(0), None, Some(1)])]
        );
        recorder.receive(11, at(70));
        assert_eq!(
            messages(&mut recorder, at(120)),
            [(11, vec![Some(70), Some(1)])]
        );
    }

    #[test]
    fn many_packets_are_several_messages() {
        let mut recorder = Recorder::new();
        for wire in 0..500 {
            recorder.receive(wire, at(0));
        }
        let sizes: Vec<_> = messages(&mut recorder, at(50))
            .iter()
            .map(|(base, m)| (*base, m.len()))
            .collect();
        assert_eq!(sizes, [(0, 384), (384, 116)]);
        assert_eq!(recorder.count, 2);
    }

    #[test]
    fn long_silence_and_large_gaps() {
        let mut recorder = Recorder::new();
        recorder.receive(5, at(0));
        recorder.receive(6, at(9_000)); // too far for one delta
        recorder.receive(1_000, at(9_001)); // too far for one message
        let expect = [
            (5, vec![Some(0)]),
            (6, vec![Some(9_000)]),
            (1_000, vec![Some(9_001)]),
        ];
        assert_eq!(messages(&mut recorder, at(9_100)), expect);
        recorder.receive(31_000, at(9_200)); // everything before is forgotten
        assert_eq!(
            messages(&mut recorder, at(9_300)),
            [(31_000, vec![Some(9_200)])]
        );
        recorder.receive(29_000, at(9_400));
        assert_eq!(messages(&mut recorder, at(9_500)), []);
    }

    proptest! {
        #[test]
        fn each_arrival_is_told_and_none_is_invented(
            steps in prop::collection::vec((-20i64..200, 0u64..30), 1..200), start: u16,
        ) {
            let mut recorder = Recorder::new();
            let (mut ms, mut number, mut highest) = (0, i64::from(start), i64::from(start));
            let (mut arrived, mut told) = (HashMap::new(), HashMap::new());
            for (step, later) in steps {
                ms += later;
                number += step;
                highest = highest.max(number);
                recorder.receive(number as u16, at(ms));
                arrived.entry(number).or_insert(ms);
                tell(&mut recorder, at(ms), &mut told);
            }
            tell(&mut recorder, at(ms + 50), &mut told);
            // Only within one trip around the numbers does a wire number stand for one packet.
            prop_assume!(highest - i64::from(start) < 0x8000);
            for (number, ms) in arrived {
                match told.remove(&(number as u16)) {
                    Some(told) => prop_assert_eq!(told, ms),
                    None => prop_assert!(number <= highest - REMEMBERED as i64),
                }
            }
            prop_assert!(told.is_empty());
        }
    }

    fn tell(recorder: &mut Recorder, now: Time, told: &mut HashMap<u16, u64>) {
        for (base, entries) in messages(recorder, now) {
            assert!(entries.last().is_some_and(Option::is_some));
            for (offset, entry) in (0u16..).zip(entries) {
                entry.map(|ms| told.insert(base.wrapping_add(offset), ms));
            }
        }
    }
}
