//! Reading RTP header extensions (RFC 8285): one pass, no allocation.

use super::{ExtensionBlock, Header};
use crate::bytes::{u16_at, u24_at};

/// Profile of the one-byte form.
pub(super) const ONE_BYTE: u16 = 0xBEDE;
/// Profile of the two-byte form; the lowest four bits are "appbits".
pub(super) const TWO_BYTE: u16 = 0x1000;

/// Header extension ids negotiated with one peer; 0 where absent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ExtensionIds {
    /// urn:ietf:params:rtp-hdrext:sdes:mid (RFC 9143).
    pub mid: u8,
    /// urn:ietf:params:rtp-hdrext:sdes:rtp-stream-id (RFC 8852).
    pub rid: u8,
    /// urn:ietf:params:rtp-hdrext:sdes:repaired-rtp-stream-id (RFC 8852).
    pub rrid: u8,
    /// urn:ietf:params:rtp-hdrext:ssrc-audio-level (RFC 6464).
    pub audio_level: u8,
    /// abs-send-time of libwebrtc, 24 bits of 6.18 seconds.
    pub abs_send_time: u8,
    /// transport-wide-cc of libwebrtc (draft-holmer-rmcat-transport-wide-cc-extensions-01).
    pub transport_cc: u8,
    /// Dependency descriptor (AV1 RTP specification, appendix A).
    pub dependency_descriptor: u8,
}

/// Audio level of RFC 6464: 0 is the loudest, 127 silence (-dBov), and the voice-activity bit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Level {
    /// -dBov, 0..=127.
    pub dbov: u8,
    /// The sender believes that this is speech.
    pub voice: bool,
}

/// The extensions that forwarding needs, of one packet.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Extensions<'a> {
    /// Which m-section.
    pub mid: Option<&'a [u8]>,
    /// Which simulcast encoding.
    pub rid: Option<&'a [u8]>,
    /// Which simulcast encoding this RTX stream repairs.
    pub rrid: Option<&'a [u8]>,
    /// Transport-wide sequence number.
    pub transport_cc: Option<u16>,
    /// Level of this packet's audio.
    pub audio_level: Option<Level>,
    /// The sender's clock, 24 bits of 6.18 seconds.
    pub abs_send_time: Option<u32>,
    /// Dependency descriptor.
    pub dependency_descriptor: Option<&'a [u8]>,
}

impl<'a> Extensions<'a> {
    /// Picks the known extensions out of a packet in one pass; malformed ones end the pass and are
    /// left out, since they say nothing about the media (RFC 8285 section 4.1.2). The first of a kind wins.
    #[inline]
    pub fn read(header: &Header, datagram: &'a [u8], ids: &ExtensionIds) -> Extensions<'a> {
        let mut found = Extensions::default();
        let elements = header
            .extension
            .map(|block| Elements::of(&block, datagram))
            .unwrap_or_default();
        for (id, value) in elements {
            found.take(id, value, *ids);
        }
        found
    }

    #[inline]
    fn take(&mut self, id: u8, value: &'a [u8], ids: ExtensionIds) {
        if id == ids.transport_cc {
            self.transport_cc = self.transport_cc.or(u16_at(value, 0));
        } else if id == ids.abs_send_time {
            self.abs_send_time = self.abs_send_time.or(u24_at(value, 0));
        } else if id == ids.audio_level {
            self.audio_level = self
                .audio_level
                .or(value.first().map(|&b| Level::from_wire(b)));
        } else if id == ids.mid {
            self.mid = self.mid.or(Some(value));
        } else if id == ids.rid {
            self.rid = self.rid.or(Some(value));
        } else if id == ids.rrid {
            self.rrid = self.rrid.or(Some(value));
        } else if id == ids.dependency_descriptor {
            self.dependency_descriptor = self.dependency_descriptor.or(Some(value));
        }
    }
}

impl Level {
    /// From the extension's one byte.
    pub fn from_wire(byte: u8) -> Level {
        Level {
            dbov: byte & 0x7f,
            voice: byte & 0x80 != 0,
        }
    }

    /// The extension's one byte; `dbov` beyond 127 is silence.
    pub fn to_wire(self) -> u8 {
        self.dbov.min(127) | u8::from(self.voice) << 7
    }
}

/// Iterates over (id, value) of an extension block of either form; ids are never 0.
#[derive(Default)]
pub(super) struct Elements<'a> {
    rest: &'a [u8],
    two_byte: bool,
}

impl<'a> Elements<'a> {
    /// Those of a block of the one-byte form.
    pub(super) fn one_byte(rest: &'a [u8]) -> Elements<'a> {
        let two_byte = false;
        Elements { rest, two_byte }
    }

    fn of(block: &ExtensionBlock, datagram: &'a [u8]) -> Elements<'a> {
        let two_byte = block.profile & 0xfff0 == TWO_BYTE;
        let known = two_byte || block.profile == ONE_BYTE;
        let rest = datagram
            .get(block.start..block.end)
            .filter(|_| known)
            .unwrap_or_default();
        Elements { rest, two_byte }
    }

    /// (id, length, bytes before the value) of the element at the front; id 0 is padding.
    fn element(&self) -> Option<(u8, usize, usize)> {
        match *self.rest {
            [0, ..] => Some((0, 0, 1)),
            [id, len, ..] if self.two_byte => Some((id, usize::from(len), 2)),
            // Id 15 says "stop here" (RFC 8285 section 4.2).
            [b, ..] if !self.two_byte && b >> 4 != 15 => {
                Some((b >> 4, usize::from(b & 0x0f) + 1, 1))
            }
            _ => None,
        }
    }
}

impl<'a> Iterator for Elements<'a> {
    type Item = (u8, &'a [u8]);

    #[inline]
    fn next(&mut self) -> Option<Self::Item> {
        loop {
            let (id, len, before) = self.element()?;
            let value = self.rest.get(before..before + len);
            self.rest = self.rest.get(before + len..).unwrap_or_default();
            if id != 0 {
                return Some((id, value?));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const IDS: ExtensionIds = ExtensionIds {
        mid: 4,
        rid: 10,
        rrid: 11,
        audio_level: 1,
        abs_send_time: 2,
        transport_cc: 3,
        dependency_descriptor: 12,
    };

    /// A packet with this extension block; `block` is padded to 32 bits.
    fn packet(profile: u16, block: &[u8]) -> Vec<u8> {
        let mut packet = vec![0x90, 96, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];
        packet.extend(profile.to_be_bytes());
        packet.extend((block.len().div_ceil(4) as u16).to_be_bytes());
        packet.extend(block);
        packet.resize(16 + block.len().next_multiple_of(4), 0);
        packet.extend(b"payload");
        packet
    }

    fn read(packet: &[u8], ids: ExtensionIds) -> Extensions<'_> {
        Extensions::read(&Header::parse(packet).unwrap(), packet, &ids)
    }

    #[test]
    fn one_byte_form() {
        let block = [
            0x22, 1, 2, 3, 0x31, 0xab, 0xcd, 0x10, 0xaa, 0, 0x40, b'0', 0xa0, b'h', 0xb1, b'q',
            b'2', 0x50, 77, 0xc2, 0x80, 0, 9,
        ];
        let expected = Extensions {
            mid: Some(b"0"),
            rid: Some(b"h"),
            rrid: Some(b"q2"),
            transport_cc: Some(0xabcd),
            audio_level: Some(Level {
                dbov: 42,
                voice: true,
            }),
            abs_send_time: Some(0x01_0203),
            dependency_descriptor: Some(&[0x80, 0, 9]),
        };
        assert_eq!(read(&packet(0xbede, &block), IDS), expected);
    }

    #[test]
    fn two_byte_form_with_long_and_empty_values() {
        let block = [
            200, 20, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 99, 0,
            0, 4, 2, b'1', b'2',
        ];
        let ids = ExtensionIds { rid: 200, ..IDS };
        let packet = packet(0x1003, &block);
        let found = read(&packet, ids);
        assert_eq!(found.mid, Some(&b"12"[..]));
        assert_eq!(found.rid, Some(&block[2..22]));
    }

    #[test]
    fn an_element_that_does_not_fit_ends_the_pass() {
        let found_before = read(&packet(0xbede, &[0x40, b'0', 0x3f, 1]), IDS)
            .mid
            .is_some();
        assert!(found_before);
        assert_eq!(
            read(&packet(0xbede, &[0x3f, 1, 0x40, b'0']), IDS),
            Extensions::default()
        );
        assert_eq!(
            read(&packet(0x1000, &[4, 9, b'0', 0]), IDS),
            Extensions::default()
        );
        // Too short for what the id means.
        assert_eq!(read(&packet(0xbede, &[0x30, 1]), IDS).transport_cc, None);
    }

    #[test]
    fn id_15_stops_and_unknown_profiles_are_ignored() {
        assert_eq!(
            read(&packet(0xbede, &[0xf0, 0, 0x40, b'0']), IDS),
            Extensions::default()
        );
        assert_eq!(
            read(&packet(0x1234, &[0x40, b'0']), IDS),
            Extensions::default()
        );
    }

    #[test]
    fn absent_ids_match_nothing() {
        let packet = packet(0xbede, &[0, 0, 0x40, b'0']);
        assert_eq!(
            read(&packet, ExtensionIds::default()),
            Extensions::default()
        );
    }

    #[test]
    fn the_first_of_a_kind_wins() {
        assert_eq!(
            read(&packet(0xbede, &[0x40, b'0', 0x40, b'1']), IDS).mid,
            Some(&b"0"[..])
        );
    }

    #[test]
    fn levels_survive_the_wire() {
        for byte in 0..=255 {
            assert_eq!(Level::from_wire(byte).to_wire(), byte);
        }
        assert_eq!(
            Level {
                dbov: 200,
                voice: false
            }
            .to_wire(),
            127
        );
    }
}
