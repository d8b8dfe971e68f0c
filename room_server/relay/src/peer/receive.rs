//! What a publisher sends: which section and layer an SSRC is, repairs undone, arrivals recorded.

mod feedback;

pub use feedback::Asked;

use super::link::Link;
use super::section::{Contents, Section};
use crate::bwe::twcc::Recorder;
use crate::drop::Drop;
use crate::forward::packet::{Codec, Packet, Source};
use crate::forward::sync::NtpOffset;
use crate::ids::{Kind, PeerId, Seq, Ssrc, TrackId};
use crate::rtcp;
use crate::rtp::{Dependency, ExtensionIds, Extensions, Header, split_rtx};
use crate::spec::{CodecMap, Feedback, SendSection};
use crate::time::Time;
use feedback::REPORT_EVERY;
use rustc_hash::{FxHashMap, FxHashSet};

/// Which of a peer's streams an SSRC is.
#[derive(Clone, Copy, Debug)]
struct Stream {
    section: usize,
    layer: u8,
    rtx: bool,
}

/// A packet that is new: known section and layer, retransmission undone.
#[derive(Debug)]
pub struct Accepted<'a> {
    /// Which encoding.
    pub source: Source,
    /// Audio or video.
    pub kind: Kind,
    /// The publisher's own number, and what its layer adds to it.
    pub seq: Seq,
    header: Header,
    codec: Codec,
    level: Option<crate::rtp::Level>,
    contents: Contents,
    dependency: Option<&'a [u8]>,
    capture: Option<Time>,
    arrival: Time,
    payload: &'a [u8],
}

impl Accepted<'_> {
    /// The shared value, with a copy of the payload.
    pub fn into_packet(self) -> Packet {
        Packet {
            source: self.source,
            seq: self.seq,
            timestamp: self.header.timestamp,
            marker: self.header.marker,
            codec: self.codec,
            key_start: self.contents.key_start,
            pictures: self.contents.pictures,
            parameter_sets: self.contents.parameter_sets,
            dependency: self.dependency.map(Into::into),
            level: self.level,
            arrival: self.arrival,
            capture: self.capture,
            payload: self.payload.into(),
        }
    }
}

/// Everything a peer sends.
pub struct Receive {
    peer: PeerId,
    sections: Vec<Section>,
    codecs: Vec<CodecMap>,
    ids: ExtensionIds,
    streams: FxHashMap<Ssrc, Stream>,
    own_ssrcs: FxHashSet<Ssrc>,
    twcc: Recorder,
    wants_twcc: bool,
    wants_remb: bool,
    offset: NtpOffset,
    report_at: Option<Time>,
    scratch: Vec<Seq>,
    /// How what it sends arrives.
    pub up: Link,
}

impl Receive {
    /// As the offer says; `own_ssrcs` are what the relay sends to this peer.
    pub fn new(
        peer: PeerId,
        sends: Vec<SendSection>,
        codecs: Vec<CodecMap>,
        ids: ExtensionIds,
        own_ssrcs: FxHashSet<Ssrc>,
        now: Time,
    ) -> Receive {
        let wants = |feedback| sends.iter().any(|s| s.feedback == feedback);
        Receive {
            peer,
            wants_twcc: wants(Feedback::TransportCc),
            wants_remb: wants(Feedback::GoogRemb),
            sections: sends.into_iter().map(|s| Section::new(s, now)).collect(),
            codecs,
            ids,
            streams: FxHashMap::default(),
            own_ssrcs,
            twcc: Recorder::new(),
            offset: NtpOffset::default(),
            report_at: None,
            scratch: Vec::new(),
            up: Link::default(),
        }
    }

    /// An authenticated RTP packet: `bytes` decrypted, `payload` where its payload lies.
    pub fn accept<'a>(
        &mut self,
        header: Header,
        seq: Seq,
        payload: std::ops::Range<usize>,
        bytes: &'a [u8],
        arrival: Time,
    ) -> Result<Accepted<'a>, Drop> {
        let extensions = Extensions::read(&header, bytes, &self.ids);
        if let (true, Some(number)) = (self.wants_twcc, extensions.transport_cc) {
            self.twcc.receive(number, arrival);
        }
        self.report_at.get_or_insert(arrival + REPORT_EVERY);
        let (codec, rtx) = self.codec(&header)?;
        let stream = self.stream(&header, &extensions, rtx, arrival)?;
        let payload = header.strip_padding(bytes.get(payload).unwrap_or_default())?;
        let section = self
            .sections
            .get_mut(stream.section)
            .filter(|section| section.spec.kind == codec.kind())
            .ok_or(Drop::UnknownPayloadType)?;
        section.take(arrival)?;
        let layer = section.layer_mut(stream.layer).ok_or(Drop::UnknownSsrc)?;
        let (seq, payload) = if stream.rtx {
            let (original, payload) = split_rtx(payload).ok_or(Drop::Padding)?;
            (
                layer.incoming.repaired(original, payload.len(), arrival)?,
                payload,
            )
        } else {
            layer
                .incoming
                .receive(seq, header.timestamp, payload.len(), arrival)?;
            (seq, payload)
        };
        let contents = layer.look(codec, seq, header.timestamp, payload)?;
        if contents.key_start {
            layer.incoming.nacks.keyframe(seq);
            section.keyframes.keyframe(stream.layer);
        }
        let layer = section.layer_mut(stream.layer).ok_or(Drop::UnknownSsrc)?;
        let seq = Seq(layer.base + seq.0);
        let capture = layer.clock.capture(header.timestamp, &self.offset, arrival);
        let begins = !std::mem::replace(&mut layer.active, true);
        section.changed |= begins;
        let track = TrackId {
            peer: self.peer,
            section: section.spec.index,
        };
        let source = Source {
            track,
            layer: stream.layer,
        };
        let level = extensions.audio_level;
        let kind = section.spec.kind;
        // Other codecs say the same in their payloads; one too short to be rewritten says nothing.
        let dependency = extensions
            .dependency_descriptor
            .filter(|value| codec == Codec::Av1 && Dependency::frame_number(value).is_some());
        Ok(Accepted {
            source,
            kind,
            seq,
            header,
            codec,
            level,
            contents,
            dependency,
            capture,
            arrival,
            payload,
        })
    }

    /// A sender report of one of its streams.
    pub fn sender_report(&mut self, info: &rtcp::SenderInfo, arrival: Time) {
        let Some(stream) = self.streams.get(&info.ssrc).filter(|s| !s.rtx) else {
            return;
        };
        let section = self.sections.get_mut(stream.section);
        if let Some(layer) = section.and_then(|s| s.layer_mut(stream.layer)) {
            self.offset.sender_report(info.ntp, arrival);
            layer.clock.sender_report(info.ntp, info.rtp);
            layer.incoming.sender_report(info.ntp, arrival);
        }
    }

    /// Somebody needs a keyframe of a layer.
    pub fn request_keyframe(&mut self, section: u8, layer: u8) {
        if let Some(section) = self.sections.iter_mut().find(|s| s.spec.index == section) {
            section.keyframes.request(layer);
        }
    }

    /// The section is on no seat any more: nobody waits for its keyframes.
    pub fn forget_keyframes(&mut self, section: u8) {
        if let Some(section) = self.sections.iter_mut().find(|s| s.spec.index == section) {
            section.keyframes.clear();
        }
    }

    /// Sections whose received layers have changed, with what they are now.
    pub fn take_changes(&mut self, now: Time) -> Vec<(u8, Vec<String>)> {
        let mut changes = Vec::new();
        for section in &mut self.sections {
            section.watch(now);
            if std::mem::take(&mut section.changed) {
                changes.push((section.spec.index, section.active_rids()));
            }
        }
        changes
    }

    /// Whether a section's layers have begun since [`Receive::take_changes`].
    pub fn has_changes(&self) -> bool {
        self.sections.iter().any(|s| s.changed)
    }

    fn codec(&self, header: &Header) -> Result<(Codec, bool), Drop> {
        let found = self.codecs.iter().find_map(|map| match header.pt {
            pt if pt == map.pt => Some((map.codec, false)),
            pt if Some(pt) == map.rtx => Some((map.codec, true)),
            _ => None,
        });
        found.ok_or(Drop::UnknownPayloadType)
    }

    /// By what was learnt, else by the extensions, else by the offer's SSRC lines.
    fn stream(
        &mut self,
        header: &Header,
        extensions: &Extensions<'_>,
        rtx: bool,
        now: Time,
    ) -> Result<Stream, Drop> {
        if let Some(stream) = self.streams.get(&header.ssrc) {
            // A payload type of the wrong kind for a known SSRC is not what was negotiated.
            return if stream.rtx == rtx {
                Ok(*stream)
            } else {
                Err(Drop::UnknownPayloadType)
            };
        }
        // Feedback about it could not be told from feedback about our own stream.
        if self.own_ssrcs.contains(&header.ssrc) {
            return Err(Drop::UnknownSsrc);
        }
        let found = self
            .sections
            .iter()
            .enumerate()
            .find_map(|(index, section)| {
                let layer = match extensions.mid {
                    Some(mid) if section.spec.mid.as_bytes() != mid => None,
                    Some(_) => {
                        section.layer_of_rid(if rtx { extensions.rrid } else { extensions.rid })
                    }
                    None => section.layer_of_ssrc(header.ssrc, rtx),
                };
                layer.map(|layer| Stream {
                    section: index,
                    layer,
                    rtx,
                })
            });
        let stream = found.ok_or_else(|| self.stranger(extensions))?;
        self.learn(header.ssrc, stream, now)?;
        Ok(stream)
    }

    /// Why no section claims a packet.
    fn stranger(&self, extensions: &Extensions<'_>) -> Drop {
        let named = |s: &Section| Some(s.spec.mid.as_bytes()) == extensions.mid;
        let rid = extensions.rid.or(extensions.rrid);
        if rid.is_some() && self.sections.iter().any(named) {
            Drop::TooManyLayers
        } else {
            Drop::UnknownSsrc
        }
    }

    fn learn(&mut self, ssrc: Ssrc, stream: Stream, now: Time) -> Result<(), Drop> {
        let section = self
            .sections
            .get_mut(stream.section)
            .ok_or(Drop::UnknownSsrc)?;
        if stream.rtx {
            // Probing before any media of that layer: nothing to repair.
            section.layer_mut(stream.layer).ok_or(Drop::UnknownSsrc)?;
            // One retransmission stream per layer: the newest.
            self.streams
                .retain(|_, s| !(s.rtx && s.section == stream.section && s.layer == stream.layer));
        } else if let Some(before) = section.begin(stream.layer, ssrc, now)? {
            // What still repairs the stream before it would be taken for packets of this one.
            let layer = (stream.section, stream.layer);
            self.streams
                .retain(|s, of| *s != before && !(of.rtx && (of.section, of.layer) == layer));
        }
        self.streams.insert(ssrc, stream);
        Ok(())
    }
}
