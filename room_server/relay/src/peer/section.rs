//! One m-section on which the peer sends: its layers and what is asked of the publisher.

use crate::codec::{Pictures, av1, h264, vp8, vp9};
use crate::drop::Drop;
use crate::forward::incoming::Incoming;
use crate::forward::packet::{Codec, MAX_LAYERS, clock_rate};
use crate::forward::sync::RtpClock;
use crate::ids::{Kind, Seq, Ssrc};
use crate::peer::budget::Bucket;
use crate::repair::keyframe::KeyframeRequests;
use crate::rtcp;
use crate::spec::SendSection;
use crate::time::{Duration, Time};
use std::sync::Arc;

/// Numbers between two that look alike on the wire (RFC 3550 section 5.1).
const ROLLOVER: u64 = 1 << 16;

/// A layer's SSRC changes when an encoding is made anew; each change makes every slot wait for a keyframe and
/// tells the control side, so two that take turns are refused until this has passed.
const SSRC_STAYS: Duration = Duration::from_millis(500);

/// One received encoding.
pub struct Layer {
    /// What it comes on now.
    pub ssrc: Ssrc,
    /// Added to the numbers of this SSRC, so that they lie far above those of the one before it: slots and
    /// rings then see that another stream has begun. Whole rollovers, so the wire number stays.
    pub base: u64,
    /// Losses, rate, repairs.
    pub incoming: Incoming,
    /// Its clock against the publisher's.
    pub clock: RtpClock,
    /// Whether it was last said to be received.
    pub active: bool,
    /// Access units and parameter sets, once it has sent H.264.
    h264: Option<Box<h264::Reader>>,
    /// When it began on this SSRC.
    began: Time,
}

/// What a payload says to those who forward it.
#[derive(Clone, Debug, Default)]
pub struct Contents {
    /// A slot may open here.
    pub key_start: bool,
    /// VP8 and VP9: counters to be rewritten.
    pub pictures: Option<Pictures>,
    /// H.264: what goes out before it where a slot opens with it.
    pub parameter_sets: Option<Arc<[u8]>>,
}

impl Layer {
    /// Looks into the payload of packet `seq`, which may be empty; `Malformed` if it is not of its codec.
    pub fn look(
        &mut self,
        codec: Codec,
        seq: Seq,
        timestamp: u32,
        payload: &[u8],
    ) -> Result<Contents, Drop> {
        if payload.is_empty() {
            if let Some(reader) = &mut self.h264 {
                reader.pass_over(seq);
            }
            return Ok(Contents::default());
        }
        let of = |key_start, pictures| Contents {
            key_start,
            pictures,
            parameter_sets: None,
        };
        let contents = match codec {
            Codec::Opus => Some(Contents::default()),
            Codec::Vp8 => {
                vp8::Descriptor::parse(payload).map(|d| of(d.key_start(), Some(d.pictures)))
            }
            Codec::Vp9 => vp9::Descriptor::parse(payload).map(|d| of(d.key, Some(d.pictures))),
            Codec::Av1 => av1::key_start(payload).map(|key_start| of(key_start, None)),
            Codec::H264 => {
                let read = self
                    .h264
                    .get_or_insert_default()
                    .read(seq, timestamp, payload);
                read.map(|read| Contents {
                    parameter_sets: read.parameter_sets,
                    ..of(read.key_start, None)
                })
            }
        };
        contents.ok_or(Drop::Malformed)
    }

    fn next_base(&self) -> u64 {
        let highest = self.base + self.incoming.highest().map_or(0, |seq| seq.0);
        highest.next_multiple_of(ROLLOVER) + ROLLOVER
    }
}

/// One m-section and its layers.
pub struct Section {
    /// As the offer says.
    pub spec: SendSection,
    /// Received encodings, by layer.
    pub layers: [Option<Layer>; MAX_LAYERS],
    /// Keyframes wanted of it.
    pub keyframes: KeyframeRequests,
    /// Whether the set of active layers has changed since it was last told.
    pub changed: bool,
    /// What a microphone may send; cameras have the peer's own limit only.
    audio: Option<Bucket>,
}

impl Section {
    /// Nothing received yet.
    pub fn new(spec: SendSection, now: Time) -> Section {
        let audio = (spec.kind == Kind::Audio).then(|| Bucket::audio(now));
        Section {
            spec,
            audio,
            layers: [const { None }; MAX_LAYERS],
            keyframes: KeyframeRequests::default(),
            changed: false,
        }
    }

    /// One more packet; `RateLimit` beyond what a microphone sends.
    pub fn take(&mut self, now: Time) -> Result<(), Drop> {
        let within = self.audio.as_mut().is_none_or(|audio| audio.allows(now));
        within.then_some(()).ok_or(Drop::RateLimit)
    }

    /// A layer begins on `ssrc`, or goes on there. Returns the SSRC it came on before. `SsrcLimit`: it has
    /// only just begun on that one.
    pub fn begin(&mut self, layer: u8, ssrc: Ssrc, now: Time) -> Result<Option<Ssrc>, Drop> {
        let rate = clock_rate(self.spec.kind);
        let entry = self
            .layers
            .get_mut(usize::from(layer))
            .ok_or(Drop::TooManyLayers)?;
        if entry
            .as_ref()
            .is_some_and(|l| now.since(l.began) < SSRC_STAYS)
        {
            return Err(Drop::SsrcLimit);
        }
        let before = entry.as_ref().map(|l| l.ssrc);
        let base = entry.as_ref().map_or(0, Layer::next_base);
        // Browsers answer NACK on video; on audio nobody negotiates it.
        let incoming = Incoming::new(rate, self.spec.kind == Kind::Video);
        *entry = Some(Layer {
            ssrc,
            base,
            incoming,
            clock: RtpClock::new(self.spec.kind),
            active: false,
            h264: None,
            began: now,
        });
        Ok(before)
    }

    /// A layer that is being received.
    pub fn layer_mut(&mut self, layer: u8) -> Option<&mut Layer> {
        self.layers.get_mut(usize::from(layer))?.as_mut()
    }

    /// The layer of a rid; a single stream's is 0.
    pub fn layer_of_rid(&self, rid: Option<&[u8]>) -> Option<u8> {
        match rid {
            Some(rid) if !self.spec.rids.is_empty() => self
                .spec
                .rids
                .iter()
                .position(|r| r.as_bytes() == rid)
                .map(|i| i as u8),
            _ if self.spec.rids.len() <= 1 => Some(0),
            _ => None,
        }
    }

    /// The layer of an SSRC by the offer's lines, media first, then as many for retransmission.
    pub fn layer_of_ssrc(&self, ssrc: Ssrc, rtx: bool) -> Option<u8> {
        let at = self.spec.ssrcs.iter().position(|s| *s == ssrc)?;
        let layer = if rtx {
            at.checked_sub(self.spec.ssrcs.len() / 2)?
        } else {
            at
        };
        (layer < MAX_LAYERS).then_some(layer as u8)
    }

    /// Note layers that have stopped or begun.
    pub fn watch(&mut self, now: Time) {
        for layer in self.layers.iter_mut().flatten() {
            let active = layer.incoming.active(now);
            self.changed |= active != layer.active;
            layer.active = active;
        }
    }

    /// The rids received now, "" for a single stream.
    pub fn active_rids(&self) -> Vec<String> {
        let active = self
            .layers
            .iter()
            .enumerate()
            .filter(|(_, l)| l.as_ref().is_some_and(|l| l.active));
        active
            .map(|(i, _)| self.spec.rids.get(i).cloned().unwrap_or_default())
            .collect()
    }

    /// The SSRC to ask for a keyframe of `layer`; another's if that one is not received, for
    /// browsers answer with a keyframe on every layer.
    pub fn keyframe_ssrc(&self, layer: u8) -> Option<Ssrc> {
        let exact = self.layers.get(usize::from(layer)).and_then(Option::as_ref);
        exact
            .or_else(|| self.layers.iter().flatten().next())
            .map(|l| l.ssrc)
    }

    /// When a repair is due.
    pub fn deadline(&self, rtt: Duration) -> Option<Time> {
        let nacks = self
            .layers
            .iter()
            .flatten()
            .filter_map(|l| l.incoming.nacks.deadline(rtt))
            .min();
        let keyframes = self
            .keyframe_ssrc(0)
            .and_then(|_| self.keyframes.deadline(rtt));
        nacks.into_iter().chain(keyframes).min()
    }

    /// Report blocks of all layers.
    pub fn reports(&mut self, now: Time, blocks: &mut Vec<rtcp::ReportBlock>) {
        for layer in self.layers.iter_mut().flatten() {
            let Some(r) = layer.incoming.report(now) else {
                continue;
            };
            blocks.push(rtcp::ReportBlock {
                ssrc: layer.ssrc,
                fraction_lost: r.fraction_lost,
                lost: r.cumulative_lost,
                highest: r.highest,
                jitter: r.jitter,
                last_sr: r.last_sr,
                delay: r.delay_since_last_sr,
            });
        }
    }
}
