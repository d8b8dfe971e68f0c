//! Keyframe requests towards one publisher's track, coalesced over all slots that wait.

use crate::time::{Duration, Time};

/// Browsers answer a PLI on one simulcast layer with a keyframe on all, so each costs every viewer
/// of the track; two per second is what repair may cost them at most.
const MIN_INTERVAL: Duration = Duration::from_millis(500);
/// Beyond the round trip a keyframe takes this long to be captured, encoded and paced.
const ENCODING: Duration = Duration::from_millis(100);

/// Layers a bit mask of eight can hold; more than a track may have.
const LAYERS: u8 = 8;

/// Which layers of a track somebody waits for, and when the publisher was last asked.
#[derive(Clone, Debug, Default)]
pub struct KeyframeRequests {
    /// A bit per layer.
    waiting: u8,
    /// The layer asked for last.
    asked: u8,
    sent: Option<Time>,
}

impl KeyframeRequests {
    /// Somebody waits for a keyframe of `layer`. Remembered until one comes.
    pub fn request(&mut self, layer: u8) {
        self.waiting |= bit(layer);
    }

    /// A keyframe of `layer` starts: whoever waited for it has it.
    pub fn keyframe(&mut self, layer: u8) {
        self.waiting &= !bit(layer);
    }

    /// The layer to send a PLI for at `now`, if any; counts it as sent. While one is under way, or less
    /// than 500 ms after it, none is due; if it stays unanswered the next waiting layer's turn comes.
    pub fn due(&mut self, now: Time, rtt: Duration) -> Option<u8> {
        if self.deadline(rtt)? > now {
            return None;
        }
        // Start behind the one asked last: that layer may have stopped without a word.
        let turn = |step: u8| (self.asked + step) % LAYERS;
        let layer = (1..=LAYERS)
            .map(turn)
            .find(|layer| self.waiting & bit(*layer) != 0)?;
        self.asked = layer;
        self.sent = Some(now);
        Some(layer)
    }

    /// When [`KeyframeRequests::due`] has something to do next.
    pub fn deadline(&self, rtt: Duration) -> Option<Time> {
        let next = |sent| sent + MIN_INTERVAL.max(rtt + ENCODING);
        (self.waiting != 0).then(|| self.sent.map_or(Time::default(), next))
    }

    /// Nobody waits any more: the track has left the stage.
    pub fn clear(&mut self) {
        self.waiting = 0;
    }
}

fn bit(layer: u8) -> u8 {
    1 << (layer % LAYERS)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::forward::packet::testing::at;
    use proptest::prelude::*;

    const RTT: Duration = Duration::from_millis(50);

    #[derive(Debug)]
    enum Step {
        Request(u8),
        Keyframe(u8),
        Due(u64, Option<u8>),
    }
    use Step::{Due, Keyframe, Request};

    fn run(steps: &[Step]) {
        let mut requests = KeyframeRequests::default();
        for (number, step) in steps.iter().enumerate() {
            match step {
                Request(layer) => requests.request(*layer),
                Keyframe(layer) => requests.keyframe(*layer),
                Due(ms, expect) => assert_eq!(requests.due(at(*ms), RTT), *expect, "step {number}"),
            }
        }
    }

    #[test]
    fn a_hundred_waiting_slots_are_one_request() {
        run(&[
            Due(0, None),
            Request(2),
            Due(0, Some(2)),
            Request(2),
            Request(2),
            Due(1, None),
            Due(100, None),
            Keyframe(2),
            Due(500, None),
            Due(5_000, None),
        ]);
    }

    #[test]
    fn one_who_comes_after_the_keyframe_waits_for_the_interval() {
        run(&[
            Request(2),
            Due(0, Some(2)),
            Keyframe(2),
            Request(2),
            Due(499, None),
            Due(500, Some(2)),
        ]);
    }

    #[test]
    fn unanswered_requests_are_repeated_and_take_turns() {
        run(&[
            Request(0),
            Request(2),
            Due(0, Some(2)),
            Keyframe(1),
            Due(500, Some(0)),
            Due(1_000, Some(2)),
            Keyframe(0),
            Due(1_500, Some(2)),
        ]);
    }

    #[test]
    fn a_slow_path_is_not_asked_twice_for_one_answer() {
        let mut requests = KeyframeRequests::default();
        let rtt = Duration::from_millis(900);
        requests.request(0);
        assert_eq!(requests.due(at(0), rtt), Some(0));
        assert_eq!(requests.due(at(999), rtt), None);
        assert_eq!(requests.deadline(rtt), Some(at(1_000)));
        assert_eq!(requests.due(at(1_000), rtt), Some(0));
        requests.clear();
        assert_eq!(requests.deadline(rtt), None);
    }

    proptest! {
        #[test]
        fn never_more_than_two_per_second(steps in prop::collection::vec((0u8..4, any::<bool>(), 0u64..300), 1..200)) {
            let mut requests = KeyframeRequests::default();
            let (mut ms, mut last) = (0, None);
            for (layer, came, later) in steps {
                ms += later;
                if came { requests.keyframe(layer) } else { requests.request(layer) }
                if let Some(due) = requests.due(at(ms), RTT) {
                    prop_assert!(!came || due != layer);
                    prop_assert!(last.is_none_or(|last| ms - last >= 500));
                    last = Some(ms);
                }
            }
        }
    }
}
