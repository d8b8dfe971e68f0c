//! What a subscriber's downlink carries, from its REMB (draft-alvestrand-rmcat-remb-03).
//!
//! A REMB is no measure of the downlink: it grows 5 to 8 % per second and never above one and a half times
//! what is received, so taken at its word it keeps a viewer of small layers from ever getting larger
//! ones. Only where it stays below what is sent without growing does it say that the downlink is full.
//! Then it is the limit, and after a hold the limit rises by itself until the downlink is full again.

use crate::time::{Duration, Time};

/// A browser that receives sends one per second; after this many missing ones nothing is known any more.
const EXPIRY: Duration = Duration::from_secs(10);
/// After so many missing ones the path was down, or another: the estimator begins anew, and what is lower than
/// what was sent into the void is no congestion.
const GAP: Duration = Duration::from_secs(3);
/// An estimate this much below what is sent, in percent, is below it; less is measuring noise.
const BELOW_PERCENT: u64 = 95;
/// An estimate that grows less than this, in percent, does not grow;
const GROWTH_PERCENT: u64 = 101;
/// over at least this time: where the bitrate is low browsers send five REMBs a second, each hardly above the last.
const GROWTH_TIME: Duration = Duration::from_millis(400);
/// After congestion the limit stays for this long,
const FIRST_HOLD: Duration = Duration::from_secs(4);
/// and twice as long after each attempt that fails, up to this.
const LONGEST_HOLD: Duration = Duration::from_secs(32);
/// Growth per second of the limit after the hold: from the smallest of three layers to the next in 5 s.
const RISE: f64 = 1.25;
/// Above this no limit matters: more than all slots of the largest page take.
const UNLIMITED: f64 = 100e6;

/// The limit of one subscriber's downlink.
#[derive(Clone, Debug, Default)]
pub struct Downlink {
    latest: Option<(u64, Time)>,
    /// An earlier one, for its growth.
    mark: Option<(u64, Time)>,
    limit: Option<Limit>,
}

#[derive(Clone, Copy, Debug)]
struct Limit {
    bps: u64,
    rises_from: Time,
    hold: Duration,
}

impl Downlink {
    /// A REMB of `bps` arrived at `now`, while `sent_bps` (over the last second) were being sent to the subscriber.
    pub fn remb(&mut self, bps: u64, sent_bps: u64, now: Time) {
        let below = u128::from(bps) * 100 < u128::from(sent_bps) * u128::from(BELOW_PERCENT);
        let stuck = self.is_stuck(bps, now);
        self.latest = Some((bps, now));
        if below && stuck {
            self.congested(bps, now);
        }
    }

    /// Whether the estimate falls, or has not grown for a while.
    fn is_stuck(&mut self, bps: u64, now: Time) -> bool {
        let recent = self.latest.filter(|(_, at)| now.since(*at) <= GAP);
        let Some(((before, _), (then, at))) = recent.zip(self.mark) else {
            // The first one comes from an estimator that has just begun.
            self.mark = Some((bps, now));
            return false;
        };
        if now.since(at) < GROWTH_TIME {
            return bps < before;
        }
        self.mark = Some((bps, now));
        u128::from(bps) * 100 < u128::from(then) * u128::from(GROWTH_PERCENT)
    }

    /// The latest REMB, unless it has expired.
    pub fn latest(&self, now: Time) -> Option<u64> {
        let (bps, at) = self.latest?;
        (now.since(at) <= EXPIRY).then_some(bps)
    }

    /// What all media may use; `None`: no limit is known.
    pub fn budget(&self, now: Time) -> Option<u64> {
        let (latest, limit) = (self.latest(now)?, self.limit?);
        let risen = limit.bps as f64 * RISE.powf(now.since(limit.rises_from).as_secs_f64());
        (risen < UNLIMITED).then(|| latest.max(risen as u64))
    }

    /// What video may use while audio, which comes first, takes `audio_bps`; `None`: no limit is known.
    pub fn video_budget(&self, audio_bps: u64, now: Time) -> Option<u64> {
        self.budget(now).map(|bps| bps.saturating_sub(audio_bps))
    }

    fn congested(&mut self, bps: u64, now: Time) {
        let hold = match self.limit {
            // Still the same congestion: it takes seconds until a smaller layer is sent and the queue is gone.
            Some(limit) if now <= limit.rises_from => limit.hold,
            Some(limit) if now.since(limit.rises_from) < LONGEST_HOLD => {
                (limit.hold * 2).min(LONGEST_HOLD)
            }
            _ => FIRST_HOLD,
        };
        self.limit = Some(Limit {
            bps,
            rises_from: now + hold,
            hold,
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::forward::packet::testing::at;
    use proptest::prelude::*;

    /// REMB and sent rate in kbit/s at each second from 0; then the budget in kbit/s at `ms`.
    fn budget(rembs: &[(u64, u64)], ms: u64) -> Option<u64> {
        let mut downlink = Downlink::default();
        for (second, (remb, sent)) in (0..).zip(rembs) {
            downlink.remb(remb * 1_000, sent * 1_000, at(second * 1_000));
        }
        downlink.budget(at(ms)).map(|bps| bps / 1_000)
    }

    #[test]
    fn rows() {
        for (rembs, ms, expect) in [
            (&[][..], 0, None),
            (&[(225, 150), (225, 150)], 1_000, None), // held down by what is received
            (&[(225, 500), (240, 500), (258, 500)], 2_000, None), // below what is sent, but growing
            (&[(225, 500)], 0, None),                 // the first of all
            (&[(900, 2_000), (600, 2_000)], 1_000, Some(600)), // falling
            (&[(600, 2_000), (600, 2_000)], 1_000, Some(600)), // stuck
            (&[(600, 2_000), (600, 2_000)], 5_000, Some(600)), // held
            (&[(600, 2_000), (600, 2_000)], 7_000, Some(937)), // rising
            (&[(600, 2_000), (600, 2_000)], 11_001, None), // nothing heard any more
            (&[(600, 2_000), (600, 2_000), (900, 580)], 2_000, Some(900)),
            (&[(600, 2_000), (500, 1_000), (400, 500)], 2_000, Some(400)),
        ] {
            assert_eq!(budget(rembs, ms), expect, "{rembs:?} at {ms} ms");
        }
    }

    #[test]
    fn the_first_estimate_after_an_outage_is_no_congestion() {
        let mut downlink = Downlink::default();
        for (ms, bps) in [(0, 900), (1_000, 950), (9_000, 40), (10_000, 60)] {
            downlink.remb(bps * 1_000, 600_000, at(ms));
            assert_eq!(downlink.budget(at(ms)), None, "{ms} ms");
        }
        downlink.remb(60_000, 600_000, at(11_000));
        assert_eq!(downlink.budget(at(11_000)), Some(60_000), "now it is stuck");
    }

    #[test]
    fn estimates_that_come_five_times_a_second_grow_as_fast_as_others() {
        let mut downlink = Downlink::default();
        for n in 0..50u64 {
            // 6 % per second, now and then the same again; more is being sent.
            let bps = 100_000 + n / 2 * 2_400;
            downlink.remb(bps, 150_000, at(n * 200));
            assert_eq!(downlink.budget(at(n * 200)), None, "{n}");
        }
        downlink.remb(90_000, 150_000, at(10_000));
        assert_eq!(
            downlink.budget(at(10_000)),
            Some(90_000),
            "one that falls tells at once"
        );
    }

    #[test]
    fn failed_attempts_come_ever_more_seldom() {
        let mut downlink = Downlink::default();
        let mut attempts = Vec::new();
        let (mut sent, mut trying) = (2_000_000, false);
        for second in 0..120 {
            // A downlink of 600 kbit/s; the subscriber gets one layer more whenever the budget has 720 for it.
            downlink.remb(600_000 - second % 2, sent, at(second * 1_000));
            let fits = downlink
                .budget(at(second * 1_000))
                .is_none_or(|bps| bps >= 720_000);
            if fits && !trying {
                attempts.push(second);
            }
            trying = fits;
            sent = if fits { 720_000 } else { 400_000 };
        }
        let gaps: Vec<_> = attempts.windows(2).map(|pair| pair[1] - pair[0]).collect();
        assert!(gaps.len() >= 3 && gaps.is_sorted(), "{attempts:?}");
        assert!(*gaps.last().unwrap() >= 32, "{attempts:?}");
    }

    #[test]
    fn a_limit_that_has_risen_far_enough_is_none() {
        let mut downlink = Downlink::default();
        for second in 0..60 {
            let sent = if second < 2 { 2_000_000 } else { 100_000 };
            downlink.remb(500_000, sent, at(second * 1_000));
        }
        assert_eq!(
            downlink.budget(at(20_000)).map(|bps| bps > 10_000_000),
            Some(true)
        );
        assert_eq!(downlink.budget(at(60_000)), None);
    }

    #[test]
    fn audio_comes_first() {
        let mut downlink = Downlink::default();
        assert_eq!(downlink.video_budget(64_000, at(0)), None);
        downlink.remb(100_000, 500_000, at(0));
        downlink.remb(100_000, 500_000, at(1_000));
        assert_eq!(downlink.video_budget(64_000, at(1_000)), Some(36_000));
        assert_eq!(downlink.video_budget(164_000, at(1_000)), Some(0));
    }

    proptest! {
        #[test]
        fn any_estimate_is_survived(rembs in prop::collection::vec((any::<u64>(), any::<u64>(), 0u64..20_000), 1..60)) {
            let mut downlink = Downlink::default();
            let mut ms = 0;
            for (bps, sent, later) in rembs {
                ms += later;
                downlink.remb(bps, sent, at(ms));
                if let Some(budget) = downlink.budget(at(ms)) {
                    prop_assert!(budget >= bps);
                }
            }
        }
    }
}
