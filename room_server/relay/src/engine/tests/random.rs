//! Whatever is commanded and whatever comes in, in any order: no number is used twice, and nobody gets
//! what the stage does not give them.

use super::*;
use crate::codec::Codec;
use crate::rtcp;
use proptest::prelude::*;
use std::collections::{BTreeMap, HashSet};

const PUBLISHERS: std::ops::Range<u32> = 1..4;
/// Its slots follow the speaker.
const FOLLOWER: u32 = 4;
/// Has a slot for each of two seats; staff, and of the second publisher's echo group.
const WIDE: u32 = 5;
const ROOM: u32 = 9;

#[derive(Clone, Copy, Debug)]
enum Step {
    Speak(u32, u8),
    /// Layer, keyframe, packets, and whether they are held back.
    Frame(u32, u8, bool, usize, bool),
    /// What was held back arrives after all, in reverse, and twice.
    Late,
    /// So many packets are lost on the way here.
    Lost(u32, u8, u64),
    NewSsrcs(u32),
    /// The camera's encoder is another one from now on.
    Codec(u32, usize),
    Seat(u16, u32),
    Clear(u16),
    Gate(u16, bool, bool),
    Air(Air),
    View(u32, u16, WantedLayer),
    /// Slot, and how far behind its latest packet what is asked for again lies.
    Nack(u32, usize, u16),
    Pli(u32, usize),
    Remb(u32, u64),
    Restart(u32),
    Moved(u32),
    /// A second handshake's keys, which are refused.
    Keys(u32),
    Pass(u64),
}

fn step() -> impl Strategy<Value = Step> {
    let gate = || (1u16..3, any::<bool>(), prop::bool::weighted(0.8));
    let viewer = || 1u32..6;
    let layer = prop_oneof![
        Just(WantedLayer::Paused),
        Just(WantedLayer::Best),
        (0u8..3).prop_map(WantedLayer::Upto),
    ];
    let air = prop_oneof![1 => Just(Air::Off), 1 => Just(Air::Backstage), 3 => Just(Air::OnAir)];
    let frame = (
        PUBLISHERS,
        0u8..3,
        prop::bool::weighted(0.4),
        1usize..5,
        prop::bool::weighted(0.15),
    );
    prop_oneof![
        10 => (PUBLISHERS, 5u8..80).prop_map(|(p, level)| Step::Speak(p, level)),
        20 => frame.prop_map(|(p, layer, key, count, held)| Step::Frame(p, layer, key, count, held)),
        3 => Just(Step::Late),
        2 => (PUBLISHERS, 0u8..3, 1u64..3_000).prop_map(|(p, layer, n)| Step::Lost(p, layer, n)),
        1 => PUBLISHERS.prop_map(Step::NewSsrcs),
        1 => (PUBLISHERS, 0..Encoder::ALL.len()).prop_map(|(p, which)| Step::Codec(p, which)),
        4 => (1u16..3, PUBLISHERS).prop_map(|(seat, p)| Step::Seat(seat, p)),
        1 => (1u16..3).prop_map(Step::Clear),
        5 => gate().prop_map(|(seat, audio, video)| Step::Gate(seat, audio, video)),
        1 => air.prop_map(Step::Air),
        3 => (viewer(), 0u16..3, layer).prop_map(|(v, seat, layer)| Step::View(v, seat, layer)),
        8 => (viewer(), 0usize..4, 0u16..80).prop_map(|(v, slot, back)| Step::Nack(v, slot, back)),
        2 => (viewer(), 0usize..4).prop_map(|(v, slot)| Step::Pli(v, slot)),
        1 => (viewer(), 10_000u64..3_000_000).prop_map(|(v, bps)| Step::Remb(v, bps)),
        1 => viewer().prop_map(Step::Restart),
        1 => viewer().prop_map(Step::Moved),
        1 => viewer().prop_map(Step::Keys),
        10 => (1u64..120).prop_map(Step::Pass),
    ]
}

/// A house and what is known of its stage.
struct World {
    house: House,
    /// Who sits where, and whether audio and video may leave.
    seats: BTreeMap<u16, (u32, [bool; 2])>,
    air: Air,
    held: Vec<(u32, Vec<u8>)>,
    restarts: u32,
}

impl World {
    fn new() -> World {
        let mut house = House::new(2);
        for peer in PUBLISHERS {
            let echo_group = if peer == 2 { ROOM } else { 0 };
            house.enter(
                PeerSpec {
                    echo_group,
                    ..publisher(peer)
                },
                peer as usize % 2,
            );
        }
        let mut follower = attendee(FOLLOWER, 0);
        follower.codecs.retain(|map| map.codec != Codec::H264);
        house.enter(follower, 0);
        house.enter(
            PeerSpec {
                staff: true,
                echo_group: ROOM,
                ..wide(WIDE, 2)
            },
            1,
        );
        house.tell_all(&Command::HallAir(HALL, Air::OnAir));
        World {
            house,
            seats: BTreeMap::new(),
            air: Air::OnAir,
            held: vec![],
            restarts: 0,
        }
    }

    fn apply(&mut self, step: Step) {
        let house = &mut self.house;
        match step {
            Step::Speak(peer, level) => house.speak(peer, level),
            Step::Frame(peer, layer, key, count, held) => {
                for datagram in house.encode(peer, layer, key, count) {
                    if held {
                        self.held.push((peer, datagram));
                    } else {
                        house.deliver(peer, datagram);
                    }
                }
            }
            Step::Late => unreachable!("one publisher at a time"),
            Step::Lost(peer, layer, count) => {
                let guest = house.guests.get_mut(&peer).unwrap();
                let ssrc = guest.camera + peer * 100 + 10 + u32::from(layer);
                guest.number(ssrc);
                *guest.next_seq.get_mut(&ssrc).unwrap() += count;
            }
            Step::NewSsrcs(peer) => house.guests.get_mut(&peer).unwrap().camera += 10_000,
            Step::Codec(peer, which) => {
                house.guests.get_mut(&peer).unwrap().encoder = Encoder::ALL[which];
            }
            Step::Seat(seat, peer) => {
                self.seats.retain(|_, (sits, _)| *sits != peer);
                self.seats.insert(seat, (peer, [true; 2]));
                for other in (1..3).filter(|other| !self.seats.contains_key(other)) {
                    house.tell_all(&Command::SeatClear(HALL, SeatId(other)));
                }
                house.seat(seat, peer);
            }
            Step::Clear(seat) => {
                self.seats.remove(&seat);
                house.tell_all(&Command::SeatClear(HALL, SeatId(seat)));
            }
            Step::Gate(seat, audio, video) => {
                if let Some((_, open)) = self.seats.get_mut(&seat) {
                    *open = [audio, video];
                }
                house.gate(seat, audio, video);
            }
            Step::Air(air) => {
                self.air = air;
                house.tell_all(&Command::HallAir(HALL, air));
            }
            Step::View(peer, seat, layer) => {
                let slots = &house.guest(peer).spec.slots;
                let sections: Vec<u8> = slots.iter().map(|s| s.index).collect();
                for section in sections {
                    house.view(peer, section, seat, layer);
                }
            }
            step => self.apply_wire(step),
        }
    }

    /// What comes from the network beside media.
    fn apply_wire(&mut self, step: Step) {
        let house = &mut self.house;
        let ssrc = |house: &House, peer: u32, slot: usize| {
            let slots = &house.guest(peer).spec.slots;
            slots[slot % slots.len()].ssrc
        };
        match step {
            Step::Nack(peer, slot, back) => {
                let ssrc = ssrc(house, peer, slot);
                let Some(latest) = house.guest(peer).on(ssrc.0).last().map(|(h, _)| h.seq) else {
                    return;
                };
                let asked = (0..3).map(|n| latest.wrapping_sub(back).wrapping_add(n));
                house.rtcp(peer, |out| rtcp::write_nack(out, Ssrc(1), ssrc, asked));
            }
            Step::Pli(peer, slot) => {
                let ssrc = ssrc(house, peer, slot);
                house.rtcp(peer, |out| rtcp::write_pli(out, Ssrc(1), ssrc));
            }
            Step::Remb(peer, bps) => {
                house.rtcp(peer, |out| rtcp::write_remb(out, Ssrc(1), bps, &[]));
            }
            Step::Restart(peer) => {
                self.restarts += 1;
                let (ufrag, pwd) = (format!("again{}", self.restarts), "p".repeat(22));
                let remote_ufrag = "them".into();
                house.tell(
                    peer,
                    Command::PeerRestart {
                        peer: PeerId(peer),
                        ufrag,
                        pwd,
                        remote_ufrag,
                    },
                );
            }
            Step::Moved(peer) => {
                let address = &mut house.guests.get_mut(&peer).unwrap().address;
                address.set_port(address.port() ^ 1 << 14);
                house.check(peer, true);
                house.rtcp(peer, |out| rtcp::write_rr(out, Ssrc(1), &[]));
            }
            Step::Keys(peer) => house.keys(peer),
            Step::Pass(ms) => house.pass(ms),
            _ => unreachable!("a stage's step"),
        }
    }

    /// Whether media of `from` may reach `to` now.
    fn may_reach(&self, from: u32, to: u32, kind: Kind) -> bool {
        let open = self
            .seats
            .values()
            .any(|(sits, open)| *sits == from && open[kind as usize]);
        let air = match self.air {
            Air::Off => false,
            Air::Backstage => to == WIDE,
            Air::OnAir => true,
        };
        let echo = kind == Kind::Audio && from == 2 && to == WIDE;
        open && air && from != to && !echo
    }

    /// Do it, and look at who got media from it.
    fn check(&mut self, step: Step) -> Result<(), TestCaseError> {
        if matches!(step, Step::Late) {
            let held: Vec<_> = std::mem::take(&mut self.held).into_iter().rev().collect();
            for (peer, datagram) in held.iter().flat_map(|held| [held.clone(), held.clone()]) {
                let before = self.got();
                self.house.deliver(peer, datagram);
                self.check_from(peer, Kind::Video, &before)?;
            }
            return Ok(());
        }
        let before = self.got();
        self.apply(step);
        match step {
            Step::Speak(peer, _) => self.check_from(peer, Kind::Audio, &before),
            Step::Frame(peer, _, _, _, false) => self.check_from(peer, Kind::Video, &before),
            // Only what was sent once may come without a publisher's packet.
            _ => {
                for (peer, guest) in &self.house.guests {
                    let fresh = &guest.packets[before[peer]..];
                    prop_assert!(
                        fresh.iter().all(|(h, _)| encoder::RTX.contains(&h.pt)),
                        "{step:?} sent media to {peer}"
                    );
                }
                Ok(())
            }
        }
    }

    fn got(&self) -> BTreeMap<u32, usize> {
        self.house
            .guests
            .iter()
            .map(|(peer, guest)| (*peer, guest.packets.len()))
            .collect()
    }

    fn check_from(
        &self,
        from: u32,
        kind: Kind,
        before: &BTreeMap<u32, usize>,
    ) -> Result<(), TestCaseError> {
        for (peer, guest) in &self.house.guests {
            let got = guest.packets.len() > before[peer];
            prop_assert!(
                !got || self.may_reach(from, *peer, kind),
                "{kind:?} of {from} reached {peer}"
            );
        }
        Ok(())
    }
}

proptest! {
    /// (key, SSRC, index) is the nonce: each datagram decrypts, and under a number that nothing had before.
    #[test]
    fn no_nonce_twice_and_nothing_to_whom_it_may_not_reach(steps in prop::collection::vec(step(), 1..150)) {
        let mut world = World::new();
        for step in steps {
            world.check(step)?;
        }
        for (peer, guest) in &world.house.guests {
            prop_assert!(guest.bad.is_empty(), "peer {}: {:?}", peer, guest.bad);
            // Fewer than 2^15 packets on any SSRC: wire numbers tell them apart.
            let mut used = HashSet::new();
            prop_assert!(guest.packets.iter().all(|(h, _)| used.insert((h.ssrc, h.seq))));
        }
    }
}
