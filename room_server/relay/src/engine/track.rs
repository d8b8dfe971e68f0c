//! A track on a seat, as one worker forwards it: the recent packets of each layer and their rates.

use crate::forward::cache::Ring;
use crate::forward::incoming::ACTIVE;
use crate::forward::layers::LayerRate;
use crate::forward::packet::{Codec, MAX_LAYERS, Packet, Source};
use crate::forward::rate::RateMeter;
use crate::ids::{HallId, Seq, TrackId};
use crate::time::{Duration, Time};
use rustc_hash::FxHashMap;
use std::sync::Arc;

/// A layer that is silent while another of the same track brings so many frames has been stopped:
/// encoders drop a frame or two of a layer on their own, and one layer's comes ahead of the next.
const MISSED_FRAMES: u8 = 5;

/// And silent for so long: five frames at 60 per second are within the jitter of a poor link. What is left of
/// the half second in which a pause becomes a freeze is for the other layer's keyframe to come.
const OUTLIVED: Duration = Duration::from_millis(250);

#[derive(Debug, Default)]
struct Layer {
    ring: Ring,
    rate: RateMeter,
    last: Option<Time>,
    /// Time stamp of its newest frame.
    frame: Option<u32>,
    /// Frames that each other layer has begun since its last packet.
    missed: [u8; MAX_LAYERS],
    /// As was last told.
    sent: bool,
}

impl Layer {
    /// Whether the publisher is sending it.
    fn is_sent(&self, now: Time) -> bool {
        let Some(silent) = self.last.map(|t| now.since(t)) else {
            return false;
        };
        let outlived = self.missed.iter().any(|frames| *frames >= MISSED_FRAMES);
        silent <= ACTIVE && !(outlived && silent >= OUTLIVED)
    }
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

    /// Keep a packet. Whether with it a layer has begun, or is seen to have stopped, or the track has
    /// changed its codec.
    pub fn take(&mut self, packet: &Arc<Packet>) -> bool {
        let (index, now) = (usize::from(packet.source.layer), packet.arrival);
        let Some(layer) = self.layers.get_mut(index) else {
            return false;
        };
        let begins = !layer.is_sent(now);
        let newer = |frame: u32| (packet.timestamp.wrapping_sub(frame) as i32) > 0;
        let frame = layer.frame.is_none_or(newer);
        if frame {
            layer.frame = Some(packet.timestamp);
        }
        layer.last = layer.last.max(Some(now));
        layer.missed = [0; MAX_LAYERS];
        layer.sent = true;
        layer.rate.add(packet.payload.len(), now);
        let newest = layer.ring.highest().is_none_or(|seq| packet.seq > seq);
        layer.ring.insert(packet.clone());
        let changes = newest && self.codec != Some(packet.codec);
        if changes {
            self.codec = Some(packet.codec);
        }
        begins | changes | (frame && self.outlive(index, now))
    }

    /// Layer `index` begins a frame at `now`. Whether another is seen to have stopped by it.
    fn outlive(&mut self, index: usize, now: Time) -> bool {
        let mut stopped = false;
        for (_, other) in self
            .layers
            .iter_mut()
            .enumerate()
            .filter(|(i, _)| *i != index)
        {
            if let Some(missed) = other.missed.get_mut(index) {
                *missed = missed.saturating_add(1);
            }
            stopped |= other.sent && !other.is_sent(now);
            other.sent &= other.is_sent(now);
        }
        stopped
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
            rate.active = layer.is_sent(now);
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::forward::packet::testing::{at, source, video};

    /// Take a frame of each of these layers at `ms`; whether the layers sent have changed by it.
    fn frame(track: &mut Track, ms: u64, layers: &[u8]) -> bool {
        let mut changed = false;
        for layer in layers {
            let made = Packet {
                source: source(1, *layer),
                arrival: at(ms),
                timestamp: (ms * 90) as u32,
                ..video(ms, 0)
            };
            changed |= track.take(&Arc::new(made));
        }
        changed
    }

    fn sent(track: &Track, ms: u64) -> Vec<bool> {
        let rates = track.rates(at(ms));
        rates.iter().take(3).map(|rate| rate.active).collect()
    }

    fn track() -> Track {
        let mut track = Track::new(HallId(1), 0);
        assert!(frame(&mut track, 0, &[0, 1, 2]));
        track
    }

    #[test]
    fn a_layer_that_others_outlive_has_stopped() {
        let mut track = track();
        let changes: Vec<u64> = (1..=20)
            .map(|n| n * 33)
            .filter(|ms| frame(&mut track, *ms, &[0, 1]))
            .collect();
        assert_eq!(changes, [264], "told once, before a pause becomes a freeze");
        assert_eq!(sent(&track, 660), [true, true, false]);
        assert!(frame(&mut track, 693, &[0, 1, 2]), "and begins again");
        assert_eq!(sent(&track, 693), [true, true, true]);
    }

    #[test]
    fn a_few_frames_dropped_by_an_encoder_or_a_slow_camera_are_no_stop() {
        let mut track = track();
        for ms in [33, 66, 99] {
            assert!(!frame(&mut track, ms, &[0]));
        }
        assert_eq!(sent(&track, 400), [true, true, true]);
        assert!(!frame(&mut track, 400, &[0, 1, 2]));
        // A screen at 5 frames per second, which lacks a frame of one layer now and then.
        for ms in (600..3_000).step_by(200) {
            let layers: &[u8] = if ms % 600 == 0 { &[0, 1, 2] } else { &[0, 1] };
            assert!(!frame(&mut track, ms, layers), "{ms}");
        }
    }

    #[test]
    fn one_alone_has_stopped_after_a_second() {
        let mut track = track();
        frame(&mut track, 500, &[0]);
        assert_eq!(sent(&track, 1_000), [true, true, true]);
        assert_eq!(sent(&track, 1_400), [true, false, false]);
        assert_eq!(sent(&track, 1_501), [false, false, false]);
        assert!(frame(&mut track, 1_600, &[0]));
    }
}
