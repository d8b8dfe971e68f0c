//! Commands of the control side, and what other workers say.

use super::Engine;
use super::hall::Hall;
use super::track::Track;
use crate::command::{Assignment, Command, Crossing, Event, View};
use crate::ice::Credentials;
use crate::ids::{HallId, PeerId, SeatId, TrackId};
use crate::peer::Peer;
use crate::spec::PeerSpec;
use crate::stats::Count;
use crate::time::Time;
use rustc_hash::{FxHashMap, FxHashSet};

impl Engine {
    /// Do what the control side says. What is about an unknown peer or hall is ignored.
    ///
    /// # Panics
    ///
    /// On [`Command::Panic`], which is there to prove that the worker survives it.
    pub fn handle_command(&mut self, now: Time, command: Command) {
        match command {
            Command::HallOpen(hall) => {
                let workers = self.workers;
                self.halls
                    .entry(hall)
                    .or_insert_with(|| Hall::new(hall, workers));
                self.counters.set(Count::Halls, self.halls.len() as u64);
            }
            Command::HallAir(hall, air) => {
                if let Some(hall) = self.halls.get_mut(&hall) {
                    hall.air = air;
                }
                self.touch_hall(hall);
                self.settle(now);
            }
            Command::HallClose(hall) => self.close_hall(hall, now),
            Command::SeatAssign(assignment) => {
                self.assign(assignment.hall, assignment.seat, Some(assignment), now);
            }
            Command::SeatClear(hall, seat) => self.assign(hall, seat, None, now),
            Command::SeatGate {
                hall,
                seat,
                audio,
                video,
            } => self.gate(hall, seat, (audio, video), now),
            Command::PeerOpen(spec) => self.open_peer(*spec, now),
            Command::PeerRestart {
                peer,
                ufrag,
                pwd,
                remote_ufrag,
            } => {
                self.restart(
                    peer,
                    Credentials {
                        ufrag,
                        pwd,
                        remote_ufrag,
                    },
                );
            }
            Command::PeerKeys {
                peer,
                profile,
                rx,
                tx,
            } => {
                let key = self.by_id.get(&peer).copied();
                if let Some(peer) = key.and_then(|key| self.peers.get_mut(key)) {
                    peer.set_keys(profile, &rx.0, &tx.0);
                }
                self.dirty_peers.extend(key);
            }
            Command::PeerDtls(peer, datagram) => {
                let route = self.peer(peer).and_then(|p| p.ice.current());
                if let Some(Err(reason)) = route.map(|route| self.outbox.push(route, &datagram)) {
                    self.counters.drop(reason);
                }
            }
            Command::PeerStaff(peer, staff) => {
                if let Some(peer) = self.peer(peer) {
                    peer.staff = staff;
                }
                self.dirty_peers.extend(self.by_id.get(&peer));
                self.settle(now);
            }
            Command::PeerView(peer, views) => self.view(peer, &views),
            Command::PeerClose(peer) => {
                if let Some(key) = self.by_id.get(&peer).copied() {
                    self.remove_peer(key, None);
                }
            }
            // Whoever asked may have given up waiting.
            Command::SeatCounters(hall, reply) => {
                let _ = reply.send(
                    self.halls
                        .get(&hall)
                        .map(Hall::named_counters)
                        .unwrap_or_default(),
                );
            }
            Command::PeerCounters(peer, reply) => {
                if let Some(peer) = self.peer(peer) {
                    let _ = reply.send(peer.named_counters(now));
                }
            }
            Command::Panic => panic!("asked to panic"),
            Command::NearWraps => self.near_wraps = true,
        }
    }

    /// Something from another worker.
    pub fn handle_crossing(&mut self, now: Time, crossing: Crossing) {
        match crossing {
            Crossing::Media(hall, packet) => {
                if let Err(reason) = self.on_crossing_media(hall, packet) {
                    self.counters.drop(reason);
                }
            }
            Crossing::Interest {
                hall,
                worker,
                wanted,
            } => {
                let bits = self.interest.entry(hall).or_insert(0);
                *bits = if wanted {
                    *bits | 1 << worker
                } else {
                    *bits & !(1 << worker)
                };
                if *bits == 0 {
                    self.interest.remove(&hall);
                }
            }
            Crossing::Hello(worker) => {
                for bits in self.interest.values_mut() {
                    *bits &= !(1 << worker);
                }
                for hall in self.halls.values().filter(|h| !h.members.is_empty()) {
                    let interest = Crossing::Interest {
                        hall: hall.id,
                        worker: self.me,
                        wanted: true,
                    };
                    self.crossings.push_back((worker, interest));
                }
                // The newcomer was rebuilt and has lost who speaks, or has to go on deciding it.
                for hall in self.halls.values() {
                    let knows = hall.home == self.me || hall.home == worker;
                    if let Some(seat) = hall.active.filter(|_| knows) {
                        self.crossings
                            .push_back((worker, Crossing::Speaker(hall.id, seat)));
                    }
                }
            }
            Crossing::Keyframe(source) => self.request_keyframe(source, now),
            Crossing::Speaker(hall, seat) => self.show_speaker(hall, seat),
        }
    }

    /// At the hall's home: who speaks now.
    pub(super) fn decide_speakers(&mut self, now: Time) {
        let home = self.halls.values_mut().filter(|h| h.home == self.me);
        let changed: Vec<_> = home
            .filter_map(|h| {
                h.detector
                    .poll(now)
                    .then_some((h.id, h.detector.active().unwrap_or(SeatId::SPEAKER)))
            })
            .collect();
        for (hall, seat) in changed {
            self.events.push_back(Event::Speaker(hall, seat));
            self.tell_others(&Crossing::Speaker(hall, seat));
            self.show_speaker(hall, seat);
        }
    }

    fn show_speaker(&mut self, hall: HallId, seat: SeatId) {
        if let Some(hall) = self.halls.get_mut(&hall) {
            hall.active = (seat != SeatId::SPEAKER).then_some(seat);
            hall.refresh_shown();
        }
        self.touch_hall(hall);
    }

    fn peer(&mut self, peer: PeerId) -> Option<&mut Peer> {
        self.peers.get_mut(*self.by_id.get(&peer)?)
    }

    fn open_peer(&mut self, spec: PeerSpec, now: Time) {
        let (id, hall, ufrag) = (spec.peer, spec.hall, spec.ufrag.clone());
        let worker = self.me;
        // A hall that has just been closed takes nobody in.
        let Some(hall) = self
            .halls
            .get_mut(&hall)
            .filter(|_| !self.by_id.contains_key(&id))
        else {
            self.events
                .push_back(Event::Gone(id, crate::command::Gone::Silent));
            return;
        };
        let mut peer = Peer::new(spec, now);
        if self.near_wraps {
            peer.begin_near_wraps();
        }
        let key = self.peers.insert(peer);
        self.by_id.insert(id, key);
        self.by_ufrag.insert(ufrag, key);
        hall.members.push(key);
        let interest = Crossing::Interest {
            hall: hall.id,
            worker,
            wanted: true,
        };
        if hall.members.len() == 1 {
            self.tell_others(&interest);
        }
        self.counters.set(Count::Peers, self.peers.len() as u64);
        self.set_timer(key, now);
    }

    fn restart(&mut self, peer: PeerId, fresh: Credentials) {
        let Some(key) = self.by_id.get(&peer).copied() else {
            return;
        };
        let ufrag = fresh.ufrag.clone();
        let dropped = self.peers.get_mut(key).map(|p| p.ice.restart(fresh));
        for old in dropped.into_iter().flatten() {
            self.by_ufrag.remove(&old);
        }
        self.by_ufrag.insert(ufrag, key);
    }

    fn view(&mut self, peer: PeerId, views: &[View]) {
        let Some(key) = self.by_id.get(&peer).copied() else {
            return;
        };
        let Some(peer) = self.peers.get_mut(key) else {
            return;
        };
        for view in views {
            if let Some(slot) = peer.slot_mut(view.section) {
                slot.seat = view.seat;
                slot.wanted = view.layer;
            }
        }
        self.dirty_peers.push(key);
    }

    fn assign(&mut self, hall: HallId, seat: SeatId, assignment: Option<Assignment>, now: Time) {
        let Some(hall) = self.halls.get_mut(&hall) else {
            return;
        };
        let Some(entry) = hall.seat_mut(seat) else {
            return;
        };
        entry.occupant = assignment;
        entry.audio_open = false;
        entry.video_open = false;
        hall.detector.forget(seat);
        hall.refresh_shown();
        let id = hall.id;
        self.decide_speakers(now);
        self.follow_tracks(id, now);
        self.touch_hall(id);
        self.settle(now);
    }

    fn gate(&mut self, hall: HallId, seat: SeatId, open: (bool, bool), now: Time) {
        let Some(hall) = self.halls.get_mut(&hall) else {
            return;
        };
        let Some(entry) = hall.seats.iter_mut().find(|s| s.id == seat) else {
            return;
        };
        (entry.audio_open, entry.video_open) = open;
        if !open.0 {
            hall.detector.forget(seat);
        }
        let id = hall.id;
        self.decide_speakers(now);
        self.touch_hall(id);
        self.settle(now);
    }

    /// Tracks that are on a seat are forwarded; those that have left are kept for repairs only.
    fn follow_tracks(&mut self, id: HallId, now: Time) {
        let Some(hall) = self.halls.get(&id) else {
            return;
        };
        let workers = hall
            .seats
            .iter()
            .filter_map(|s| s.occupant.as_ref())
            .map(|a| (a.peer, a.worker));
        let workers: FxHashMap<PeerId, usize> = workers.collect();
        let on_stage: FxHashSet<TrackId> = hall.tracks().collect();
        for &track in &on_stage {
            let worker = workers.get(&track.peer).copied().unwrap_or(self.me);
            self.tracks
                .entry(track)
                .or_insert_with(|| Track::new(id, worker))
                .left = None;
        }
        let mut left = Vec::new();
        for (id, track) in self
            .tracks
            .iter_mut()
            .filter(|(t, track)| track.hall == id && !on_stage.contains(t))
        {
            if track.left.is_none() {
                track.left = Some(now);
                left.push(*id);
            }
        }
        for track in left {
            if let Some(peer) = self.peer(track.peer) {
                peer.receive.forget_keyframes(track.section);
            }
        }
    }

    fn close_hall(&mut self, hall: HallId, now: Time) {
        let members = self
            .halls
            .get(&hall)
            .map(|h| h.members.clone())
            .unwrap_or_default();
        for key in members {
            self.remove_peer(key, None);
        }
        if self.halls.remove(&hall).is_some() {
            for track in self.tracks.values_mut().filter(|t| t.hall == hall) {
                track.left.get_or_insert(now);
            }
        }
        self.counters.set(Count::Halls, self.halls.len() as u64);
    }
}
