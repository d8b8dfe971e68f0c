//! A track on a seat, as one worker forwards it: the recent packets of each layer and their rates.

use crate::forward::cache::Ring;
use crate::forward::incoming::ACTIVE;
use crate::forward::layers::LayerRate;
use crate::forward::packet::{Codec, MAX_LAYERS, Packet, Source};
use crate::forward::rate::RateMeter;
use crate::ids::{HallId, Seq, TrackId};
use crate::time::Time;
use rustc_hash::FxHashMap;
use std::sync::Arc;

#[derive(Debug, Default)]
struct Layer {
    ring: Ring,
    rate: RateMeter,
    last: Option<Time>,
}

/// One track.
#[derive(Debug)]
pub struct Track {
    /// The hall it is on stage in.
    pub hall: HallId,
    /// The worker that has its publisher.
    pub worker: usize,
    /// When it left its last seat; its packets are still asked for again for a while.
    pub left: Option<Time>,
    /// Of its newest packet.
    pub codec: Option<Codec>,
    layers: [Layer; MAX_LAYERS],
}

/// All tracks that a worker forwards.
pub type Tracks = FxHashMap<TrackId, Track>;

impl Track {
    /// Nothing has come yet.
    pub fn new(hall: HallId, worker: usize) -> Track {
        Track {
            hall,
            worker,
            left: None,
            codec: None,
            layers: Default::default(),
        }
    }

    /// Keep a packet. Whether its layer has just begun, or the track has changed its codec.
    pub fn take(&mut self, packet: &Arc<Packet>) -> bool {
        let Some(layer) = self.layers.get_mut(usize::from(packet.source.layer)) else {
            return false;
        };
        let begins = layer.last.is_none_or(|t| packet.arrival.since(t) > ACTIVE);
        layer.last = Some(packet.arrival);
        layer.rate.add(packet.payload.len(), packet.arrival);
        let newest = layer.ring.highest().is_none_or(|seq| packet.seq > seq);
        layer.ring.insert(packet.clone());
        let changes = newest && self.codec != Some(packet.codec);
        if changes {
            self.codec = Some(packet.codec);
        }
        begins || changes
    }

    /// A packet that is still here.
    pub fn get(&self, layer: u8, seq: Seq) -> Option<&Arc<Packet>> {
        self.layers.get(usize::from(layer))?.ring.get(seq)
    }

    /// What came after `seq` on its layer, in order.
    pub fn after(&self, source: Source, seq: Seq) -> impl Iterator<Item = &Arc<Packet>> {
        let ring = self.layers.get(usize::from(source.layer)).map(|l| &l.ring);
        let highest = ring.and_then(Ring::highest).map_or(0, |s| s.0);
        (seq.0 + 1..=highest).filter_map(move |n| ring?.get(Seq(n)))
    }

    /// What is known of its layers.
    pub fn rates(&self, now: Time) -> [LayerRate; MAX_LAYERS] {
        let mut rates = [LayerRate::default(); MAX_LAYERS];
        for (rate, layer) in rates.iter_mut().zip(&self.layers) {
            rate.active = layer.last.is_some_and(|t| now.since(t) <= ACTIVE);
            rate.bitrate = layer.rate.bps(now);
        }
        rates
    }

    /// Free what nobody will ask for any more.
    pub fn expire(&mut self, now: Time) {
        for layer in &mut self.layers {
            layer.ring.expire(now);
        }
    }
}
