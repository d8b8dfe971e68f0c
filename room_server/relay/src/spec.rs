//! What a participant's one offer and one answer say, as values: sections, slots, payload types.
//! Checked once here, so that nothing below has to doubt it.

use crate::forward::packet::Codec;
use crate::ids::{HallId, Kind, PeerId, Pt, SeatId, Ssrc};
pub use crate::rtp::ExtensionIds;
use rustc_hash::FxHashSet;

/// A codec's payload types at this peer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CodecMap {
    /// Which codec.
    pub codec: Codec,
    /// Its payload type.
    pub pt: Pt,
    /// The payload type of its retransmissions, where the peer offers them.
    pub rtx: Option<Pt>,
}

/// What the relay sends back to a publisher about its uplink.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Feedback {
    /// Arrival times of every packet.
    TransportCc,
    /// A bandwidth once a second.
    GoogRemb,
    /// Receiver reports only.
    None,
}

/// An m-section on which the peer sends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SendSection {
    /// Index of the m-section.
    pub index: u8,
    /// Its mid.
    pub mid: String,
    /// Audio or video.
    pub kind: Kind,
    /// Rids in the order of the layers, smallest first; empty for a single stream.
    pub rids: Vec<String>,
    /// What the relay sends back.
    pub feedback: Feedback,
    /// From the offer's a=ssrc lines, media first, then RTX; may be empty.
    pub ssrcs: Vec<Ssrc>,
}

/// An m-section on which the peer receives.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SlotSection {
    /// Index of the m-section.
    pub index: u8,
    /// Its mid.
    pub mid: String,
    /// Audio or video.
    pub kind: Kind,
    /// SSRC of what the relay sends on it.
    pub ssrc: Ssrc,
    /// SSRC of its retransmissions, where the client offers them.
    pub rtx_ssrc: Option<Ssrc>,
    /// What feeds it from the start.
    pub seat: SeatId,
    /// CNAME of its sender reports, as the answer's a=ssrc lines say; both slots of a pair share one.
    pub cname: String,
}

/// One participant's transport.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PeerSpec {
    /// Its id.
    pub peer: PeerId,
    /// The town hall it is in.
    pub hall: HallId,
    /// Our ICE user name fragment.
    pub ufrag: String,
    /// Our ICE password.
    pub pwd: String,
    /// The peer's user name fragment.
    pub remote_ufrag: String,
    /// Receives while backstage.
    pub staff: bool,
    /// 0: none; audio never crosses within one group.
    pub echo_group: u32,
    /// Header extension ids.
    pub extensions: ExtensionIds,
    /// Takes header extensions of the two-byte form (RFC 8285 section 6).
    pub two_byte: bool,
    /// Payload types.
    pub codecs: Vec<CodecMap>,
    /// What it may send.
    pub sends: Vec<SendSection>,
    /// What it receives.
    pub slots: Vec<SlotSection>,
}

/// One-byte header extensions (RFC 8285 section 4.2) end at 14, and the relay writes no others.
const LARGEST_EXTENSION_ID: u8 = 14;

/// Longest mid that fits the one-byte form with its length field (RFC 8285 section 4.2).
const LONGEST_MID: usize = 16;

/// Longest item of an SDES chunk (RFC 3550 section 6.5) that leaves room for four reports in a datagram.
const LONGEST_CNAME: usize = 64;

/// RFC 8839 section 5.4: a user name fragment has at least 4 characters, a password 22.
const SHORTEST_UFRAG: usize = 4;
const SHORTEST_PWD: usize = 22;

impl PeerSpec {
    /// The first thing wrong with it, as a sentence for the caller.
    pub fn check(&self) -> Result<(), String> {
        if self.ufrag.len() < SHORTEST_UFRAG || self.pwd.len() < SHORTEST_PWD {
            return Err("ufrag needs at least 4 characters, pwd 22 (RFC 8839)".into());
        }
        let x = &self.extensions;
        for (name, id) in [
            ("mid", x.mid),
            ("rid", x.rid),
            ("rrid", x.rrid),
            ("audio_level", x.audio_level),
            ("abs_send_time", x.abs_send_time),
            ("transport_cc", x.transport_cc),
            ("dependency_descriptor", x.dependency_descriptor),
        ] {
            if id > LARGEST_EXTENSION_ID {
                return Err(format!(
                    "extensions.{name} is {id}; it must be 0 (absent) to 14"
                ));
            }
        }
        for codec in &self.codecs {
            if codec.pt.0 > 127 || codec.rtx.is_some_and(|pt| pt.0 > 127) {
                return Err(format!("payload type {} is not in 0..127", codec.pt.0));
            }
        }
        self.check_sections()
    }

    fn check_sections(&self) -> Result<(), String> {
        let mut indices = FxHashSet::default();
        let sections = self
            .sends
            .iter()
            .map(|s| (s.index, &s.mid))
            .chain(self.slots.iter().map(|s| (s.index, &s.mid)));
        for (index, mid) in sections {
            if !indices.insert(index) {
                return Err(format!("section {index} occurs twice"));
            }
            if mid.is_empty() || mid.len() > LONGEST_MID {
                return Err(format!(
                    "section {index}: mid must have 1 to {LONGEST_MID} characters"
                ));
            }
        }
        for send in &self.sends {
            if send.rids.len() > crate::peer::MAX_LAYERS {
                return Err(format!(
                    "section {}: at most {} rids",
                    send.index,
                    crate::peer::MAX_LAYERS
                ));
            }
        }
        if let Some(slot) = self.slots.iter().find(|s| s.cname.len() > LONGEST_CNAME) {
            return Err(format!(
                "section {}: cname must have at most {LONGEST_CNAME} characters",
                slot.index
            ));
        }
        let mut ssrcs = FxHashSet::default();
        for ssrc in self
            .slots
            .iter()
            .flat_map(|s| std::iter::once(s.ssrc).chain(s.rtx_ssrc))
        {
            if ssrc.0 == 0 || !ssrcs.insert(ssrc) {
                return Err(format!("slot ssrc {} is zero or occurs twice", ssrc.0));
            }
        }
        // A nonce is (key, SSRC, index): what we send must not look like what the peer sends (RFC 3711 section 9.1).
        if let Some(ssrc) = self
            .sends
            .iter()
            .flat_map(|s| &s.ssrcs)
            .find(|s| ssrcs.contains(s))
        {
            return Err(format!(
                "ssrc {} is both sent by the peer and given to a slot",
                ssrc.0
            ));
        }
        Ok(())
    }
}

#[cfg(any(test, feature = "fuzzing"))]
pub(crate) mod tests {
    use super::*;

    /// A viewer with one audio slot (section 0, seat 1) and one video slot (section 1, seat 1).
    pub(crate) fn viewer(peer: u32, hall: u32) -> PeerSpec {
        PeerSpec {
            peer: PeerId(peer),
            hall: HallId(hall),
            ufrag: format!("uf{peer:06}"),
            pwd: format!("password-of-22-chars-{peer:06}"),
            remote_ufrag: "them".into(),
            staff: false,
            echo_group: 0,
            extensions: ExtensionIds {
                mid: 4,
                rid: 10,
                rrid: 11,
                audio_level: 1,
                abs_send_time: 2,
                transport_cc: 3,
                dependency_descriptor: 12,
            },
            two_byte: true,
            codecs: codecs(),
            sends: vec![],
            slots: vec![
                slot(0, Kind::Audio, 1000 + peer * 10),
                slot(1, Kind::Video, 1002 + peer * 10),
            ],
        }
    }

    /// With the payload types that Chromium gives them.
    fn codecs() -> Vec<CodecMap> {
        let map = |(codec, pt, rtx)| CodecMap {
            codec,
            pt: Pt(pt),
            rtx: (rtx != 0).then_some(Pt(rtx)),
        };
        [
            (Codec::Opus, 111, 0),
            (Codec::Vp8, 96, 97),
            (Codec::H264, 102, 103),
            (Codec::Vp9, 98, 99),
            (Codec::Av1, 45, 46),
        ]
        .map(map)
        .to_vec()
    }

    pub(crate) fn slot(index: u8, kind: Kind, ssrc: u32) -> SlotSection {
        let rtx_ssrc = (kind == Kind::Video).then_some(Ssrc(ssrc + 1));
        SlotSection {
            index,
            mid: index.to_string(),
            kind,
            ssrc: Ssrc(ssrc),
            rtx_ssrc,
            seat: SeatId(1),
            cname: "seat1".into(),
        }
    }

    #[test]
    fn names_what_is_wrong() {
        assert_eq!(viewer(1, 1).check(), Ok(()));
        let mut spec = viewer(1, 1);
        spec.extensions.mid = 15;
        assert!(spec.check().unwrap_err().contains("extensions.mid"));
        let mut spec = viewer(1, 1);
        spec.slots[1].ssrc = spec.slots[0].ssrc;
        assert!(spec.check().unwrap_err().contains("occurs twice"));
        let mut spec = viewer(1, 1);
        spec.slots[1].index = 0;
        assert!(spec.check().unwrap_err().contains("section 0"));
        let mut spec = viewer(1, 1);
        spec.ufrag = "abc".into();
        assert!(spec.check().unwrap_err().contains("ufrag"));
    }
}
