//! Engines whose stage is known, so that of every datagram it can be said who may get it. Driven by random steps in
//! [`super::random`], and by bytes in the fuzz body `engine`.

use super::*;
use crate::codec::Codec;
use crate::rtcp;
use std::collections::{BTreeMap, HashSet};

pub const PUBLISHERS: std::ops::Range<u32> = 1..4;
/// Its slots follow the speaker.
const FOLLOWER: u32 = 4;
/// Has a slot for each of two seats; staff, and of the second publisher's echo group.
const WIDE: u32 = 5;
const ROOM: u32 = 9;

#[derive(Clone, Copy, Debug)]
pub enum Step {
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

/// A house and what is known of its stage.
pub struct World {
    pub house: House,
    /// Who sits where, and whether audio and video may leave.
    seats: BTreeMap<u16, (u32, [bool; 2])>,
    air: Air,
    held: Vec<(u32, Vec<u8>)>,
    restarts: u32,
}

impl World {
    pub fn new() -> World {
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
    pub fn check(&mut self, step: Step) {
        if matches!(step, Step::Late) {
            let held: Vec<_> = std::mem::take(&mut self.held).into_iter().rev().collect();
            for (peer, datagram) in held.iter().flat_map(|held| [held.clone(), held.clone()]) {
                let before = self.got();
                self.house.deliver(peer, datagram);
                self.check_from(peer, Kind::Video, &before);
            }
            return;
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
                    assert!(
                        fresh.iter().all(|(h, _)| encoder::RTX.contains(&h.pt)),
                        "{step:?} sent media to {peer}"
                    );
                }
            }
        }
    }

    /// Leaves and comes back, as a page that is loaded anew.
    pub fn rejoin(&mut self, peer: u32) {
        let guest = &self.house.guests[&peer];
        let (spec, worker) = (guest.spec.clone(), guest.worker);
        self.house.tell(peer, Command::PeerClose(PeerId(peer)));
        let seats: Vec<u16> = self
            .seats
            .iter()
            .filter(|(_, (sits, _))| *sits == peer)
            .map(|(seat, _)| *seat)
            .collect();
        for seat in seats {
            self.seats.remove(&seat);
            self.house.tell_all(&Command::SeatClear(HALL, SeatId(seat)));
        }
        self.held.retain(|(of, _)| *of != peer);
        self.house.enter(spec, worker);
    }

    pub fn got(&self) -> BTreeMap<u32, usize> {
        self.house
            .guests
            .iter()
            .map(|(peer, guest)| (*peer, guest.packets.len()))
            .collect()
    }

    pub fn check_from(&self, from: u32, kind: Kind, before: &BTreeMap<u32, usize>) {
        for (peer, guest) in &self.house.guests {
            let got = guest.packets.len() > before[peer];
            assert!(
                !got || self.may_reach(from, *peer, kind),
                "{kind:?} of {from} reached {peer}"
            );
        }
    }

    /// (key, SSRC, index) is the nonce: each datagram decrypts, and under a number that nothing had before.
    pub fn check_numbers(&self) {
        for (peer, guest) in &self.house.guests {
            assert!(guest.bad.is_empty(), "peer {}: {:?}", peer, guest.bad);
            // Fewer than 2^15 packets on any SSRC: wire numbers tell them apart.
            let mut used = HashSet::new();
            assert!(
                guest
                    .packets
                    .iter()
                    .all(|(h, _)| used.insert((h.ssrc, h.seq)))
            );
        }
    }
}
