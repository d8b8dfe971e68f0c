//! RTCP: compound packets, reports, feedback (RFC 3550, RFC 3611, RFC 4585, RFC 5104).
//!
//! Readers are views of the datagram; writers append to a `Vec` that the caller reuses.

mod extended;
mod feedback;
mod report;
mod twcc;

pub use extended::{Delay, Extended, write_delay, write_reference};
pub use feedback::{Fir, Nack, Pli, Remb, write_fir, write_nack, write_pli, write_remb};
pub use report::{
    ReceiverReport, ReportBlock, SenderInfo, SenderReport, write_rr, write_sdes, write_sr,
};
pub use twcc::{MAX_COVERED, TransportFeedback, TwccHeader, write_twcc};

use crate::bytes::{u16_at, u32_at};
use crate::ids::Ssrc;

/// Packet types and feedback formats that are read or written.
mod kind {
    pub const SR: u8 = 200;
    pub const RR: u8 = 201;
    pub const SDES: u8 = 202;
    pub const RTPFB: u8 = 205;
    pub const PSFB: u8 = 206;
    pub const XR: u8 = 207;
    pub const FMT_NACK: u8 = 1;
    pub const FMT_TWCC: u8 = 15;
    pub const FMT_PLI: u8 = 1;
    pub const FMT_FIR: u8 = 4;
    pub const FMT_AFB: u8 = 15;
}

/// One packet of a compound.
#[derive(Clone, Copy, Debug)]
pub enum Packet<'a> {
    /// SR.
    SenderReport(SenderReport<'a>),
    /// RR.
    ReceiverReport(ReceiverReport<'a>),
    /// Generic NACK.
    Nack(Nack<'a>),
    /// Picture loss indication.
    Pli(Pli),
    /// Full intra request.
    Fir(Fir<'a>),
    /// Receiver estimated maximum bitrate.
    Remb(Remb<'a>),
    /// Transport-wide congestion control feedback.
    TransportFeedback(TransportFeedback<'a>),
    /// XR.
    Extended(Extended<'a>),
}

/// Iterates over a decrypted compound, reduced-size ones too (RFC 5506). SDES, BYE, APP and
/// whatever is unknown or malformed inside its own length is skipped; a broken length ends it.
pub fn packets(compound: &[u8]) -> Packets<'_> {
    Packets { rest: compound }
}

/// See [`packets`].
#[derive(Clone, Debug)]
pub struct Packets<'a> {
    rest: &'a [u8],
}

impl<'a> Iterator for Packets<'a> {
    type Item = Packet<'a>;

    fn next(&mut self) -> Option<Packet<'a>> {
        loop {
            let frame = Frame::parse(self.rest)?;
            self.rest = self.rest.get(frame.len..).unwrap_or_default();
            if let Some(packet) = frame.read() {
                return Some(packet);
            }
        }
    }
}

/// The common header of RFC 3550 section 6.4.1 and what it frames.
#[derive(Clone, Copy)]
struct Frame<'a> {
    /// Count or feedback format.
    count: u8,
    kind: u8,
    /// Bytes after the common header, without padding.
    body: &'a [u8],
    len: usize,
}

impl<'a> Frame<'a> {
    fn parse(bytes: &'a [u8]) -> Option<Frame<'a>> {
        let &[b0, kind, ..] = bytes else { return None };
        let len = (usize::from(u16_at(bytes, 2)?) + 1) * 4;
        let mut body = bytes.get(4..len)?;
        if b0 & 0x20 != 0 {
            let padding = usize::from(*body.last()?);
            let kept = body.len().checked_sub(padding);
            // An impossible count makes this packet unreadable, not those after it.
            body = kept.and_then(|kept| body.get(..kept)).unwrap_or_default();
        }
        (b0 >> 6 == 2).then_some(Frame {
            count: b0 & 0x1f,
            kind,
            body,
            len,
        })
    }

    fn read(&self) -> Option<Packet<'a>> {
        Some(match (self.kind, self.count) {
            (kind::SR, count) => Packet::SenderReport(SenderReport::parse(self.body, count)?),
            (kind::RR, count) => Packet::ReceiverReport(ReceiverReport::parse(self.body, count)?),
            (kind::RTPFB, kind::FMT_NACK) => Packet::Nack(Nack::parse(self.body)?),
            (kind::RTPFB, kind::FMT_TWCC) => {
                Packet::TransportFeedback(TransportFeedback::parse(self.body)?)
            }
            (kind::PSFB, kind::FMT_PLI) => Packet::Pli(Pli::parse(self.body)?),
            (kind::PSFB, kind::FMT_FIR) => Packet::Fir(Fir::parse(self.body)?),
            (kind::XR, _) => Packet::Extended(Extended::parse(self.body)?),
            (kind::PSFB, kind::FMT_AFB) => Packet::Remb(Remb::parse(self.body)?),
            _ => return None,
        })
    }
}

/// Appends a packet: common header, then what `body` writes, its length filled in and padded to 32 bits
/// (with the P bit; only transport feedback ever needs that).
fn write(out: &mut Vec<u8>, count: u8, kind: u8, body: impl FnOnce(&mut Vec<u8>)) {
    let start = out.len();
    out.extend_from_slice(&[0x80 | count & 0x1f, kind, 0, 0]);
    body(out);
    let missing = (out.len() - start).next_multiple_of(4) - (out.len() - start);
    if missing != 0 {
        out.resize(out.len() + missing - 1, 0);
        out.push(missing as u8);
        if let Some(first) = out.get_mut(start) {
            *first |= 0x20;
        }
    }
    let words = ((out.len() - start) / 4 - 1) as u16;
    crate::bytes::put(out, start + 2, &words.to_be_bytes());
}

fn put_ssrc(out: &mut Vec<u8>, ssrc: Ssrc) {
    out.extend_from_slice(&ssrc.0.to_be_bytes());
}

fn ssrc_at(bytes: &[u8], at: usize) -> Option<Ssrc> {
    u32_at(bytes, at).map(Ssrc)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bytes::hex;
    use proptest::prelude::*;

    fn kinds(compound: &[u8]) -> Vec<&'static str> {
        let kind = |packet| match packet {
            Packet::SenderReport(_) => "sr",
            Packet::ReceiverReport(_) => "rr",
            Packet::Nack(_) => "nack",
            Packet::Pli(_) => "pli",
            Packet::Fir(_) => "fir",
            Packet::Remb(_) => "remb",
            Packet::TransportFeedback(_) => "twcc",
            Packet::Extended(_) => "xr",
        };
        packets(compound).map(kind).collect()
    }

    #[test]
    fn a_compound_with_unknown_packets() {
        let mut compound = Vec::new();
        write_rr(&mut compound, Ssrc(1), &[]);
        write_sdes(&mut compound, Ssrc(1), "name");
        // APP, XR, BYE with a reason, transport-layer feedback of an unknown format.
        compound.extend(hex("80cc0002 00000001 6e616d65  80cf0001 00000001"));
        compound.extend(hex(
            "81cb0002 00000001 03627965  88cd0002 00000001 00000002",
        ));
        write_pli(&mut compound, Ssrc(1), Ssrc(2));
        assert_eq!(kinds(&compound), ["rr", "xr", "pli"]);
    }

    #[test]
    fn a_malformed_packet_hides_only_itself() {
        let mut compound = hex("81ce0001 00000001");
        // An RR that claims a block it has not; a NACK with an impossible padding.
        compound.extend(hex(
            "81c90001 00000001  a1cd0003 00000001 00000002 000000ff",
        ));
        write_pli(&mut compound, Ssrc(1), Ssrc(2));
        assert_eq!(kinds(&compound), ["pli"]);
    }

    #[test]
    fn a_broken_length_or_version_ends_the_compound() {
        let mut compound = Vec::new();
        write_pli(&mut compound, Ssrc(1), Ssrc(2));
        let pli = compound.clone();
        compound.extend(hex("81ce0003 00000001 00000002"));
        assert_eq!(kinds(&compound), ["pli"]);
        for len in 0..pli.len() {
            assert!(kinds(&pli[..len]).is_empty(), "{len}");
        }
        assert!(kinds(&[&hex("41ce0000")[..], &pli].concat()).is_empty());
    }

    #[test]
    fn padding_is_not_content() {
        // One NACK entry, then four bytes of padding.
        let compound = hex("a1cd0004 00000001 00000002 00050000 00000004");
        let Some(Packet::Nack(nack)) = packets(&compound).next() else {
            panic!()
        };
        assert_eq!(nack.seqs().collect::<Vec<_>>(), [5]);
    }

    proptest! {
        #[test]
        fn random_bytes(bytes in proptest::collection::vec(any::<u8>(), 0..120)) {
            crate::fuzz::rtcp(&bytes);
        }

        #[test]
        fn random_bodies(first in 0x80u8..0xc0, kind in 200u8..=206, body in proptest::collection::vec(any::<u8>(), 0..100)) {
            let words = body.len() / 4;
            let compound = [&[first, kind, 0, words as u8][..], &body[..words * 4]].concat();
            crate::fuzz::rtcp(&compound);
        }
    }
}
