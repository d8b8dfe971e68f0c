//! Feedback messages: generic NACK, PLI (RFC 4585), FIR (RFC 5104), REMB (draft-alvestrand-rmcat-remb-03).

use super::{kind, put_ssrc, ssrc_at, write};
use crate::bytes::{array, u16_at};
use crate::ids::Ssrc;

const REMB: [u8; 4] = *b"REMB";

/// A generic NACK.
#[derive(Clone, Copy, Debug)]
pub struct Nack<'a> {
    /// Who asks.
    pub sender: Ssrc,
    /// Whose packets are missing.
    pub media: Ssrc,
    fci: &'a [u8],
}

impl<'a> Nack<'a> {
    pub(super) fn parse(body: &'a [u8]) -> Option<Self> {
        Some(Nack {
            sender: ssrc_at(body, 0)?,
            media: ssrc_at(body, 4)?,
            fci: body.get(8..)?,
        })
    }

    /// How many numbers [`Nack::seqs`] gives.
    pub fn count(&self) -> u64 {
        let further = |entry| u16_at(entry, 2).unwrap_or_default().count_ones();
        let entries = self.fci.chunks_exact(4);
        entries.map(|entry| u64::from(1 + further(entry))).sum()
    }

    /// The missing sequence numbers, in the order of the message.
    pub fn seqs(&self) -> impl Iterator<Item = u16> + use<'a> {
        self.fci.chunks_exact(4).flat_map(|entry| {
            let first = u16_at(entry, 0).unwrap_or_default();
            let further = u32::from(u16_at(entry, 2).unwrap_or_default());
            // Bit 0 stands for the first number itself, bit i for the i-th after it.
            let missing = further << 1 | 1;
            (0..17)
                .filter(move |&i| missing >> i & 1 != 0)
                .map(move |i| first.wrapping_add(i))
        })
    }
}

/// A picture loss indication.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pli {
    /// Who asks.
    pub sender: Ssrc,
    /// For a keyframe of this stream.
    pub media: Ssrc,
}

impl Pli {
    pub(super) fn parse(body: &[u8]) -> Option<Pli> {
        Some(Pli {
            sender: ssrc_at(body, 0)?,
            media: ssrc_at(body, 4)?,
        })
    }
}

/// A full intra request.
#[derive(Clone, Copy, Debug)]
pub struct Fir<'a> {
    /// Who asks.
    pub sender: Ssrc,
    fci: &'a [u8],
}

impl<'a> Fir<'a> {
    pub(super) fn parse(body: &'a [u8]) -> Option<Self> {
        Some(Fir {
            sender: ssrc_at(body, 0)?,
            fci: body.get(8..)?,
        })
    }

    /// (stream, command number); the same number again is the same request.
    pub fn requests(&self) -> impl Iterator<Item = (Ssrc, u8)> + use<'a> {
        self.fci
            .chunks_exact(8)
            .filter_map(|entry| Some((ssrc_at(entry, 0)?, *entry.get(4)?)))
    }
}

/// A receiver's estimate of what its path takes.
#[derive(Clone, Copy, Debug)]
pub struct Remb<'a> {
    /// Who estimates.
    pub sender: Ssrc,
    /// Over all the streams together, bits per second.
    pub bitrate: u64,
    ssrcs: &'a [u8],
}

impl<'a> Remb<'a> {
    pub(super) fn parse(body: &'a [u8]) -> Option<Self> {
        if array(body, 8)? != REMB {
            return None;
        }
        let [count, b0, b1, b2] = array(body, 12)?;
        let mantissa = u64::from(u32::from_be_bytes([0, b0 & 3, b1, b2]));
        let shift = u32::from(b0 >> 2);
        Some(Remb {
            sender: ssrc_at(body, 0)?,
            // An exponent that overflows means "no limit".
            bitrate: if mantissa.leading_zeros() >= shift {
                mantissa << shift
            } else {
                u64::MAX
            },
            ssrcs: body.get(16..16 + usize::from(count) * 4)?,
        })
    }

    /// The streams meant.
    pub fn ssrcs(&self) -> impl Iterator<Item = Ssrc> + use<'a> {
        self.ssrcs
            .chunks_exact(4)
            .filter_map(|bytes| ssrc_at(bytes, 0))
    }
}

/// Appends a PLI.
pub fn write_pli(out: &mut Vec<u8>, sender: Ssrc, media: Ssrc) {
    write(out, kind::FMT_PLI, kind::PSFB, |out| {
        put_ssrc(out, sender);
        put_ssrc(out, media);
    });
}

/// Appends a FIR for one stream; `command` counts up with every new request (RFC 5104 section 4.3.1).
pub fn write_fir(out: &mut Vec<u8>, sender: Ssrc, media: Ssrc, command: u8) {
    write(out, kind::FMT_FIR, kind::PSFB, |out| {
        put_ssrc(out, sender);
        // The media source is in the entry; here it is zero.
        put_ssrc(out, Ssrc(0));
        put_ssrc(out, media);
        out.extend_from_slice(&[command, 0, 0, 0]);
    });
}

/// Appends a NACK; numbers within 16 after the first of an entry share it, so ascending order packs best.
/// Nothing is written for no numbers.
pub fn write_nack(
    out: &mut Vec<u8>,
    sender: Ssrc,
    media: Ssrc,
    seqs: impl IntoIterator<Item = u16>,
) {
    let mut seqs = seqs.into_iter();
    let Some(mut first) = seqs.next() else { return };
    write(out, kind::FMT_NACK, kind::RTPFB, |out| {
        put_ssrc(out, sender);
        put_ssrc(out, media);
        let mut further = 0u16;
        for seq in seqs {
            match seq.wrapping_sub(first) {
                0 => {}
                ahead @ 1..=16 => further |= 1 << (ahead - 1),
                _ => {
                    put_entry(out, first, further);
                    (first, further) = (seq, 0);
                }
            }
        }
        put_entry(out, first, further);
    });
}

/// Appends a REMB; the bitrate is rounded down to 18 significant bits. At most 255 streams are named.
pub fn write_remb(out: &mut Vec<u8>, sender: Ssrc, bitrate: u64, ssrcs: &[Ssrc]) {
    let ssrcs = ssrcs.get(..255).unwrap_or(ssrcs);
    let exponent = (64 - bitrate.leading_zeros()).saturating_sub(18);
    let [_, b0, b1, b2] = ((bitrate >> exponent) as u32).to_be_bytes();
    write(out, kind::FMT_AFB, kind::PSFB, |out| {
        put_ssrc(out, sender);
        put_ssrc(out, Ssrc(0));
        out.extend_from_slice(&REMB);
        out.extend_from_slice(&[ssrcs.len() as u8, (exponent as u8) << 2 | b0 & 3, b1, b2]);
        for &ssrc in ssrcs {
            put_ssrc(out, ssrc);
        }
    });
}

fn put_entry(out: &mut Vec<u8>, first: u16, further: u16) {
    out.extend_from_slice(&first.to_be_bytes());
    out.extend_from_slice(&further.to_be_bytes());
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bytes::hex;
    use crate::rtcp::{Packet, packets};
    use proptest::prelude::*;

    const SENDER: Ssrc = Ssrc(1);
    const MEDIA: Ssrc = Ssrc(2);

    fn nacked(out: &[u8]) -> Vec<u16> {
        let Some(Packet::Nack(nack)) = packets(out).next() else {
            panic!()
        };
        assert_eq!((nack.sender, nack.media), (SENDER, MEDIA));
        let seqs: Vec<u16> = nack.seqs().collect();
        assert_eq!(nack.count(), seqs.len() as u64);
        seqs
    }

    #[test]
    fn nacks_pack_seventeen_numbers_into_an_entry() {
        let mut out = Vec::new();
        write_nack(&mut out, SENDER, MEDIA, [0xfffe, 0xffff, 0, 14, 15, 100]);
        assert_eq!(
            out,
            hex("81cd0005 00000001 00000002 fffe 8003 000f 0000 0064 0000").as_slice()
        );
    }

    #[test]
    fn nothing_lost_is_no_nack() {
        let mut out = Vec::new();
        write_nack(&mut out, SENDER, MEDIA, []);
        assert!(out.is_empty());
    }

    #[test]
    fn pli_and_fir() {
        let mut out = Vec::new();
        write_pli(&mut out, SENDER, MEDIA);
        write_fir(&mut out, SENDER, MEDIA, 9);
        assert_eq!(
            out,
            hex("81ce0002 00000001 00000002  84ce0004 00000001 00000000 00000002 09000000")
        );
        let mut read = packets(&out);
        let Some(Packet::Pli(pli)) = read.next() else {
            panic!()
        };
        assert_eq!(
            pli,
            Pli {
                sender: SENDER,
                media: MEDIA
            }
        );
        let Some(Packet::Fir(fir)) = read.next() else {
            panic!()
        };
        assert_eq!(fir.requests().collect::<Vec<_>>(), [(MEDIA, 9)]);
    }

    #[test]
    fn remb_of_libwebrtc() {
        // 6 bits exponent 3, 18 bits mantissa 0x1e848: 1 Mbps.
        let bytes = hex("8fce0005 00000001 00000000 52454d42 010de848 00000002");
        let Some(Packet::Remb(remb)) = packets(&bytes).next() else {
            panic!()
        };
        assert_eq!((remb.sender, remb.bitrate), (SENDER, 1_000_000));
        assert_eq!(remb.ssrcs().collect::<Vec<_>>(), [MEDIA]);
        let mut out = Vec::new();
        write_remb(&mut out, SENDER, 1_000_000, &[MEDIA]);
        let Some(Packet::Remb(again)) = packets(&out).next() else {
            panic!()
        };
        assert_eq!(again.bitrate, 1_000_000);
    }

    #[test]
    fn a_remb_beyond_64_bits_is_no_limit() {
        let bytes = hex("8fce0004 00000001 00000000 52454d42 00ffffff");
        let Some(Packet::Remb(remb)) = packets(&bytes).next() else {
            panic!()
        };
        assert_eq!(remb.bitrate, u64::MAX);
        // Application-layer feedback that is none.
        assert!(
            packets(&hex("8fce0004 00000001 00000000 52454d43 00000001"))
                .next()
                .is_none()
        );
    }

    proptest! {
        #[test]
        fn nacks_survive_the_wire(first: u16, steps in proptest::collection::vec(1u16..40, 0..100)) {
            let mut seqs = vec![first];
            for step in steps {
                seqs.push(seqs[seqs.len() - 1].wrapping_add(step));
            }
            let mut out = Vec::new();
            write_nack(&mut out, SENDER, MEDIA, seqs.iter().copied());
            prop_assert_eq!(nacked(&out), seqs);
        }

        #[test]
        fn a_remb_is_rounded_down_by_little(bitrate: u64) {
            let mut out = Vec::new();
            write_remb(&mut out, SENDER, bitrate, &[]);
            let Some(Packet::Remb(remb)) = packets(&out).next() else { panic!() };
            prop_assert!(remb.bitrate <= bitrate);
            prop_assert!(bitrate - remb.bitrate <= bitrate >> 17);
        }
    }
}
