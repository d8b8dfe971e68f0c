//! Which simulcast layer each video slot of a subscriber gets.

use super::packet::MAX_LAYERS;
use crate::time::{Duration, Time};

/// A larger layer must fit this much, in percent: layers swing by a fifth around their mean, and
/// going up and down again costs every viewer of the track two keyframes.
const MARGIN_PERCENT: u64 = 120;
/// A larger layer must have fitted for so long: publishers' encoders start layers one after the other.
const SETTLE: Duration = Duration::from_millis(500);
/// After the budget has forced a step down, the next step up waits at least this long,
const FIRST_HOLD: Duration = Duration::from_secs(4);
/// and twice as long each time it is forced again, up to this.
const LONGEST_HOLD: Duration = Duration::from_secs(32);
/// A downlink that has carried a choice for so long is taken for healthy again.
const FORGIVEN: Duration = Duration::from_secs(60);

/// What is known of one layer of a publisher's track.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LayerRate {
    /// It is being sent now.
    pub active: bool,
    /// Its measured bits per second.
    pub bitrate: u64,
}

/// One video slot's wish.
#[derive(Clone, Copy, Debug, Default)]
pub struct Demand {
    /// The layers of the track that feeds the slot, smallest first.
    pub layers: [LayerRate; MAX_LAYERS],
    /// The largest layer the slot's view wants.
    pub max_layer: u8,
}

/// The choice for one slot, with its memory.
#[derive(Clone, Debug, Default)]
pub struct LayerChoice {
    current: Option<u8>,
    /// Something has been chosen before, so that `None` means paused.
    begun: bool,
    /// Since when a larger layer than the current one has fitted.
    fits_since: Option<Time>,
    hold: Option<Hold>,
}

/// What congestion has taught.
#[derive(Clone, Copy, Debug)]
struct Hold {
    since: Time,
    length: Duration,
}

impl Demand {
    /// The layers to choose from, smallest first: those being sent, up to the wanted one. Browsers start and
    /// stop layers at any time, so what is wanted may not exist; if only larger ones do, the smallest of them.
    fn candidates(&self) -> impl Iterator<Item = (u8, u64)> {
        let sent = || (0u8..).zip(&self.layers).filter(|(_, rate)| rate.active);
        let smallest = sent().next().map_or(0, |(layer, _)| layer);
        let largest = self.max_layer.max(smallest);
        sent()
            .take_while(move |(layer, _)| *layer <= largest)
            .map(|(layer, rate)| (layer, rate.bitrate))
    }

    /// Bits per second of the least this slot can get.
    fn least(&self) -> u64 {
        self.candidates().next().map_or(0, |(_, bitrate)| bitrate)
    }

    fn bitrate(&self, layer: Option<u8>) -> u64 {
        let rate = layer.and_then(|layer| self.layers.get(usize::from(layer)));
        rate.map_or(0, |rate| rate.bitrate)
    }

    /// The largest candidate that fits `budget` with `percent` of its bitrate.
    fn fitting(&self, budget: Option<u64>, percent: u64) -> Option<u8> {
        let fits = |bitrate: u64| budget.is_none_or(|budget| bitrate * percent / 100 <= budget);
        self.candidates()
            .filter(|(_, bitrate)| fits(*bitrate))
            .map(|(layer, _)| layer)
            .last()
    }
}

impl LayerChoice {
    /// The layer chosen last; `None`: the slot is paused for want of bandwidth.
    pub fn current(&self) -> Option<u8> {
        self.current
    }

    /// The largest layer being sent, not above the wanted one, that fits `budget` (bits per second; `None`:
    /// no limit is known). Down at once; up only with room to spare and after a hold. While no layer is sent
    /// the choice stays.
    pub fn choose(&mut self, demand: &Demand, budget: Option<u64>, now: Time) -> Option<u8> {
        if demand.candidates().next().is_none() {
            return self.current;
        }
        let fitting = demand.fitting(budget, 100);
        let gone = self
            .current
            .is_some_and(|current| demand.candidates().all(|(layer, _)| layer != current));
        if !self.begun || gone {
            self.begun = true;
            self.current = fitting;
            self.fits_since = None;
        } else if fitting < self.current {
            self.current = fitting;
            self.fits_since = None;
            self.hold = Some(self.longer_hold(now));
        } else if demand.fitting(budget, MARGIN_PERCENT) > self.current {
            self.wait_then_rise(demand, budget, now);
        } else {
            self.fits_since = None;
        }
        self.current
    }

    fn wait_then_rise(&mut self, demand: &Demand, budget: Option<u64>, now: Time) {
        let since = *self.fits_since.get_or_insert(now);
        let hold = self
            .hold
            .is_some_and(|hold| now.since(hold.since) < hold.length);
        if !hold && now.since(since) >= SETTLE {
            self.current = demand.fitting(budget, MARGIN_PERCENT);
            self.fits_since = None;
        }
    }

    fn longer_hold(&self, now: Time) -> Hold {
        let length = match self.hold {
            Some(hold) if now.since(hold.since) < hold.length + FORGIVEN => {
                (hold.length * 2).min(LONGEST_HOLD)
            }
            _ => FIRST_HOLD,
        };
        Hold { since: now, length }
    }
}

/// Share `budget` among slots given in the order of importance: the smallest layer of each comes before a
/// larger one of any. `choices[i]` is the memory of `demands[i]` and holds its layer afterwards.
pub fn allocate(demands: &[Demand], choices: &mut [LayerChoice], budget: Option<u64>, now: Time) {
    let mut left = budget;
    let mut reserved: u64 = demands.iter().map(Demand::least).sum();
    for (demand, choice) in demands.iter().zip(choices) {
        reserved -= demand.least();
        let share = left.map(|left| left.saturating_sub(reserved).max(left.min(demand.least())));
        let layer = choice.choose(demand, share, now);
        left = left.map(|left| left.saturating_sub(demand.bitrate(layer)));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::forward::packet::testing::at;
    use proptest::prelude::*;

    /// Layers of 150, 400 and 1000 kbit/s, of which those in `active` are sent.
    fn demand(active: &[usize], max_layer: u8) -> Demand {
        let mut layers = [LayerRate::default(); MAX_LAYERS];
        for (index, kilobits) in [150, 400, 1_000].into_iter().enumerate() {
            layers[index] = LayerRate {
                active: active.contains(&index),
                bitrate: kilobits * 1_000,
            };
        }
        Demand { layers, max_layer }
    }

    #[test]
    fn first_choice() {
        for (active, max_layer, kilobits, expect) in [
            (&[0, 1, 2][..], 255, None, Some(2)),
            (&[0, 1, 2], 1, None, Some(1)),
            (&[0, 1], 2, None, Some(1)), // the publisher does not send the largest
            (&[2], 0, None, Some(2)),    // only one larger than wanted is sent
            (&[0, 1, 2], 2, Some(999), Some(1)),
            (&[0, 1, 2], 2, Some(1_000), Some(2)),
            (&[0, 1, 2], 2, Some(149), None),
            (&[], 2, None, None),
        ] {
            let budget = kilobits.map(|k| k * 1_000);
            let choice = LayerChoice::default().choose(&demand(active, max_layer), budget, at(0));
            assert_eq!(choice, expect, "{active:?} {max_layer} {kilobits:?}");
        }
    }

    #[test]
    fn over_time() {
        let mut choice = LayerChoice::default();
        let all = &[0, 1, 2][..];
        for (ms, active, kilobits, expect) in [
            (0, &[0][..], 5_000, Some(0)),
            (100, all, 5_000, Some(0)), // may be a blip
            (599, all, 5_000, Some(0)),
            (600, all, 5_000, Some(2)),
            (700, &[0, 1], 5_000, Some(1)), // no longer sent: at once
            (800, &[], 5_000, Some(1)),     // nothing sent: nothing to change
            (900, all, 5_000, Some(1)),
            (1_400, all, 5_000, Some(2)),
            (1_500, all, 900, Some(1)),   // congestion: at once
            (1_600, all, 1_100, Some(1)), // fits, but barely
            (1_700, all, 1_300, Some(1)), // fits, but it is too soon
            (5_400, all, 1_300, Some(1)),
            (5_500, all, 1_300, Some(2)),
            (5_600, all, 100, None), // again: paused, and the hold doubles
            (5_700, all, 180, None),
            (13_500, all, 180, None),
            (13_600, all, 180, Some(0)),
        ] {
            let layer = choice.choose(&demand(active, 255), Some(kilobits * 1_000), at(ms));
            assert_eq!(layer, expect, "at {ms} ms");
        }
    }

    #[test]
    fn a_smaller_view_is_obeyed_at_once() {
        let mut choice = LayerChoice::default();
        assert_eq!(choice.choose(&demand(&[0, 1, 2], 2), None, at(0)), Some(2));
        assert_eq!(choice.choose(&demand(&[0, 1, 2], 0), None, at(1)), Some(0));
    }

    #[test]
    fn an_old_congestion_is_forgiven() {
        let mut choice = LayerChoice::default();
        let all = demand(&[0, 1, 2], 2);
        for start in [0, 100_000] {
            choice.choose(&all, None, at(start));
            choice.choose(&all, None, at(start + 1_000));
            assert_eq!(
                choice.choose(&all, Some(500_000), at(start + 2_000)),
                Some(1)
            );
            choice.choose(&all, None, at(start + 2_001));
            assert_eq!(choice.choose(&all, None, at(start + 5_999)), Some(1));
            assert_eq!(choice.choose(&all, None, at(start + 6_000)), Some(2));
        }
    }

    #[test]
    fn everybody_is_seen_before_anybody_is_large() {
        for (kilobits, expect) in [
            (3_000, [Some(2), Some(2), Some(2)]),
            (1_400, [Some(2), Some(0), Some(0)]),
            (1_299, [Some(1), Some(1), Some(1)]),
            (700, [Some(1), Some(0), Some(0)]),
            (450, [Some(0), Some(0), Some(0)]),
            (320, [Some(0), Some(0), None]),
            (100, [None, None, None]),
        ] {
            let mut choices = vec![LayerChoice::default(); 3];
            allocate(
                &[demand(&[0, 1, 2], 2); 3],
                &mut choices,
                Some(kilobits * 1_000),
                at(0),
            );
            let layers: Vec<_> = choices.iter().map(LayerChoice::current).collect();
            assert_eq!(layers, expect, "{kilobits} kbit/s");
        }
    }

    proptest! {
        #[test]
        fn never_above_the_budget_nor_what_is_sent(
            steps in prop::collection::vec((prop::collection::vec(0usize..3, 0..4), 0u64..4_000, 0u64..3_000), 1..60),
        ) {
            let mut choices = vec![LayerChoice::default(); 3];
            let mut ms = 0;
            for (active, kilobits, later) in steps {
                ms += later;
                let demands = [demand(&active, 2); 3];
                allocate(&demands, &mut choices, Some(kilobits * 1_000), at(ms));
                if active.is_empty() {
                    continue;
                }
                let used: u64 = demands.iter().zip(&choices).map(|(d, c)| d.bitrate(c.current())).sum();
                prop_assert!(used <= kilobits * 1_000);
                for layer in choices.iter().filter_map(LayerChoice::current) {
                    prop_assert!(active.contains(&usize::from(layer)));
                }
            }
        }
    }
}
