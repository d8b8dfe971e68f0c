//! Engines driven by clients that speak real STUN, SRTP and RTCP; no sockets, no clock.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "tests, which the fuzz body `engine` shares"
)]
#![cfg_attr(not(test), allow(dead_code, unused_imports))] // of these it takes only the house and its world

#[cfg(test)]
mod access;
#[cfg(test)]
mod bare;
#[cfg(test)]
mod codecs;
pub(crate) mod encoder;
#[cfg(test)]
mod floods;
mod guest;
#[cfg(test)]
mod networks;
mod outage;
mod random;
#[cfg(test)]
mod repair;
#[cfg(test)]
mod reports;
#[cfg(test)]
mod stage;
#[cfg(test)]
mod turns;
pub(crate) mod world;

use super::Engine;
use crate::arena::Arena;
use crate::client::{Client, Media, Received, keying, vp8_payload};
use crate::command::{Air, Assignment, Command, Event, Secret, View, WantedLayer};
use crate::drop::Drop;
use crate::ids::{HallId, Kind, PeerId, Pt, SeatId, Seq, Ssrc};
use crate::rtp::{Extensions, Header, Level};
use crate::spec::tests::{slot, viewer};
use crate::spec::{Feedback, PeerSpec, SendSection};
use crate::srtp::Profile;
use crate::stats::Count;
use crate::time::{Duration, Time};
use encoder::Encoder;
use guest::Guest;
use std::collections::BTreeMap;
use std::net::SocketAddr;

pub(super) const HALL: HallId = HallId(7);
pub(crate) const OPUS: Pt = Pt(111);
/// The m-sections on which publishers send.
pub(crate) const MICROPHONE: u8 = 10;
pub(crate) const CAMERA: u8 = 11;

/// Engines, participants and a clock.
pub(crate) struct House {
    pub engines: Vec<Engine>,
    pub guests: BTreeMap<u32, Guest>,
    pub events: Vec<Event>,
    pub now: Time,
    /// Drops of datagrams on their way to a participant: peer and wire numbers.
    pub lose: Vec<(u32, u16)>,
    arena: Arena,
}

impl House {
    /// `workers` engines and an empty hall.
    pub fn new(workers: usize) -> House {
        let now = Time(3_600_000_000_000);
        let engines = (0..workers)
            .map(|me| Engine::new(me, workers, now))
            .collect();
        let mut house = House {
            engines,
            guests: BTreeMap::new(),
            events: Vec::new(),
            now,
            lose: Vec::new(),
            arena: Arena::default(),
        };
        house.tell_all(&Command::HallOpen(HALL));
        house
    }

    /// On air, one publisher on seat 1 with open gates, as peer 1 on worker 0.
    pub fn on_air(workers: usize) -> House {
        let mut house = House::new(workers);
        house.tell_all(&Command::HallAir(HALL, Air::OnAir));
        house.enter(publisher(1), 0);
        house.seat(1, 1);
        house
    }

    pub fn tell_all(&mut self, command: &Command) {
        for engine in &mut self.engines {
            engine.handle_command(self.now, command.clone());
        }
        self.run();
    }

    pub fn tell(&mut self, peer: u32, command: Command) {
        let worker = self.guests[&peer].worker;
        self.engines[worker].handle_command(self.now, command);
        self.run();
    }

    /// Open a transport, check, install keys.
    pub fn enter(&mut self, spec: PeerSpec, worker: usize) {
        let peer = spec.peer.0;
        self.open(spec, worker);
        self.check(peer, true);
        self.keys(peer);
        self.run();
    }

    pub fn open(&mut self, spec: PeerSpec, worker: usize) {
        let peer = spec.peer.0;
        let profile = Profile::AeadAes128Gcm;
        let (tx, rx) = (keying(profile, peer * 2), keying(profile, peer * 2 + 1));
        let guest = Guest {
            client: Client::new(&spec, profile, &tx, &rx).unwrap(),
            address: SocketAddr::from(([10, 0, 0, 1], 1000 + peer as u16)),
            worker,
            packets: vec![],
            dependencies: vec![],
            encoder: Encoder::default(),
            compounds: vec![],
            dtls: vec![],
            checks: 0,
            bad: vec![],
            next_seq: BTreeMap::new(),
            next_cc: 0,
            picture: (peer as u16).wrapping_mul(1000),
            camera: 0,
            spec: spec.clone(),
        };
        self.guests.insert(peer, guest);
        self.tell(peer, Command::PeerOpen(Box::new(spec)));
    }

    pub fn keys(&mut self, peer: u32) {
        let profile = Profile::AeadAes128Gcm;
        let (rx, tx) = (
            Secret(keying(profile, peer * 2)),
            Secret(keying(profile, peer * 2 + 1)),
        );
        self.tell(
            peer,
            Command::PeerKeys {
                peer: PeerId(peer),
                profile,
                rx,
                tx,
            },
        );
    }

    pub fn check(&mut self, peer: u32, nominate: bool) {
        let datagram = self.guests.get_mut(&peer).unwrap().client.check(nominate);
        self.deliver(peer, datagram);
    }

    /// A datagram of this guest reaches its worker now.
    pub fn deliver(&mut self, peer: u32, mut datagram: Vec<u8>) {
        let guest = &self.guests[&peer];
        self.engines[guest.worker].handle_datagram(self.now, guest.address, 0, &mut datagram);
        self.run();
    }

    /// Put the peer on a seat and open both gates.
    pub fn seat(&mut self, seat: u16, peer: u32) {
        self.assign(seat, peer);
        self.gate(seat, true, true);
    }

    pub fn assign(&mut self, seat: u16, peer: u32) {
        let guest = &self.guests[&peer];
        self.tell_all(&Command::SeatAssign(Assignment {
            hall: HALL,
            seat: SeatId(seat),
            peer: PeerId(peer),
            worker: guest.worker,
            audio: Some(MICROPHONE),
            video: Some(CAMERA),
            echo_group: guest.spec.echo_group,
        }));
    }

    pub fn gate(&mut self, seat: u16, audio: bool, video: bool) {
        self.tell_all(&Command::SeatGate {
            hall: HALL,
            seat: SeatId(seat),
            audio,
            video,
        });
    }

    pub fn view(&mut self, peer: u32, section: u8, seat: u16, layer: WantedLayer) {
        let view = View {
            section,
            seat: SeatId(seat),
            layer,
        };
        self.tell(peer, Command::PeerView(PeerId(peer), vec![view]));
    }

    /// One Opus packet of the peer, `dbov` loud.
    pub fn speak(&mut self, peer: u32, dbov: u8) {
        let guest = self.guests.get_mut(&peer).unwrap();
        let seq = guest.number(peer * 100);
        let media = Media {
            timestamp: seq.0 as u32 * 960,
            level: Some(Level { dbov, voice: true }),
            payload: &[peer as u8; 40],
            ..guest.media(peer * 100, OPUS, MICROPHONE, "", seq)
        };
        let datagram = guest.client.rtp(&media).unwrap();
        self.deliver(peer, datagram);
    }

    /// One frame of `count` packets on a layer.
    pub fn frame(&mut self, peer: u32, layer: u8, key: bool, count: usize) {
        for datagram in self.encode(peer, layer, key, count) {
            self.deliver(peer, datagram);
        }
    }

    /// The datagrams of such a frame, not sent yet.
    pub fn encode(&mut self, peer: u32, layer: u8, key: bool, count: usize) -> Vec<Vec<u8>> {
        let guest = self.guests.get_mut(&peer).unwrap();
        guest.picture = guest.picture.wrapping_add(1) & 0x7fff;
        let ssrc = guest.camera + peer * 100 + 10 + u32::from(layer);
        let rid = ["q", "h", "f"][usize::from(layer)];
        let timestamp = (self.now.0 / 11_111) as u32;
        let mut datagrams = vec![];
        for encoded in guest.encoder.frame(key, guest.picture, count) {
            let seq = guest.number(ssrc);
            let marker = datagrams.len() + 1 == count;
            let media = Media {
                timestamp,
                marker,
                payload: &encoded.payload,
                dependency: &encoded.dependency,
                ..guest.media(ssrc, guest.encoder.pt(), CAMERA, rid, seq)
            };
            datagrams.push(guest.client.rtp(&media).unwrap());
        }
        datagrams
    }

    pub fn rtcp(&mut self, peer: u32, write: impl FnOnce(&mut Vec<u8>)) {
        let mut compound = vec![];
        write(&mut compound);
        let datagram = self
            .guests
            .get_mut(&peer)
            .unwrap()
            .client
            .rtcp(&compound)
            .unwrap();
        self.deliver(peer, datagram);
    }

    /// Let time pass, timers firing when they are due.
    pub fn pass(&mut self, ms: u64) {
        let end = self.now + Duration::from_millis(ms);
        while self.now < end {
            let due = self
                .engines
                .iter()
                .filter_map(Engine::poll_timeout)
                .min()
                .unwrap_or(end);
            self.now = due.clamp(self.now + Duration::from_micros(500), end);
            self.run();
        }
    }

    /// Everything that is ready: timers, crossings, datagrams, events.
    pub fn run(&mut self) {
        for engine in &mut self.engines {
            engine.handle_timeout(self.now);
        }
        loop {
            let mut crossings = vec![];
            for index in 0..self.engines.len() {
                self.transmit(index);
                let engine = &mut self.engines[index];
                self.events
                    .extend(std::iter::from_fn(|| engine.poll_event()));
                crossings.extend(std::iter::from_fn(|| engine.poll_crossing()));
            }
            if crossings.is_empty() {
                return;
            }
            for (target, crossing) in crossings {
                self.engines[target].handle_crossing(self.now, crossing);
            }
        }
    }

    fn transmit(&mut self, index: usize) {
        let mut more = true;
        while more {
            self.arena.clear();
            more = self.engines[index].poll_transmit(self.now, &mut self.arena);
            for message in self.arena.messages() {
                for datagram in self.arena.bytes(message).chunks(message.segment) {
                    let guest = self
                        .guests
                        .values_mut()
                        .find(|g| g.address == message.route.addr);
                    let Some(guest) = guest else { continue };
                    let number = u16::from_be_bytes([datagram[2], datagram[3]]);
                    if !self.lose.contains(&(guest.spec.peer.0, number)) {
                        guest.take(datagram.to_vec());
                    }
                }
            }
        }
    }

    pub fn guest(&self, peer: u32) -> &Guest {
        &self.guests[&peer]
    }

    pub fn count(&self, what: Count) -> u64 {
        self.engines.iter().map(|e| e.counters().get(what)).sum()
    }

    pub fn dropped(&self, why: Drop) -> u64 {
        self.engines.iter().map(|e| e.counters().dropped(why)).sum()
    }

    /// Nobody got a datagram that does not decrypt or repeats a number.
    pub fn assert_all_decrypt(&self) {
        for (peer, guest) in &self.guests {
            assert!(guest.bad.is_empty(), "peer {peer}: {:?}", guest.bad);
        }
    }
}

/// A viewer that also sends a microphone and a camera with three layers.
pub(crate) fn publisher(peer: u32) -> PeerSpec {
    let mut spec = viewer(peer, HALL.0);
    let section = |index, mid: &str, kind, rids: &[&str]| SendSection {
        index,
        mid: mid.into(),
        kind,
        rids: rids.iter().map(|r| (*r).into()).collect(),
        feedback: Feedback::TransportCc,
        ssrcs: vec![],
    };
    spec.sends = vec![
        section(MICROPHONE, "mic", Kind::Audio, &[]),
        section(CAMERA, "cam", Kind::Video, &["q", "h", "f"]),
    ];
    spec
}

/// A viewer whose video slot shows `seat`.
pub(crate) fn attendee(peer: u32, seat: u16) -> PeerSpec {
    let mut spec = viewer(peer, HALL.0);
    for slot in &mut spec.slots {
        slot.seat = SeatId(seat);
    }
    spec
}

/// A wider viewer: more slots of both kinds, `n`-th fed by seat `n + 1`.
pub(super) fn wide(peer: u32, seats: u16) -> PeerSpec {
    let mut spec = viewer(peer, HALL.0);
    spec.slots.clear();
    for n in 0..seats {
        for (kind, offset) in [(Kind::Audio, 0), (Kind::Video, 2)] {
            let mut slot = slot(
                (n * 2) as u8 + u8::from(kind == Kind::Video),
                kind,
                peer * 1000 + u32::from(n) * 4 + offset,
            );
            slot.seat = SeatId(n + 1);
            slot.cname = format!("seat{}", n + 1);
            spec.slots.push(slot);
        }
    }
    spec
}
