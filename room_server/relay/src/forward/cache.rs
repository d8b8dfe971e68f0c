//! The latest packets of one source, for retransmission and for slots that switch to it.

use std::sync::Arc;

use super::packet::Packet;
use super::window::WINDOW;
use crate::ids::Seq;
use crate::time::{Duration, Time};

/// How long a packet is worth sending again: browsers give up on a gap after about a second.
pub const HORIZON: Duration = Duration::from_secs(1);

/// Slots at first: a second of audio.
const MIN_SLOTS: usize = 64;
/// Slots at most: a second of 8 Mbit/s in full packets, twice the largest layer browsers send.
const MAX_SLOTS: usize = 1024;

/// Packets of one source, newest [`HORIZON`], O(1) by number. Grows to what the source needs, within bounds.
#[derive(Clone, Debug, Default)]
pub struct Ring {
    /// Packet `seq` lies at `seq` modulo the length, a power of two.
    slots: Vec<Option<Arc<Packet>>>,
    highest: Option<Seq>,
    /// Nothing is kept below this number.
    oldest: u64,
    last_key: Option<Seq>,
}

impl Ring {
    /// Keep `packet`; forgets what is too old beside it.
    pub fn insert(&mut self, packet: Arc<Packet>) {
        let seq = packet.seq.0;
        if self
            .highest
            .is_none_or(|highest| restarts(seq, highest.0, self.slots.len()))
        {
            self.restart(seq);
        }
        self.grow_for(&packet);
        let highest = self.highest.map_or(seq, |highest| highest.0.max(seq));
        let Some(slot) = self.slot(seq).and_then(|index| self.slots.get_mut(index)) else {
            return;
        };
        if slot.as_ref().is_some_and(|kept| kept.seq.0 > seq) {
            return;
        }
        let (now, key) = (packet.arrival, packet.key_start);
        *slot = Some(packet);
        self.highest = Some(Seq(highest));
        self.oldest = self.oldest.min(seq);
        if key {
            self.last_key = self.last_key.max(Some(Seq(seq)));
        }
        self.expire(now);
    }

    /// The packet with the publisher's number `seq`.
    pub fn get(&self, seq: Seq) -> Option<&Arc<Packet>> {
        let packet = self.slots.get(self.slot(seq.0)?)?.as_ref()?;
        (packet.seq == seq).then_some(packet)
    }

    /// Highest number inserted.
    pub fn highest(&self) -> Option<Seq> {
        self.highest
    }

    /// Where the newest keyframe starts, if that packet is still here.
    pub fn last_key(&self) -> Option<Seq> {
        self.last_key.filter(|seq| self.get(*seq).is_some())
    }

    /// Free what is older than [`HORIZON`] at `now`: for a source that has stopped.
    pub fn expire(&mut self, now: Time) {
        let Some(highest) = self.highest else { return };
        self.oldest = self
            .oldest
            .max((highest.0 + 1).saturating_sub(self.slots.len() as u64));
        while self.oldest <= highest.0 {
            let kept = self.get(Seq(self.oldest));
            if kept.is_some_and(|packet| now.since(packet.arrival) <= HORIZON) {
                return;
            }
            if kept.is_some() {
                self.free(self.oldest);
            }
            self.oldest += 1;
        }
    }

    fn slot(&self, seq: u64) -> Option<usize> {
        let mask = self.slots.len().checked_sub(1)?;
        Some(seq as usize & mask)
    }

    fn free(&mut self, seq: u64) {
        if let Some(slot) = self.slot(seq).and_then(|index| self.slots.get_mut(index)) {
            *slot = None;
        }
    }

    fn restart(&mut self, seq: u64) {
        self.slots.fill(None);
        self.slots.resize(self.slots.len().max(MIN_SLOTS), None);
        self.highest = None;
        self.oldest = seq;
        self.last_key = None;
    }

    /// Double while the packet would displace one that is still worth keeping.
    fn grow_for(&mut self, packet: &Packet) {
        while self.slots.len() < MAX_SLOTS && self.displaces(packet) {
            let mut wider = vec![None; self.slots.len() * 2];
            for kept in std::mem::take(&mut self.slots).into_iter().flatten() {
                let index = kept.seq.0 as usize & (wider.len() - 1);
                if let Some(slot) = wider.get_mut(index) {
                    *slot = Some(kept);
                }
            }
            self.slots = wider;
        }
    }

    fn displaces(&self, packet: &Packet) -> bool {
        let index = self.slot(packet.seq.0);
        let kept = index.and_then(|index| self.slots.get(index)?.as_ref());
        kept.is_some_and(|kept| {
            kept.seq != packet.seq && packet.arrival.since(kept.arrival) <= HORIZON
        })
    }
}

/// A leap over everything kept, or back beyond any late packet: the numbers have begun anew.
fn restarts(seq: u64, highest: u64, slots: usize) -> bool {
    seq > highest + slots.max(MAX_SLOTS) as u64 || seq + WINDOW < highest
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::forward::packet::testing::{at, video};
    use proptest::prelude::*;

    fn packet(seq: u64, ms: u64) -> Arc<Packet> {
        let mut packet = video(seq, 0);
        packet.arrival = at(ms);
        Arc::new(packet)
    }

    #[test]
    fn holds_a_second_however_fast_it_comes() {
        let mut ring = Ring::default();
        for seq in 0..2_000 {
            ring.insert(packet(seq, seq * 2)); // 500 per second
        }
        assert!(ring.get(Seq(1_500)).is_some());
        assert!(ring.get(Seq(1_498)).is_none());
        assert_eq!(ring.slots.len(), 512);
        assert_eq!(ring.slots.iter().flatten().count(), 501);
        ring.expire(at(3_998 + 1_001));
        assert_eq!(ring.slots.iter().flatten().count(), 0);
    }

    #[test]
    fn a_flood_is_bounded() {
        let mut ring = Ring::default();
        for seq in 0..5_000 {
            ring.insert(packet(seq, 0));
        }
        assert_eq!(ring.slots.len(), MAX_SLOTS);
        assert!(ring.get(Seq(4_999)).is_some());
        assert!(ring.get(Seq(4_999 - MAX_SLOTS as u64)).is_none());
    }

    #[test]
    fn knows_where_the_last_keyframe_starts() {
        let mut ring = Ring::default();
        ring.insert(packet(9, 0));
        assert_eq!(ring.last_key(), None);
        for seq in [10, 14] {
            let mut key = video(seq, 0);
            key.key_start = true;
            key.arrival = at(seq);
            ring.insert(Arc::new(key));
            ring.insert(packet(seq + 1, seq));
        }
        assert_eq!(ring.last_key(), Some(Seq(14)));
        ring.insert(packet(40, 1_200));
        assert_eq!(ring.last_key(), None);
    }

    #[test]
    fn numbers_that_begin_anew_are_kept() {
        let mut ring = Ring::default();
        for seq in [50_000, 50_001, 17, 18, 900_000] {
            ring.insert(packet(seq, 0));
            assert!(ring.get(Seq(seq)).is_some(), "{seq}");
            assert_eq!(ring.highest(), Some(Seq(seq)));
        }
        assert!(ring.get(Seq(18)).is_none());
    }

    proptest! {
        #[test]
        fn gives_back_only_what_was_put_in(
            steps in prop::collection::vec((0u64..40, 0u64..20), 1..300),
        ) {
            let mut ring = Ring::default();
            let (mut base, mut ms) = (100, 0);
            for (offset, later) in steps {
                base += offset / 3;
                ms += later;
                let seq = base + offset;
                ring.insert(packet(seq, ms));
                prop_assert_eq!(ring.get(Seq(seq)).unwrap().seq, Seq(seq));
                let kept = ring.slots.iter().flatten().filter(|p| p.arrival + HORIZON < at(ms)).count();
                // Late arrivals may hide older ones behind them, never more than the ring is long.
                prop_assert!(kept < ring.slots.len());
            }
        }
    }
}
