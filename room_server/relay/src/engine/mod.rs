//! One worker's engine, sans-IO: datagrams, commands, crossings and the time go in; datagrams,
//! events, crossings and a deadline come out. No socket, no clock, no lock.

mod control;
mod fan_out;
mod feedback;
pub mod hall;
mod inbound;
mod outbox;
mod rtcp_in;
mod targets;
#[cfg(any(test, feature = "fuzzing"))]
pub(crate) mod tests;
mod timers;
mod track;

use crate::command::{Crossing, Event, Gone};
use crate::forward::packet::Source;
use crate::ice::Route;
use crate::ids::{HallId, PeerId};
use crate::peer::Peer;
use crate::peer::networks::Networks;
use crate::stats::{Count, Counters};
use crate::time::{Duration, Time};
use hall::Hall;
use outbox::Outbox;
use rustc_hash::{FxHashMap, FxHashSet};
use slab::Slab;
use std::collections::VecDeque;
use timers::Timers;
use track::Tracks;

/// How often who speaks is decided: faster than people notice, slower than a syllable.
const DECIDE_EVERY: Duration = Duration::from_millis(100);

/// How often what nobody needs any more is freed.
const TIDY_EVERY: Duration = Duration::from_secs(1);

/// One worker's state.
pub struct Engine {
    me: usize,
    workers: usize,
    peers: Slab<Peer>,
    by_id: FxHashMap<PeerId, usize>,
    by_route: FxHashMap<Route, usize>,
    by_ufrag: FxHashMap<String, usize>,
    halls: FxHashMap<HallId, Hall>,
    /// Other workers with subscribers in a hall, one bit each; may come before the hall is known here.
    interest: FxHashMap<HallId, u64>,
    tracks: Tracks,
    timers: Timers,
    decide_at: Option<Time>,
    tidy_at: Time,
    /// Halls with media on its way.
    busy: Vec<HallId>,
    dirty_halls: Vec<HallId>,
    dirty_peers: Vec<usize>,
    /// Encodings whose keyframes are wanted, to be asked for once.
    wanted_keyframes: FxHashSet<Source>,
    outbox: Outbox,
    networks: Networks,
    events: VecDeque<Event>,
    crossings: VecDeque<(usize, Crossing)>,
    counters: Counters,
    /// [`crate::command::Command::NearWraps`]
    near_wraps: bool,
}

impl Engine {
    /// Worker `me` of `workers`.
    pub fn new(me: usize, workers: usize, now: Time) -> Engine {
        let mut engine = Engine {
            me,
            workers,
            peers: Slab::new(),
            by_id: FxHashMap::default(),
            by_route: FxHashMap::default(),
            by_ufrag: FxHashMap::default(),
            halls: FxHashMap::default(),
            interest: FxHashMap::default(),
            tracks: Tracks::default(),
            timers: Timers::default(),
            decide_at: None,
            tidy_at: now + TIDY_EVERY,
            busy: Vec::new(),
            dirty_halls: Vec::new(),
            dirty_peers: Vec::new(),
            wanted_keyframes: FxHashSet::default(),
            outbox: Outbox::default(),
            networks: Networks::new(now),
            events: VecDeque::new(),
            crossings: VecDeque::new(),
            counters: Counters::default(),
            near_wraps: false,
        };
        engine.tell_others(&Crossing::Hello(me));
        engine
    }

    /// Work that is due.
    pub fn handle_timeout(&mut self, now: Time) {
        while let Some((at, key)) = self.timers.pop(now) {
            let due = self
                .peers
                .get_mut(key)
                .is_some_and(|p| p.scheduled.take_if(|s| *s == at).is_some());
            if due {
                self.peer_timeout(key, now);
            }
        }
        if self.decide_at.is_some_and(|at| now >= at) {
            self.decide_at = None;
            self.decide_speakers(now);
        }
        if now >= self.tidy_at {
            self.tidy_at = now + TIDY_EVERY;
            self.tidy(now);
        }
    }

    /// When [`Engine::handle_timeout`] has work next.
    pub fn poll_timeout(&self) -> Option<Time> {
        let tidy = (!self.tracks.is_empty()).then_some(self.tidy_at);
        [self.timers.next(), self.decide_at, tidy]
            .into_iter()
            .flatten()
            .min()
    }

    /// The next event for the control side.
    pub fn poll_event(&mut self) -> Option<Event> {
        self.events.pop_front()
    }

    /// The next message for another worker.
    pub fn poll_crossing(&mut self) -> Option<(usize, Crossing)> {
        self.crossings.pop_front()
    }

    /// What was counted.
    pub fn counters(&self) -> &Counters {
        &self.counters
    }

    /// To count what happens around the engine.
    pub fn counters_mut(&mut self) -> &mut Counters {
        &mut self.counters
    }

    fn tell_others(&mut self, crossing: &Crossing) {
        for worker in (0..self.workers).filter(|w| *w != self.me) {
            self.crossings.push_back((worker, crossing.clone()));
        }
    }

    /// What the hall's slots show has to be worked out anew before anything is sent.
    fn touch_hall(&mut self, hall: HallId) {
        if let Some(hall) = self.halls.get_mut(&hall).filter(|h| !h.dirty) {
            hall.dirty = true;
            self.dirty_halls.push(hall.id);
        }
    }

    /// Set the peer's timer no later than `at`.
    fn schedule(&mut self, key: usize, at: Time) {
        if let Some(peer) = self.peers.get_mut(key) {
            self.timers.set(key, &mut peer.scheduled, at);
        }
    }

    fn remove_peer(&mut self, key: usize, gone: Option<Gone>) {
        let Some(peer) = self.peers.try_remove(key) else {
            return;
        };
        self.by_id.remove(&peer.id);
        for ufrag in peer.ice.ufrags() {
            self.by_ufrag.remove(ufrag);
        }
        for route in peer.ice.routes() {
            // The address may serve another peer by now.
            if self.by_route.get(&route) == Some(&key) {
                self.by_route.remove(&route);
            }
        }
        self.leave_hall(peer.hall, key);
        self.counters.set(Count::Peers, self.peers.len() as u64);
        if let Some(gone) = gone {
            self.events.push_back(Event::Gone(peer.id, gone));
        }
    }

    fn leave_hall(&mut self, hall: HallId, key: usize) {
        let Some(hall) = self.halls.get_mut(&hall) else {
            return;
        };
        if let Some(index) = hall.members.iter().position(|m| *m == key) {
            hall.members.remove(index);
            hall.audio.removed(index);
            hall.video.removed(index);
        }
        if hall.members.is_empty() {
            let (hall, worker) = (hall.id, self.me);
            self.tell_others(&Crossing::Interest {
                hall,
                worker,
                wanted: false,
            });
        }
    }

    fn tidy(&mut self, now: Time) {
        // Subscribers ask for a packet again for about a second after it was sent.
        let keep = Duration::from_secs(2);
        self.tracks
            .retain(|_, track| track.left.is_none_or(|left| now.since(left) <= keep));
        for track in self.tracks.values_mut() {
            track.expire(now);
        }
    }
}
