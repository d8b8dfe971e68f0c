//! What to ask a publisher for again (RFC 4585 section 6.2.1).

use crate::ids::Seq;
use crate::time::{Duration, Time};

/// Packets that overtake others on the way arrive within this; asking sooner only doubles them. An answer, which
/// waits in the publisher's pacer, comes within as much of a round trip.
const REORDERING: Duration = Duration::from_millis(10);
/// Between two requests for the same packet at least this, where the round trip is shorter: one video
/// frame's sending time, for an answer waits in the publisher's pacer.
const MIN_INTERVAL: Duration = Duration::from_millis(20);
/// Requests per packet: when ten were lost, the path is down and an eleventh adds to its queue.
const MAX_TRIES: u8 = 10;
/// A packet is of no use to any viewer's jitter buffer after this.
const MAX_AGE: Duration = Duration::from_secs(1);
/// Missing packets worth repairing: above this Chromium's own receivers give up too, and a keyframe is cheaper.
const MAX_MISSING: usize = 200;

/// Missing packets of one received SSRC.
#[derive(Clone, Debug, Default)]
pub struct NackList {
    /// In ascending order.
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
    /// The numbers `from..to` have been passed over; they lie above all before.
    pub fn passed_over(&mut self, from: Seq, to: Seq, now: Time) {
        let count = (to.0 - from.0) as usize;
        if self.missing.len().saturating_add(count) > MAX_MISSING {
            self.missing.clear();
            self.keyframe_needed = true;
            return;
        }
        self.missing.extend((from.0..to.0).map(|seq| Missing {
            seq: Seq(seq),
            since: now,
            asked: None,
            tries: 0,
        }));
    }

    /// `seq` has come after all.
    pub fn arrived(&mut self, seq: Seq) {
        if let Ok(index) = self
            .missing
            .binary_search_by_key(&seq, |missing| missing.seq)
        {
            self.missing.remove(index);
        }
    }

    /// A keyframe starts at `seq`: what is missing before it is of no more use.
    pub fn keyframe(&mut self, seq: Seq) {
        self.missing.retain(|missing| missing.seq > seq);
        self.keyframe_needed = false;
    }

    /// Append the numbers to ask for at `now` to `out`, ascending; gives up on what is too old or was asked
    /// for too often.
    pub fn due(&mut self, now: Time, rtt: Duration, out: &mut Vec<Seq>) {
        let before = self.missing.len();
        self.missing.retain_mut(|missing| {
            if missing.expires() <= now {
                return false;
            }
            if missing.next(rtt) > now {
                return true;
            }
            if missing.tries == MAX_TRIES {
                return false;
            }
            missing.asked = Some(now);
            missing.tries += 1;
            out.push(missing.seq);
            true
        });
        self.keyframe_needed |= self.missing.len() < before;
    }

    /// When [`NackList::due`] has something to do next.
    pub fn deadline(&self, rtt: Duration) -> Option<Time> {
        let next = |missing: &Missing| missing.next(rtt).min(missing.expires());
        self.missing.iter().map(next).min()
    }

    /// Whether packets were given up since the last call: on video only a keyframe mends that.
    pub fn take_keyframe_needed(&mut self) -> bool {
        std::mem::take(&mut self.keyframe_needed)
    }
}

impl Missing {
    fn next(&self, rtt: Duration) -> Time {
        match self.asked {
            Some(asked) => asked + (rtt + REORDERING).max(MIN_INTERVAL),
            None => self.since + REORDERING,
        }
    }

    fn expires(&self) -> Time {
        self.since + MAX_AGE
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::forward::packet::testing::at;
    use proptest::prelude::*;

    const RTT: Duration = Duration::from_millis(50);

    fn due(list: &mut NackList, ms: u64) -> Vec<u64> {
        let mut out = Vec::new();
        list.due(at(ms), RTT, &mut out);
        out.iter().map(|seq| seq.0).collect()
    }

    #[test]
    fn asks_after_reordering_then_once_an_answer_should_be_here() {
        let mut list = NackList::default();
        list.passed_over(Seq(7), Seq(9), at(0));
        for (ms, expect) in [
            (0, vec![]),
            (9, vec![]),
            (10, vec![7, 8]),
            (69, vec![]),
            (70, vec![7, 8]),
            (71, vec![]),
        ] {
            assert_eq!(due(&mut list, ms), expect, "{ms} ms");
        }
        list.arrived(Seq(7));
        list.arrived(Seq(7));
        assert_eq!(due(&mut list, 130), [8]);
        assert_eq!(list.deadline(RTT), Some(at(190)));
    }

    #[test]
    fn gives_up_after_ten_tries_or_a_second() {
        let mut list = NackList::default();
        list.passed_over(Seq(7), Seq(8), at(0));
        let asked = (0..700)
            .filter(|ms| !due(&mut list, *ms).is_empty())
            .count();
        assert_eq!(asked, 10);
        assert!(list.take_keyframe_needed());
        assert!(!list.take_keyframe_needed());

        list.passed_over(Seq(9), Seq(10), at(1_000));
        assert!(due(&mut list, 2_000).is_empty());
        assert!(list.take_keyframe_needed());
        assert_eq!(list.deadline(RTT), None);
    }

    #[test]
    fn a_hole_too_large_to_mend_wants_a_keyframe() {
        let mut list = NackList::default();
        list.passed_over(Seq(1), Seq(201), at(0));
        assert!(!list.take_keyframe_needed());
        list.passed_over(Seq(202), Seq(203), at(0));
        assert!(list.take_keyframe_needed());
        assert!(due(&mut list, 10).is_empty());
        list.passed_over(Seq(300), Seq(u64::MAX), at(0));
        assert!(list.take_keyframe_needed());
    }

    #[test]
    fn a_keyframe_forgives_what_was_before_it() {
        let mut list = NackList::default();
        list.passed_over(Seq(7), Seq(9), at(0));
        list.passed_over(Seq(12), Seq(13), at(0));
        list.keyframe(Seq(10));
        assert_eq!(due(&mut list, 10), [12]);
    }

    proptest! {
        #[test]
        fn bounded_ascending_and_never_what_has_arrived(
            steps in prop::collection::vec((0u64..30, 0u64..40, 0u64..20), 1..200),
        ) {
            let mut list = NackList::default();
            let (mut highest, mut ms) = (0, 0);
            for (gap, back, later) in steps {
                list.passed_over(Seq(highest + 1), Seq(highest + 1 + gap), at(ms));
                highest += gap + 1;
                let arrived = highest.saturating_sub(back);
                list.arrived(Seq(arrived));
                ms += later;
                let asked = due(&mut list, ms);
                prop_assert!(asked.len() <= MAX_MISSING);
                prop_assert!(asked.is_sorted());
                prop_assert!(!asked.contains(&arrived));
            }
        }
    }
}
