//! Datagrams out: what is owed singly, then audio, then video, in bounded fills.

use super::Engine;
use super::hall::Seat;
use super::outbox::Outbox;
use super::targets::KINDS;
use super::track::Tracks;
use crate::arena::{Arena, MAX_DATAGRAM};
use crate::drop::Drop;
use crate::forward::packet::Packet;
use crate::forward::router::{Queued, Subscribers};
use crate::ice::Route;
use crate::ids::{Kind, TrackId};
use crate::peer::Peer;
use crate::stats::{Count, Counters};
use crate::time::Time;
use slab::Slab;

impl Engine {
    /// Fill the arena, which is empty, with what is to be sent. Whether there is more.
    pub fn poll_transmit(&mut self, now: Time, arena: &mut Arena) -> bool {
        self.settle(now);
        if !self.outbox.drain(arena) {
            return true;
        }
        for kind in KINDS {
            if !self.fan_out(kind, now, arena) {
                return true;
            }
        }
        self.busy.retain(|id| {
            self.halls
                .get(id)
                .is_some_and(|h| !h.audio.is_empty() || !h.video.is_empty())
        });
        !self.outbox.drain(arena)
    }

    /// One kind's packets in all halls. Whether all is sent.
    fn fan_out(&mut self, kind: Kind, now: Time, arena: &mut Arena) -> bool {
        let mut switched = Vec::new();
        let mut all = true;
        for id in &self.busy {
            let Some(hall) = self.halls.get_mut(id) else {
                continue;
            };
            let lane = match kind {
                Kind::Audio => &mut hall.audio,
                Kind::Video => &mut hall.video,
            };
            let mut out = FanOut {
                kind,
                now,
                peers: &mut self.peers,
                tracks: &self.tracks,
                seats: &mut hall.seats,
                counters: &mut self.counters,
                outbox: &mut self.outbox,
                switched: &mut switched,
            };
            all &= lane.fan_out(&hall.members, &mut out, arena);
            if !all {
                break;
            }
        }
        for key in switched {
            self.schedule(key, now);
        }
        all
    }
}

struct FanOut<'a> {
    kind: Kind,
    now: Time,
    peers: &'a mut Slab<Peer>,
    tracks: &'a Tracks,
    seats: &'a mut [Seat],
    counters: &'a mut Counters,
    outbox: &'a mut Outbox,
    /// Peers whose sender reports are due at once.
    switched: &'a mut Vec<usize>,
}

impl Subscribers for FanOut<'_> {
    #[inline]
    fn slots(&self, member: usize) -> usize {
        self.peers
            .get(member)
            .map_or(0, |p| p.slots(self.kind).len())
    }

    #[inline]
    fn takes(&self, member: usize, slot: usize, track: TrackId) -> bool {
        self.peers
            .get(member)
            .and_then(|p| p.slots(self.kind).get(slot))
            .is_some_and(|s| s.takes(track))
    }

    #[inline]
    fn send(&mut self, member: usize, slot: usize, queued: &Queued, arena: &mut Arena) {
        let switched = self.forward(member, slot, queued.seat, &queued.packet, Out::Arena(arena));
        if switched {
            self.catch_up(member, slot, queued);
        }
    }
}

/// Where a datagram is written: the arena, or the outbox for what the arena has no room reserved for.
enum Out<'a> {
    Arena(&'a mut Arena),
    Outbox(&'a mut Outbox),
}

impl Out<'_> {
    #[inline]
    fn put(
        &mut self,
        route: Route,
        write: impl FnOnce(&mut [u8]) -> Option<usize>,
    ) -> Result<usize, Drop> {
        match self {
            Out::Arena(arena) => arena.push(route, write).ok_or(Drop::SendFailed),
            Out::Outbox(outbox) => outbox.write(route, MAX_DATAGRAM, write),
        }
    }
}

impl FanOut<'_> {
    /// Send one packet out of one slot, if it goes out. Whether the slot has switched to its source.
    #[inline]
    fn forward(
        &mut self,
        member: usize,
        index: usize,
        seat: usize,
        packet: &Packet,
        mut out: Out<'_>,
    ) -> bool {
        let Some(peer) = self.peers.get_mut(member) else {
            return false;
        };
        let Peer {
            audio,
            video,
            srtp,
            ice,
            sent,
            sent_audio,
            repairs,
            counters,
            ..
        } = peer;
        let slots = if self.kind == Kind::Audio {
            audio
        } else {
            video
        };
        let (Some(slot), Some(srtp), Some(route)) = (slots.get_mut(index), srtp, ice.current())
        else {
            return false;
        };
        if !slot.decodes(packet.codec) {
            slot.outgoing.refuse(packet);
            self.counters.drop(Drop::CodecMissing);
            return false;
        }
        let rewritten = match slot.outgoing.offer(packet) {
            Ok(rewritten) => rewritten,
            Err(reason) => {
                self.counters.drop(reason);
                return false;
            }
        };
        let now = self.now;
        // As a receiver's estimator counts: of a voice's packets the headers and the tag are a third.
        let payload = packet.payload.len();
        for rewritten in rewritten.preceding(packet).iter().chain([&rewritten]) {
            let written = out.put(route, |room| {
                slot.write(packet, rewritten, now, &srtp.outbound, room)
            });
            let len = match written {
                Ok(len) => len,
                Err(reason) => {
                    self.counters.drop(reason);
                    return false;
                }
            };
            match self.kind {
                Kind::Audio => {
                    counters.audio_out += 1;
                    sent_audio.add(payload, now);
                }
                Kind::Video => counters.video_out += 1,
            }
            if let Some(seat) = self.seats.get_mut(seat) {
                match self.kind {
                    Kind::Audio => seat.counters.audio_out += 1,
                    Kind::Video => seat.counters.video_out += 1,
                }
            }
            counters.bytes_out += len as u64;
            sent.add(payload, now);
            repairs.sent(len);
            self.counters.add(Count::RtpOut, 1);
        }
        if packet.key_start {
            slot.keyframe_at = now;
            slot.keyframe_seq = rewritten.seq;
        }
        if rewritten.switched {
            self.report_pair(member, index);
        }
        rewritten.switched
    }

    /// A keyframe's first packet may have come after the others: they were refused and are in the
    /// cache. What came after it is still on its way through the lane.
    fn catch_up(&mut self, member: usize, slot: usize, queued: &Queued) {
        let first = &queued.packet;
        let Some(track) = self.tracks.get(&first.source.track) else {
            return;
        };
        let refused = track.after(first.source, first.seq);
        let refused: Vec<_> = refused
            .filter(|p| p.arrival < first.arrival)
            .cloned()
            .collect();
        if refused.is_empty() {
            return;
        }
        let mut outbox = std::mem::take(self.outbox);
        for packet in refused {
            self.forward(member, slot, queued.seat, &packet, Out::Outbox(&mut outbox));
        }
        *self.outbox = outbox;
    }

    /// After a switch the receiver needs to know both clocks of the pair at once.
    fn report_pair(&mut self, member: usize, index: usize) {
        let Some(peer) = self.peers.get_mut(member) else {
            return;
        };
        let Some(seat) = peer.slots(self.kind).get(index).map(|s| s.seat) else {
            return;
        };
        for slot in peer
            .audio
            .iter_mut()
            .chain(&mut peer.video)
            .filter(|s| s.seat == seat)
        {
            slot.report_now(self.now);
        }
        self.switched.push(member);
    }
}
