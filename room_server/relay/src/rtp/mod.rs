//! RTP headers and header extensions (RFC 3550, RFC 8285).

mod dependency;
mod extension;
mod layout;

pub use dependency::Dependency;
pub use extension::{ExtensionIds, Extensions, Level};
pub use layout::{Fields, Layout};

use crate::bytes::u16_at;
use crate::drop::Drop;
use crate::ids::{Pt, Ssrc};

/// Length of the header without CSRCs and extension.
pub const FIXED_HEADER: usize = 12;

/// A parsed RTP header: a view by offsets, so that the datagram stays free to be decrypted in place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Header {
    /// Marker bit.
    pub marker: bool,
    /// Payload type.
    pub pt: Pt,
    /// Sequence number as on the wire.
    pub seq: u16,
    /// RTP time stamp.
    pub timestamp: u32,
    /// Synchronisation source.
    pub ssrc: Ssrc,
    /// Bytes before the payload, CSRCs and extension included.
    pub header_len: usize,
    /// P bit: the payload ends in padding ([`Header::strip_padding`]).
    pub has_padding: bool,
    /// Profile and place of the header extension.
    pub extension: Option<ExtensionBlock>,
}

/// Where a header extension lies in its datagram.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ExtensionBlock {
    /// `0xBEDE` for the one-byte, `0x100x` for the two-byte form (RFC 8285).
    pub profile: u16,
    /// First byte after the extension's own four-byte header.
    pub start: usize,
    /// One past its last byte; equals the header's length.
    pub end: usize,
}

impl Header {
    /// Reads the header of an RTP or SRTP packet (RFC 3550 section 5.1), neither encrypted.
    ///
    /// `Malformed` if the version is not 2 or the datagram ends within the header.
    #[inline]
    pub fn parse(datagram: &[u8]) -> Result<Header, Drop> {
        let fixed: &[u8; FIXED_HEADER] = datagram.first_chunk().ok_or(Drop::Malformed)?;
        let [b0, b1, s0, s1, t0, t1, t2, t3, r0, r1, r2, r3] = *fixed;
        if b0 >> 6 != 2 {
            return Err(Drop::Malformed);
        }
        let mut header_len = FIXED_HEADER + usize::from(b0 & 0x0f) * 4;
        let mut extension = None;
        if b0 & 0x10 != 0 {
            let profile = u16_at(datagram, header_len).ok_or(Drop::Malformed)?;
            let words = u16_at(datagram, header_len + 2).ok_or(Drop::Malformed)?;
            let start = header_len + 4;
            header_len = start + usize::from(words) * 4;
            extension = Some(ExtensionBlock {
                profile,
                start,
                end: header_len,
            });
        }
        if datagram.len() < header_len {
            return Err(Drop::Malformed);
        }
        Ok(Header {
            marker: b1 & 0x80 != 0,
            pt: Pt(b1 & 0x7f),
            seq: u16::from_be_bytes([s0, s1]),
            timestamp: u32::from_be_bytes([t0, t1, t2, t3]),
            ssrc: Ssrc(u32::from_be_bytes([r0, r1, r2, r3])),
            header_len,
            has_padding: b0 & 0x20 != 0,
            extension,
        })
    }

    /// The decrypted payload without its padding; empty for a packet of padding only.
    ///
    /// `Malformed` if the padding count is zero or larger than the payload.
    #[inline]
    pub fn strip_padding<'a>(&self, payload: &'a [u8]) -> Result<&'a [u8], Drop> {
        if !self.has_padding {
            return Ok(payload);
        }
        let count = usize::from(*payload.last().ok_or(Drop::Malformed)?);
        if count == 0 {
            return Err(Drop::Malformed);
        }
        let kept = payload.len().checked_sub(count).ok_or(Drop::Malformed)?;
        payload.get(..kept).ok_or(Drop::Malformed)
    }
}

/// Splits a decrypted RTX payload (RFC 4588 section 4) into the original sequence number and the
/// original payload; `None` for the padding that browsers send as RTX (payload shorter than 2 bytes).
#[inline]
pub fn split_rtx(payload: &[u8]) -> Option<(u16, &[u8])> {
    Some((u16_at(payload, 0)?, payload.get(2..)?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn header(bytes: &[u8]) -> Header {
        Header::parse(bytes).unwrap()
    }

    #[test]
    fn csrcs_and_extension_belong_to_the_header() {
        let mut packet = vec![
            0x92, 0xef, 0xff, 0xfe, 0, 0, 3, 0xc0, 0xde, 0xca, 0xfb, 0xad,
        ];
        packet.extend([0; 8]);
        packet.extend([0xbe, 0xde, 0, 1, 0x10, 0x85, 0, 0]);
        packet.extend(b"payload");
        let h = header(&packet);
        assert!(h.marker && !h.has_padding);
        assert_eq!(
            (h.pt, h.seq, h.timestamp, h.ssrc),
            (Pt(111), 0xfffe, 960, Ssrc(0xdeca_fbad))
        );
        assert_eq!(h.header_len, 28);
        assert_eq!(
            h.extension,
            Some(ExtensionBlock {
                profile: 0xbede,
                start: 24,
                end: 28
            })
        );
        assert_eq!(&packet[h.header_len..], b"payload");
        for len in 0..28 {
            assert_eq!(Header::parse(&packet[..len]), Err(Drop::Malformed), "{len}");
        }
        packet[0] = 0x52;
        assert_eq!(Header::parse(&packet), Err(Drop::Malformed));
    }

    #[test]
    fn padding() {
        let mut h = header(&[0x80; 12]);
        assert_eq!(h.strip_padding(&[1, 2, 3]), Ok(&[1, 2, 3][..]));
        h.has_padding = true;
        assert_eq!(h.strip_padding(&[1, 0, 2]), Ok(&[1][..]));
        assert_eq!(h.strip_padding(&[0, 0, 3]), Ok(&[][..]));
        assert_eq!(h.strip_padding(&[0, 0, 4]), Err(Drop::Malformed));
        assert_eq!(h.strip_padding(&[0, 0, 0]), Err(Drop::Malformed));
        assert_eq!(h.strip_padding(&[]), Err(Drop::Malformed));
    }

    #[test]
    fn rtx_payloads() {
        assert_eq!(split_rtx(&[0x12, 0x34, 9, 8]), Some((0x1234, &[9, 8][..])));
        assert_eq!(split_rtx(&[0x12, 0x34]), Some((0x1234, &[][..])));
        assert_eq!(split_rtx(&[0x12]), None);
    }

    proptest! {
        #[test]
        fn random_bytes(datagram in proptest::collection::vec(any::<u8>(), 0..80)) {
            crate::fuzz::rtp(&datagram);
        }
    }
}
