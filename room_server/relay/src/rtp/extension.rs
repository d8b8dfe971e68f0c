//! Reading RTP header extensions (RFC 8285): one pass, no allocation.

use super::{ExtensionBlock, Header};
use crate::bytes::{u16_at, u24_at};

/// Profile of the one-byte form.
pub(super) const ONE_BYTE: u16 = 0xBEDE;
/// Profile of the two-byte form; the lowest four bits are "appbits".
const TWO_BYTE: u16 = 0x1000;

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
struct Elements<'a> {
    rest: &'a [u8],
    two_byte: bool,
}

impl<'a> Elements<'a> {
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
