//! The fan-out: every packet of one loop turn to every slot that takes it, subscriber by
//! subscriber, so that one subscriber's packets leave in one run. Stops when the arena is full
//! and goes on from there.

use super::packet::Packet;
use crate::arena::Arena;
use crate::drop::Drop;
use crate::ids::TrackId;
use std::sync::Arc;

/// Keyframes of 50 packets from each of 16 seats are 800. Two and a half times that waiting for one round
/// means that the worker has fallen behind, and whatever is queued on top would only come later still.
const MAX_WAITING: usize = 2000;

/// Of one seat: whoever sends all that a peer may at once leaves room for the others on stage.
const MAX_WAITING_OF_SEAT: usize = MAX_WAITING / 2;

/// The subscribers as the fan-out sees them; a member is a key, a slot an index.
pub trait Subscribers {
    /// How many slots the member has.
    fn slots(&self, member: usize) -> usize;
    /// Whether packets of this track may concern the slot.
    fn takes(&self, member: usize, slot: usize, track: TrackId) -> bool;
    /// Send the packet out of the slot, if it goes out. There is room in the arena.
    fn send(&mut self, member: usize, slot: usize, queued: &Queued, arena: &mut Arena);
}

/// A packet on its way to a hall's subscribers.
#[derive(Clone, Debug)]
pub struct Queued {
    /// The packet.
    pub packet: Arc<Packet>,
    /// Index of the seat it comes from.
    pub seat: usize,
}

/// Packets of one kind in one hall: those being sent, and those that wait for the next round.
#[derive(Debug, Default)]
pub struct Lane {
    walking: Vec<Queued>,
    waiting: Vec<Queued>,
    /// How many of those that wait come from each seat.
    shares: Vec<usize>,
    member: usize,
    slot: usize,
    packet: usize,
}

impl Lane {
    /// A packet for the next round; `QueueFull` if too many wait for it, of its seat or in all.
    pub fn push(&mut self, queued: Queued) -> Result<(), Drop> {
        if self.shares.len() <= queued.seat {
            self.shares.resize(queued.seat + 1, 0);
        }
        let share = self.shares.get_mut(queued.seat).ok_or(Drop::QueueFull)?;
        if self.waiting.len() >= MAX_WAITING || *share >= MAX_WAITING_OF_SEAT {
            return Err(Drop::QueueFull);
        }
        *share += 1;
        self.waiting.push(queued);
        Ok(())
    }

    /// Whether nothing is on its way.
    pub fn is_empty(&self) -> bool {
        self.walking.is_empty() && self.waiting.is_empty()
    }

    /// Forget all packets.
    pub fn clear(&mut self) {
        *self = Lane::default();
    }

    /// The member at `index` is being removed; the ones behind it move up.
    pub fn removed(&mut self, index: usize) {
        if index < self.member {
            self.member -= 1;
        } else if index == self.member {
            (self.slot, self.packet) = (0, 0);
        }
    }

    /// Send until all is sent (true) or the arena is full (false).
    pub fn fan_out(
        &mut self,
        members: &[usize],
        subscribers: &mut impl Subscribers,
        arena: &mut Arena,
    ) -> bool {
        if self.walking.is_empty() {
            std::mem::swap(&mut self.walking, &mut self.waiting);
            self.shares.fill(0);
        }
        while let Some(&member) = members.get(self.member) {
            while self.slot < subscribers.slots(member) {
                while let Some(queued) = self.walking.get(self.packet) {
                    if subscribers.takes(member, self.slot, queued.packet.source.track) {
                        if arena.is_full() {
                            return false;
                        }
                        subscribers.send(member, self.slot, queued, arena);
                    }
                    self.packet += 1;
                }
                self.packet = 0;
                self.slot += 1;
            }
            self.slot = 0;
            self.member += 1;
        }
        self.member = 0;
        self.walking.clear();
        self.waiting.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::forward::packet::{Codec, Source};
    use crate::ice::Route;
    use crate::ids::{PeerId, Seq};
    use crate::time::Time;
    use std::net::SocketAddr;

    const A: u8 = 0;
    const B: u8 = 1;

    fn track(section: u8) -> TrackId {
        TrackId {
            peer: PeerId(1),
            section,
        }
    }

    fn queued(section: u8, seq: u64) -> Queued {
        let packet = Packet {
            source: Source {
                track: track(section),
                layer: 0,
            },
            seq: Seq(seq),
            timestamp: 0,
            marker: false,
            codec: Codec::Opus,
            key_start: false,
            pictures: None,
            dependency: None,
            parameter_sets: None,
            level: None,
            arrival: Time::default(),
            capture: None,
            payload: [].into(),
        };
        Queued {
            packet: Arc::new(packet),
            seat: 0,
        }
    }

    /// Members with one slot for track A and one for track B; `sent` as (member, section, number).
    #[derive(Default)]
    struct Fake {
        sent: Vec<(usize, u8, u64)>,
    }

    impl Subscribers for Fake {
        fn slots(&self, _: usize) -> usize {
            2
        }

        fn takes(&self, _: usize, slot: usize, t: TrackId) -> bool {
            usize::from(t.section) == slot
        }

        fn send(&mut self, member: usize, slot: usize, queued: &Queued, arena: &mut Arena) {
            let route = Route {
                addr: SocketAddr::from(([127, 0, 0, 1], member as u16)),
                socket: 0,
            };
            arena.push(route, |_| Some(100));
            self.sent.push((member, slot as u8, queued.packet.seq.0));
        }
    }

    #[test]
    fn a_round_is_ordered_by_subscriber_and_slot() {
        let (mut lane, mut fake, mut arena) = (Lane::default(), Fake::default(), Arena::default());
        for q in [queued(A, 1), queued(B, 1), queued(A, 2)] {
            lane.push(q).unwrap();
        }
        assert!(lane.fan_out(&[5, 7], &mut fake, &mut arena));
        assert_eq!(
            fake.sent,
            [
                (5, A, 1),
                (5, A, 2),
                (5, B, 1),
                (7, A, 1),
                (7, A, 2),
                (7, B, 1)
            ]
        );
        assert_eq!(arena.messages().len(), 2, "one run for each subscriber");
        assert!(lane.is_empty());
    }

    #[test]
    fn a_full_arena_stops_and_nothing_is_lost_or_sent_twice() {
        let (mut lane, mut fake, mut arena) = (Lane::default(), Fake::default(), Arena::default());
        let members: Vec<usize> = (0..200).collect();
        for n in 0..3 {
            lane.push(queued(A, n)).unwrap();
        }
        let mut fills = 0;
        while !lane.fan_out(&members, &mut fake, &mut arena) {
            arena.clear();
            fills += 1;
            if fills == 1 {
                lane.push(queued(A, 3)).unwrap();
            }
        }
        assert!(fills >= 2);
        let newcomers = fake.sent.iter().filter(|(_, _, n)| *n == 3).count();
        assert_eq!(
            (fake.sent.len(), newcomers),
            (800, 200),
            "what came meanwhile went in the next round"
        );
        fake.sent.sort_unstable();
        fake.sent.dedup();
        assert_eq!(fake.sent.len(), 800);
    }

    #[test]
    fn members_that_leave_do_not_disturb_the_walk() {
        let (mut lane, mut fake, mut arena) = (Lane::default(), Fake::default(), Arena::default());
        let mut members: Vec<usize> = (0..300).collect();
        lane.push(queued(A, 0)).unwrap();
        assert!(!lane.fan_out(&members, &mut fake, &mut arena));
        let at = fake.sent.len();
        // One that has had its packets, and the one whose turn it is.
        for index in [0, at - 1] {
            members.remove(index);
            lane.removed(index);
        }
        arena.clear();
        assert!(lane.fan_out(&members, &mut fake, &mut arena));
        let got: Vec<usize> = fake.sent.iter().map(|(m, ..)| *m).collect();
        assert_eq!(got.len(), 299);
        assert!(got.windows(2).all(|w| w[0] < w[1]), "each once, in order");
    }
}
