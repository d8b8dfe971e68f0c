//! One slot: an m-section on which the peer receives, its numbering, its headers, its retransmissions.

use crate::command::WantedLayer;
use crate::forward::layers::LayerChoice;
use crate::forward::outgoing::Outgoing;
use crate::forward::packet::{Codec, Packet, Source};
use crate::forward::rewrite::Rewritten;
use crate::ids::{Kind, Pt, SeatId, Seq, Ssrc, TrackId};
use crate::repair::rtx::RtxMap;
use crate::rtcp;
use crate::rtp::{Dependency, ExtensionIds, Fields, Layout};
use crate::spec::{PeerSpec, SlotSection};
use crate::srtp::{Outbound, Stream};
use crate::time::{Duration, Time};

/// RFC 4588 section 4: the original sequence number before the payload.
const RTX_PREFIX: usize = 2;

/// Sender reports: often enough for a receiver to align lips within the time a switch is noticed.
const REPORT_EVERY: Duration = Duration::from_secs(1);

/// After a switch a receiver cannot align lips before it has two reports of each stream: they come soon.
const REPORT_SOON: Duration = Duration::from_millis(200);
const SOON: u8 = 2;

/// Retransmission on an SSRC of its own, where the client offers it.
struct Rtx {
    map: RtxMap,
    layout: Layout,
    stream: Stream,
}

/// One slot of a subscriber.
pub struct Slot {
    /// Index of the m-section.
    pub section: u8,
    /// Audio or video.
    pub kind: Kind,
    /// What feeds it, by the peer's view.
    pub seat: SeatId,
    /// The largest layer wanted.
    pub wanted: WantedLayer,
    /// The track that feeds it now, gates and air considered.
    pub fed: Option<TrackId>,
    /// Numbering, and what may switch when.
    pub outgoing: Outgoing,
    /// Which layer it gets.
    pub choice: LayerChoice,
    /// Last keyframe that began on it.
    pub keyframe_at: Time,
    /// The number that this keyframe began with.
    pub keyframe_seq: Seq,
    /// When its next sender report is due.
    pub report_at: Time,
    soon: u8,
    layout: Layout,
    stream: Stream,
    codecs: [Option<(Pt, Option<Pt>)>; Codec::COUNT],
    rtx: Option<Rtx>,
    cname: String,
}

impl Slot {
    /// As the answer says.
    pub fn new(section: &SlotSection, spec: &PeerSpec, now: Time) -> Slot {
        let random = mix(u64::from(section.ssrc.0) << 32 ^ now.0);
        let (mid, ids) = (section.mid.as_bytes(), &extensions(spec));
        let mut codecs = [None; Codec::COUNT];
        for map in &spec.codecs {
            if let Some(entry) = codecs.get_mut(map.codec as usize) {
                entry.get_or_insert((map.pt, map.rtx));
            }
        }
        Slot {
            section: section.index,
            kind: section.kind,
            seat: section.seat,
            wanted: WantedLayer::Best,
            fed: None,
            outgoing: Outgoing::new(section.kind, random),
            choice: LayerChoice::default(),
            keyframe_at: Time::default(),
            keyframe_seq: Seq(0),
            // Staggered, or a thousand subscribers' reports would leave in one turn.
            report_at: now + REPORT_EVERY.mul_f64((random >> 40) as f64 / f64::from(1 << 24)),
            soon: 0,
            layout: Layout::new(section.ssrc, section.kind, mid, ids),
            stream: Stream::new(section.ssrc),
            codecs,
            rtx: section.rtx_ssrc.map(|ssrc| Rtx {
                map: RtxMap::new(mix(random)),
                layout: Layout::new(ssrc, section.kind, mid, ids),
                stream: Stream::new(ssrc),
            }),
            cname: section.cname.clone(),
        }
    }

    /// Begin close to every wrap, for drills; before anything was sent.
    pub fn begin_near_wraps(&mut self) {
        self.outgoing = Outgoing::near_wraps(self.kind);
        if let Some(rtx) = &mut self.rtx {
            rtx.map = RtxMap::near_wrap();
        }
    }

    /// What it sends on.
    pub fn ssrc(&self) -> Ssrc {
        self.stream.ssrc()
    }

    /// Whether packets of this track may concern it.
    #[inline]
    pub fn takes(&self, track: TrackId) -> bool {
        let is = |source: Option<Source>| source.is_some_and(|s| s.track == track);
        is(self.outgoing.wanted()) || is(self.outgoing.current())
    }

    /// Whether the peer can decode this codec.
    pub fn decodes(&self, codec: Codec) -> bool {
        self.pts(codec).is_some()
    }

    /// Whether the peer takes retransmissions of this codec.
    pub fn repeats(&self, codec: Codec) -> bool {
        self.rtx.is_some() && self.pts(codec).is_some_and(|(_, rtx)| rtx.is_some())
    }

    /// Write the packet as it goes out, protected; its length.
    #[inline]
    pub fn write(
        &mut self,
        packet: &Packet,
        rewritten: &Rewritten,
        now: Time,
        outbound: &Outbound,
        buf: &mut [u8],
    ) -> Option<usize> {
        let (pt, _) = self.pts(packet.codec)?;
        let header = self
            .layout
            .write(buf, &fields(packet, rewritten, rewritten.seq, pt, now))?;
        let end = put_payload(buf, header, packet, rewritten)?;
        let len = outbound.protect_rtp(&mut self.stream, rewritten.seq, buf, header, end)?;
        if let Some(rtx) = &mut self.rtx {
            rtx.map.record(packet.source, packet.seq, rewritten);
        }
        Some(len)
    }

    /// What the subscriber asks for again, if this slot can send it again.
    pub fn requested(
        &mut self,
        wire: u16,
        now: Time,
        rtt: Duration,
    ) -> Result<crate::repair::rtx::Resend, crate::drop::Drop> {
        // Without RTX only the same ciphertext could be repeated, and nobody keeps that.
        let rtx = self.rtx.as_mut().ok_or(crate::drop::Drop::NotCached)?;
        rtx.map.request(wire, now, rtt)
    }

    /// Whether the pictures since the latest keyframe need what went out as `wire`.
    pub fn decodes_on(&self, wire: u16) -> bool {
        let sent = self.rtx.as_ref().and_then(|rtx| rtx.map.sent(wire));
        self.kind == Kind::Video && sent.is_some_and(|out| out >= self.keyframe_seq)
    }

    /// Write a retransmission, protected; its length.
    pub fn write_rtx(
        &mut self,
        packet: &Packet,
        rewritten: &Rewritten,
        now: Time,
        outbound: &Outbound,
        buf: &mut [u8],
    ) -> Option<usize> {
        let (_, pt) = self.pts(packet.codec)?;
        let (pt, rtx) = pt.zip(self.rtx.as_mut())?;
        let index = rtx.map.next_index();
        let header = rtx
            .layout
            .write(buf, &fields(packet, rewritten, index, pt, now))?;
        let at = header + RTX_PREFIX;
        buf.get_mut(header..at)?
            .copy_from_slice(&rewritten.seq.wire().to_be_bytes());
        let end = put_payload(buf, at, packet, rewritten)?;
        outbound.protect_rtp(&mut rtx.stream, index, buf, header, end)
    }

    /// The clocks have moved: reports at once and again soon.
    pub fn report_now(&mut self, now: Time) {
        self.report_at = now;
        self.soon = SOON;
    }

    /// Append a sender report and SDES, if something flows. Whether it did; the next is due a second later.
    pub fn report(&mut self, now: Time, out: &mut Vec<u8>) -> bool {
        self.report_at = now
            + if self.soon > 0 {
                REPORT_SOON
            } else {
                REPORT_EVERY
            };
        self.soon = self.soon.saturating_sub(1);
        let Some(info) = self.outgoing.sender_info(now) else {
            return false;
        };
        let ssrc = self.ssrc();
        let info = rtcp::SenderInfo {
            ssrc,
            ntp: info.ntp,
            rtp: info.rtp,
            packets: info.packets,
            octets: info.octets,
        };
        rtcp::write_sr(out, &info, &[]);
        rtcp::write_sdes(out, ssrc, &self.cname);
        true
    }

    #[inline]
    fn pts(&self, codec: Codec) -> Option<(Pt, Option<Pt>)> {
        self.codecs.get(codec as usize).copied().flatten()
    }
}

/// What is written towards the peer. The dependency descriptor of a keyframe does not fit the one-byte form,
/// and without it those of the frames that follow mean nothing.
fn extensions(spec: &PeerSpec) -> ExtensionIds {
    let mut ids = spec.extensions;
    if !spec.two_byte {
        ids.dependency_descriptor = 0;
    }
    ids
}

#[inline]
fn fields<'a>(
    packet: &'a Packet,
    rewritten: &Rewritten,
    seq: Seq,
    pt: Pt,
    now: Time,
) -> Fields<'a> {
    let dependency = packet.dependency.as_deref().zip(rewritten.counters);
    Fields {
        marker: rewritten.marker,
        pt,
        seq: seq.wire(),
        timestamp: rewritten.timestamp,
        abs_send_time: now.abs_send_time(),
        level: packet.level,
        dependency: dependency.map(|(value, counters)| Dependency {
            value,
            frame_number: counters.picture,
        }),
    }
}

/// Copy the payload behind the header with its codec counters rewritten; where it ends.
#[inline]
fn put_payload(buf: &mut [u8], at: usize, packet: &Packet, rewritten: &Rewritten) -> Option<usize> {
    let source = if rewritten.parameter_sets {
        packet.parameter_sets.as_ref()?
    } else {
        &*packet.payload
    };
    let end = at + source.len();
    let payload = buf.get_mut(at..end)?;
    payload.copy_from_slice(source);
    if let Some((pictures, counters)) = packet.pictures.as_ref().zip(rewritten.counters) {
        pictures.patch(payload, counters.picture, counters.tl0);
    }
    Some(end)
}

/// Spreads a seed over all bits (the finaliser of splitmix64).
fn mix(seed: u64) -> u64 {
    let z = seed.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}
