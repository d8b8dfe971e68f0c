//! What each slot shall show: from seats, gates, air, views and bandwidth to sources.

use super::Engine;
use super::hall::{Hall, Viewer};
use super::track::{Track, Tracks};
use crate::command::{Crossing, WantedLayer};
use crate::forward::layers::{Demand, LayerChoice, allocate};
use crate::forward::packet::Source;
use crate::ids::Kind;
use crate::peer::Peer;
use crate::peer::slot::Slot;
use crate::time::{Duration, Time};

/// How often layers are chosen again without a reason: as often as a browser's estimate changes.
pub(super) const CHOOSE_EVERY: Duration = Duration::from_millis(500);

impl Engine {
    /// Bring every slot that something has changed for up to date, and ask for the keyframes needed.
    pub(super) fn settle(&mut self, now: Time) {
        while let Some(id) = self.dirty_halls.pop() {
            let Some(hall) = self.halls.get_mut(&id) else {
                continue;
            };
            hall.dirty = false;
            self.dirty_peers.extend_from_slice(&hall.members);
        }
        if !self.dirty_peers.is_empty() {
            let mut dirty = std::mem::take(&mut self.dirty_peers);
            dirty.sort_unstable();
            dirty.dedup();
            for key in dirty.drain(..) {
                self.retarget(key, now);
            }
            self.dirty_peers = dirty;
        }
        if !self.wanted_keyframes.is_empty() {
            for source in std::mem::take(&mut self.wanted_keyframes) {
                self.request_keyframe(source, now);
            }
        }
    }

    /// Work out what one peer's slots show.
    pub(super) fn retarget(&mut self, key: usize, now: Time) {
        let Some(peer) = self.peers.get_mut(key) else {
            return;
        };
        let Some(hall) = self.halls.get(&peer.hall) else {
            return;
        };
        let viewer = Viewer {
            peer: peer.id,
            staff: peer.staff,
            echo_group: peer.echo_group,
        };
        let ready = peer.is_ready();
        for slot in peer.audio.iter_mut().chain(&mut peer.video) {
            let shows = ready && slot.wanted != WantedLayer::Paused;
            let fed = if shows {
                hall.feed(slot.seat, slot.kind, &viewer)
            } else {
                None
            };
            if fed != slot.fed {
                slot.fed = fed;
                slot.choice = LayerChoice::default();
            }
            stop_what_may_not_flow(slot, hall, &viewer);
        }
        for slot in &mut peer.audio {
            slot.outgoing
                .want(slot.fed.map(|track| Source { track, layer: 0 }));
        }
        choose_layers(peer, &self.tracks, now);
        peer.choose_at = now + CHOOSE_EVERY;
        for slot in &peer.video {
            // A keyframe of a codec that the peer lacks would cost everybody else and mend nothing.
            let waits = slot.outgoing.waits_for().filter(|source| {
                let track = self.tracks.get(&source.track);
                track.is_none_or(|track| decodes(slot, track))
            });
            self.wanted_keyframes.extend(waits);
        }
        if peer.video.iter().any(|s| s.fed.is_some()) {
            self.schedule(key, now + CHOOSE_EVERY);
        }
    }

    /// Ask the publisher's worker, which asks the publisher once for all.
    pub(super) fn request_keyframe(&mut self, source: Source, now: Time) {
        let Some(track) = self.tracks.get(&source.track) else {
            return;
        };
        if track.worker != self.me {
            self.crossings
                .push_back((track.worker, Crossing::Keyframe(source)));
            return;
        }
        let Some(key) = self.by_id.get(&source.track.peer).copied() else {
            return;
        };
        if let Some(peer) = self.peers.get_mut(key) {
            peer.receive
                .request_keyframe(source.track.section, source.layer);
            if let Some(at) = peer.receive.deadline(peer.rtt) {
                self.schedule(key, at.max(now));
            }
        }
    }
}

/// What flows ends at once if it has lost its seat, its gate, or its right to reach this viewer.
fn stop_what_may_not_flow(slot: &mut Slot, hall: &Hall, viewer: &Viewer) {
    let Some(current) = slot.outgoing.current() else {
        return;
    };
    if slot.fed != Some(current.track) && !hall.may_flow(current.track, slot.kind, viewer) {
        slot.outgoing.cut();
    }
}

/// Share the downlink among the video slots, the offer's first slot first.
fn choose_layers(peer: &mut Peer, tracks: &Tracks, now: Time) {
    let budget = peer.video_budget(now);
    let mut demands = Vec::with_capacity(peer.video.len());
    let mut choices = Vec::with_capacity(peer.video.len());
    for slot in &mut peer.video {
        if let Some(track) = slot.fed.and_then(|track| tracks.get(&track)) {
            let max_layer = match slot.wanted {
                WantedLayer::Upto(layer) => layer,
                WantedLayer::Paused | WantedLayer::Best => u8::MAX,
            };
            let mut layers = track.rates(now);
            if !decodes(slot, track) {
                // Nothing will be sent, so it must not cost the other slots anything.
                for layer in &mut layers {
                    layer.bitrate = 0;
                }
            }
            demands.push(Demand { layers, max_layer });
            choices.push(std::mem::take(&mut slot.choice));
        }
    }
    allocate(&demands, &mut choices, budget, now);
    let mut choices = choices.into_iter();
    for slot in &mut peer.video {
        if slot.fed.is_some_and(|track| tracks.contains_key(&track)) {
            slot.choice = choices.next().unwrap_or_default();
        }
        let layer = slot.choice.current();
        slot.outgoing.want(
            slot.fed
                .zip(layer)
                .map(|(track, layer)| Source { track, layer }),
        );
    }
}

fn decodes(slot: &Slot, track: &Track) -> bool {
    track.codec.is_none_or(|codec| slot.decodes(codec))
}

/// The kinds of media, audio first.
pub(super) const KINDS: [Kind; 2] = [Kind::Audio, Kind::Video];
