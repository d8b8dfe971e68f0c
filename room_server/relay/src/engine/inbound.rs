//! Datagrams in: demultiplexing, STUN, DTLS, SRTP; from a publisher's packet to the hall's queues.

use super::{DECIDE_EVERY, Engine};
use crate::command::{Air, Crossing, Event};
use crate::demux;
use crate::drop::Drop;
use crate::forward::packet::{Packet, Source};
use crate::forward::router::Queued;
use crate::ice::{Route, Seen};
use crate::ids::{HallId, Kind};
use crate::peer::receive::Accepted;
use crate::rtp;
use crate::stats::Count;
use crate::stun;
use crate::time::Time;
use std::net::SocketAddr;
use std::sync::Arc;

impl Engine {
    /// A datagram, which is decrypted in place, arrived at `arrival` on socket `socket`.
    pub fn handle_datagram(
        &mut self,
        arrival: Time,
        from: SocketAddr,
        socket: u8,
        bytes: &mut [u8],
    ) {
        self.counters.add(Count::BytesIn, bytes.len() as u64);
        let route = Route { addr: from, socket };
        let outcome = match demux::Kind::of(bytes) {
            Some(demux::Kind::Stun) => self.on_stun(arrival, route, bytes),
            Some(demux::Kind::Dtls) => self.on_dtls(arrival, route, bytes),
            Some(demux::Kind::Rtp) => self.on_rtp(arrival, route, bytes),
            Some(demux::Kind::Rtcp) => self.on_rtcp(arrival, route, bytes),
            None => Err(Drop::NotOurs),
        };
        if let Err(reason) = outcome {
            self.counters.drop(reason);
        }
    }

    /// A packet of a track whose publisher another worker has.
    pub(super) fn on_crossing_media(
        &mut self,
        hall: HallId,
        packet: Arc<Packet>,
    ) -> Result<(), Drop> {
        let kind = packet.codec.kind();
        let hall = self.halls.get_mut(&hall).ok_or(Drop::OffStage)?;
        let (index, seat) = hall
            .seat_of(packet.source.track, kind)
            .ok_or(Drop::OffStage)?;
        if !seat.is_open(kind) {
            return Err(Drop::Muted);
        }
        let hall = hall.id;
        self.enqueue(hall, index, kind, packet)
    }

    /// An authenticated packet: the peer lives, and may have moved.
    pub(super) fn heard(&mut self, key: usize, now: Time, route: Route) {
        let Some(peer) = self.peers.get_mut(key) else {
            return;
        };
        peer.life.heard = now;
        if !peer.life.flowing {
            peer.life.flowing = true;
            self.events.push_back(Event::Media(peer.id, true));
        }
        if peer.ice.on_authentic(now, route).moved {
            self.moved(key);
        }
    }

    /// The send address is another one: say so, and let the slots know that they can send. What a
    /// publisher sent from the new address before it was validated is lost: only a keyframe mends that.
    pub(super) fn moved(&mut self, key: usize) {
        let Some(peer) = self.peers.get_mut(key) else {
            return;
        };
        if let Some(route) = peer.ice.current() {
            let first = peer.addresses == 0;
            peer.addresses += 1;
            self.counters.add(Count::Moves, u64::from(!first));
            self.events.push_back(Event::Address(peer.id, route.addr));
        }
        self.dirty_peers.push(key);
        let hall = self.halls.get(&peer.hall);
        let seats = hall.into_iter().flat_map(|h| &h.seats);
        let tracks = seats
            .filter_map(|s| s.track(Kind::Video))
            .filter(|t| t.peer == peer.id);
        self.wanted_keyframes
            .extend(tracks.map(|track| Source { track, layer: 0 }));
    }

    fn on_stun(&mut self, now: Time, route: Route, bytes: &[u8]) -> Result<(), Drop> {
        let message = stun::Message::parse(bytes)?;
        if !message.is_binding_request() {
            return Err(Drop::NotOurs);
        }
        let (ours, theirs) = message.username().ok_or(Drop::StunUnknownUser)?;
        let key = *self.by_ufrag.get(ours).ok_or(Drop::StunUnknownUser)?;
        let peer = self.peers.get_mut(key).ok_or(Drop::StunUnknownUser)?;
        let hmac = peer
            .ice
            .key(ours, theirs)
            .ok_or(Drop::StunUnknownUser)?
            .clone();
        if !message.check_integrity(&hmac) {
            return Err(Drop::StunBadIntegrity);
        }
        match peer.ice.seen(message.transaction, route) {
            Seen::Elsewhere => return Err(Drop::Replay),
            Seen::Here => peer.budget.check_again(now)?,
            Seen::Never => peer.budget.check(now)?,
        }
        let outcome = peer.ice.on_check(now, route, message.use_candidate);
        self.counters.add(Count::StunIn, 1);
        peer.life.checked = true;
        peer.life.heard = now;
        for old in peer.ice.settle(ours) {
            self.by_ufrag.remove(&old);
        }
        if let Some(evicted) = outcome
            .evicted
            .filter(|r| self.by_route.get(r) == Some(&key))
        {
            self.by_route.remove(&evicted);
        }
        // At every check: a port that another client used before is this peer's from now on.
        self.by_route.insert(route, key);
        if outcome.moved {
            self.moved(key);
        }
        let mapped = route.addr;
        let write = |room: &mut [u8]| stun::write_success(room, message.transaction, mapped, &hmac);
        self.outbox
            .write(route, stun::MAX_SUCCESS, write)
            .map(|_| ())
    }

    fn on_dtls(&mut self, now: Time, route: Route, bytes: &[u8]) -> Result<(), Drop> {
        let key = *self.by_route.get(&route).ok_or(Drop::UnknownAddress)?;
        let peer = self.peers.get_mut(key).ok_or(Drop::UnknownAddress)?;
        peer.take_dtls(now, bytes.len())?;
        self.networks.handshake(now, route.addr.ip())?;
        self.counters.add(Count::DtlsIn, 1);
        self.events.push_back(Event::Dtls(peer.id, bytes.to_vec()));
        // Records cannot be authenticated here; before there are keys the handshake's answers have
        // to go where it is spoken from, which STUN has validated.
        if peer.srtp.is_none() && peer.ice.on_authentic(now, route).moved {
            self.moved(key);
        }
        Ok(())
    }

    fn on_rtp(&mut self, arrival: Time, route: Route, bytes: &mut [u8]) -> Result<(), Drop> {
        let key = *self.by_route.get(&route).ok_or(Drop::UnknownAddress)?;
        let peer = self.peers.get_mut(key).ok_or(Drop::UnknownAddress)?;
        let header = rtp::Header::parse(bytes)?;
        let srtp = peer.srtp.as_mut().ok_or(Drop::NoKeys)?;
        let (seq, payload) = srtp.inbound.unprotect_rtp(&header, bytes)?;
        peer.counters.bytes_in += bytes.len() as u64;
        self.counters.add(Count::RtpIn, 1);
        let within = peer.budget.media(arrival);
        let accepted =
            within.and_then(|()| peer.receive.accept(header, seq, payload, bytes, arrival));
        let outcome = match accepted {
            Ok(accepted) => {
                match accepted.kind {
                    Kind::Audio => peer.counters.audio_in += 1,
                    Kind::Video => peer.counters.video_in += 1,
                }
                let fresh = peer.receive.has_changes();
                self.heard(key, arrival, route);
                if fresh {
                    self.schedule(key, arrival);
                }
                self.publish(accepted)
            }
            Err(reason) => {
                self.heard(key, arrival, route);
                Err(reason)
            }
        };
        let peer = self.peers.get(key);
        if let Some(at) = peer.and_then(|p| p.receive.deadline(p.rtt)) {
            self.schedule(key, at);
        }
        outcome
    }

    /// The gates, then the other workers, then our own subscribers.
    fn publish(&mut self, accepted: Accepted<'_>) -> Result<(), Drop> {
        let (track, kind) = (accepted.source.track, accepted.kind);
        let hall = self
            .tracks
            .get(&track)
            .filter(|t| t.left.is_none())
            .ok_or(Drop::OffStage)?
            .hall;
        let hall = self.halls.get_mut(&hall).ok_or(Drop::OffStage)?;
        let (index, seat) = hall.seat_of(track, kind).ok_or(Drop::OffStage)?;
        match kind {
            Kind::Audio => seat.counters.audio_in += 1,
            Kind::Video => seat.counters.video_in += 1,
        }
        if !seat.is_open(kind) {
            return Err(Drop::Muted);
        }
        if hall.air == Air::Off {
            return Err(Drop::NotOnAir);
        }
        let (id, home) = (hall.id, hall.home);
        let packet = Arc::new(accepted.into_packet());
        let mut targets = self.interest.get(&id).copied().unwrap_or(0);
        if kind == Kind::Audio {
            // Who speaks is decided at the hall's home, subscribers there or not.
            targets |= 1 << home;
        }
        targets &= !(1 << self.me);
        for worker in (0..self.workers).filter(|w| targets & (1 << w) != 0) {
            self.crossings
                .push_back((worker, Crossing::Media(id, packet.clone())));
        }
        self.enqueue(id, index, kind, packet)
    }

    fn enqueue(
        &mut self,
        hall: HallId,
        index: usize,
        kind: Kind,
        packet: Arc<Packet>,
    ) -> Result<(), Drop> {
        let hall = self.halls.get_mut(&hall).ok_or(Drop::OffStage)?;
        if let (true, Kind::Audio, Some(level)) = (hall.home == self.me, kind, packet.level) {
            if let Some(seat) = hall.seats.get(index).filter(|s| s.id.is_stage()) {
                hall.detector.hear(seat.id, level, packet.arrival);
                self.decide_at.get_or_insert(packet.arrival + DECIDE_EVERY);
            }
        }
        let changes = self
            .tracks
            .get_mut(&packet.source.track)
            .is_some_and(|t| t.take(&packet));
        if hall.members.is_empty() {
            return Ok(());
        }
        if hall.audio.is_empty() && hall.video.is_empty() && !self.busy.contains(&hall.id) {
            self.busy.push(hall.id);
        }
        let queued = Queued {
            packet,
            seat: index,
        };
        let pushed = match kind {
            Kind::Audio => hall.audio.push(queued),
            Kind::Video => hall.video.push(queued),
        };
        let id = hall.id;
        if changes && kind == Kind::Video {
            self.touch_hall(id);
        }
        pushed
    }
}
