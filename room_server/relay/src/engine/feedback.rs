//! What is due to a peer by time: feedback to a publisher, sender reports to a subscriber, the end
//! of one that is silent.

use super::Engine;
use crate::command::{Event, Gone};
use crate::ids::{Kind, TrackId};
use crate::peer::Peer;
use crate::stats::Count;
use crate::time::{Duration, Time};

/// A transport that no STUN check has reached for this long never will be used.
const NO_STUN: Duration = Duration::from_secs(30);

/// A network that is back within 10 s finds its transport still here; pages check every 2.5 to 5 s.
const SILENT: Duration = Duration::from_secs(30);

/// Without any packet for this long media is said to have stopped: Firefox checks every 5 s.
const QUIET: Duration = Duration::from_millis(5_500);

/// How often signs of life are looked at.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// A compound is cut here: an SR with SDES is at most 60 bytes, an answer 24, and the whole must fit a datagram.
const COMPOUND: usize = 1000;

impl Engine {
    /// A peer's timer has fired.
    pub(super) fn peer_timeout(&mut self, key: usize, now: Time) {
        let Some(peer) = self.peers.get_mut(key) else {
            return;
        };
        if let Some(gone) = gone(peer, now) {
            self.remove_peer(key, Some(gone));
            return;
        }
        if peer.life.flowing && now.since(peer.life.heard) >= QUIET {
            peer.life.flowing = false;
            self.events.push_back(Event::Media(peer.id, false));
        }
        let moved = peer.ice.on_timeout(now);
        for (section, rids) in peer.receive.take_changes(now) {
            self.events.push_back(Event::Layers(peer.id, section, rids));
        }
        let chooses = now >= peer.choose_at && peer.video.iter().any(|s| s.fed.is_some());
        if moved {
            self.moved(key);
        }
        self.send_feedback(key, now);
        self.send_reports(key, now);
        if chooses {
            self.retarget(key, now);
        }
        self.set_timer(key, now);
    }

    /// Set a peer's timer to whatever is due next.
    pub(super) fn set_timer(&mut self, key: usize, now: Time) {
        let Some(peer) = self.peers.get_mut(key) else {
            return;
        };
        let mut at = now + LOOK_EVERY;
        if peer.srtp.is_some() {
            at = peer.receive.deadline(peer.rtt).map_or(at, |t| t.min(at));
            let flowing = peer
                .audio
                .iter()
                .chain(&peer.video)
                .filter(|s| s.outgoing.current().is_some());
            at = flowing.map(|s| s.report_at).min().map_or(at, |t| t.min(at));
            if peer.video.iter().any(|s| s.fed.is_some()) {
                at = at.min(peer.choose_at);
            }
        }
        at = peer.ice.poll_timeout().map_or(at, |t| t.min(at));
        self.timers.set(key, &mut peer.scheduled, at);
    }

    fn send_feedback(&mut self, key: usize, now: Time) {
        let Some(peer) = self.peers.get_mut(key).filter(|p| p.is_ready()) else {
            return;
        };
        let mut compounds = Vec::new();
        let asked = peer
            .receive
            .feedback(now, peer.rtt, &mut self.counters, &mut compounds);
        peer.counters.nack_out += asked.nacks;
        peer.counters.pli_out += asked.keyframes.len() as u64;
        self.counters.add(Count::NackOut, asked.nacks);
        self.counters
            .add(Count::PliOut, asked.keyframes.len() as u64);
        let (id, hall) = (peer.id, peer.hall);
        for compound in compounds {
            self.send_rtcp(key, compound);
        }
        for section in asked.keyframes {
            let track = TrackId { peer: id, section };
            let seat = self
                .halls
                .get_mut(&hall)
                .and_then(|h| h.seat_of(track, Kind::Video));
            if let Some((_, seat)) = seat {
                seat.counters.keyframe_requests += 1;
            }
        }
    }

    /// Sender reports that are due, both of a pair in one datagram.
    fn send_reports(&mut self, key: usize, now: Time) {
        let Some(peer) = self.peers.get_mut(key).filter(|p| p.is_ready()) else {
            return;
        };
        let mut compounds = vec![Vec::new()];
        for slot in peer
            .audio
            .iter_mut()
            .chain(&mut peer.video)
            .filter(|s| now >= s.report_at)
        {
            if compounds.last().is_some_and(|c| c.len() > COMPOUND) {
                compounds.push(Vec::new());
            }
            if let Some(compound) = compounds.last_mut() {
                self.counters
                    .add(Count::SrOut, u64::from(slot.report(now, compound)));
            }
        }
        if let Some(first) = compounds.first_mut().filter(|c| !c.is_empty()) {
            peer.answer_reference(now, first);
        }
        for compound in compounds.into_iter().filter(|c| !c.is_empty()) {
            self.send_rtcp(key, compound);
        }
    }

    fn send_rtcp(&mut self, key: usize, mut compound: Vec<u8>) {
        let Some(peer) = self.peers.get_mut(key) else {
            return;
        };
        let Some(route) = peer.ice.current() else {
            return;
        };
        if peer.protect_rtcp(&mut compound).is_some() {
            peer.counters.bytes_out += compound.len() as u64;
            if let Err(reason) = self.outbox.push(route, &compound) {
                self.counters.drop(reason);
            }
        }
    }
}

fn gone(peer: &Peer, now: Time) -> Option<Gone> {
    if !peer.life.checked {
        return (now.since(peer.life.opened) >= NO_STUN).then_some(Gone::NoStun);
    }
    (now.since(peer.life.heard) >= SILENT).then_some(Gone::Silent)
}
