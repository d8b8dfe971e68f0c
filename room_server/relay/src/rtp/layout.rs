//! Writing the headers of one outgoing stream. The layout is fixed when the stream is made, so that
//! packets with equal payloads have equal sizes (a run of UDP segments needs that).

use super::extension::ONE_BYTE;
use super::{ExtensionIds, FIXED_HEADER, Level};
use crate::bytes::put;
use crate::ids::{Kind, Pt, Ssrc};

/// Longest value of the one-byte form; a longer mid is left out.
const MAX_ELEMENT: usize = 16;
/// Fixed header, extension header, mid, abs-send-time and audio level, padded to 32 bits.
const MAX_TEMPLATE: usize = FIXED_HEADER + 4 + (1 + MAX_ELEMENT) + (1 + 3) + (1 + 1) + 1;

/// What differs from packet to packet of one stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fields {
    /// Marker bit.
    pub marker: bool,
    /// Payload type at this receiver.
    pub pt: Pt,
    /// Sequence number.
    pub seq: u16,
    /// RTP time stamp.
    pub timestamp: u32,
    /// The relay's clock ([`crate::time::Time::abs_send_time`]); written if negotiated.
    pub abs_send_time: u32,
    /// Audio level; silence is written where a packet of an audio stream has none.
    pub level: Option<Level>,
}

/// The header of one outgoing stream: a template and the offsets of what changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Layout {
    template: [u8; MAX_TEMPLATE],
    len: u8,
    /// Offsets into the template; 0 where absent.
    abs_send_time_at: u8,
    level_at: u8,
}

impl Layout {
    /// Longest header any layout writes.
    pub const MAX_LEN: usize = MAX_TEMPLATE;

    /// A header for `ssrc` with mid (unless empty or longer than 16 bytes) and abs-send-time, and the
    /// audio level on audio. Ids that are 0 or beyond the one-byte form's 14 are left out.
    ///
    /// No transport-wide number: towards receivers the relay negotiates goog-remb alone.
    pub fn new(ssrc: Ssrc, kind: Kind, mid: &[u8], ids: &ExtensionIds) -> Layout {
        let mut layout = Layout {
            template: [0; MAX_TEMPLATE],
            len: FIXED_HEADER as u8 + 4,
            abs_send_time_at: 0,
            level_at: 0,
        };
        layout.abs_send_time_at = layout.element(ids.abs_send_time, &[0; 3]);
        if kind == Kind::Audio {
            layout.level_at = layout.element(ids.audio_level, &[0]);
        }
        if !mid.is_empty() && mid.len() <= MAX_ELEMENT {
            layout.element(ids.mid, mid);
        }
        layout.finish(ssrc);
        layout
    }

    /// Length of every header of this layout.
    #[inline]
    #[allow(clippy::len_without_is_empty)] // a header is never empty
    pub fn len(&self) -> usize {
        usize::from(self.len)
    }

    /// Writes a header at the front of `out`; its length, or `None` if `out` is too short.
    #[inline]
    pub fn write(&self, out: &mut [u8], fields: &Fields) -> Option<usize> {
        let len = self.len();
        let header = out.get_mut(..len)?;
        header.copy_from_slice(self.template.get(..len)?);
        let [s0, s1] = fields.seq.to_be_bytes();
        let [t0, t1, t2, t3] = fields.timestamp.to_be_bytes();
        let second = u8::from(fields.marker) << 7 | fields.pt.0 & 0x7f;
        put(header, 1, &[second, s0, s1, t0, t1, t2, t3]);
        if self.abs_send_time_at != 0 {
            let [_, a, b, c] = fields.abs_send_time.to_be_bytes();
            put(header, usize::from(self.abs_send_time_at), &[a, b, c]);
        }
        if self.level_at != 0 {
            let level = fields.level.map_or(127, Level::to_wire);
            put(header, usize::from(self.level_at), &[level]);
        }
        Some(len)
    }

    /// Appends an extension element; offset of its value, 0 if the id is not usable.
    fn element(&mut self, id: u8, value: &[u8]) -> u8 {
        let at = self.len();
        let head = id << 4 | (value.len() as u8).wrapping_sub(1) & 0x0f;
        if !(1..=14).contains(&id) || !put(&mut self.template, at, &[head]) {
            return 0;
        }
        put(&mut self.template, at + 1, value);
        self.len += 1 + value.len() as u8;
        (at + 1) as u8
    }

    fn finish(&mut self, ssrc: Ssrc) {
        let body = self.len() - FIXED_HEADER - 4;
        let words = body.div_ceil(4);
        self.len = (FIXED_HEADER + if words == 0 { 0 } else { 4 + words * 4 }) as u8;
        let x = if words == 0 { 0 } else { 0x10 };
        put(&mut self.template, 0, &[0x80 | x]);
        put(&mut self.template, 8, &ssrc.0.to_be_bytes());
        if words != 0 {
            put(&mut self.template, FIXED_HEADER, &ONE_BYTE.to_be_bytes());
            put(
                &mut self.template,
                FIXED_HEADER + 2,
                &(words as u16).to_be_bytes(),
            );
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rtp::{Extensions, Header};
    use proptest::prelude::*;

    const IDS: ExtensionIds = ExtensionIds {
        mid: 4,
        rid: 10,
        rrid: 11,
        audio_level: 1,
        abs_send_time: 14,
        transport_cc: 3,
        dependency_descriptor: 12,
    };
    const FIELDS: Fields = Fields {
        marker: true,
        pt: Pt(111),
        seq: 0xfffe,
        timestamp: 0x1234_5678,
        abs_send_time: 0xab_cdef,
        level: Some(Level {
            dbov: 30,
            voice: true,
        }),
    };

    fn written(layout: &Layout, fields: &Fields) -> Vec<u8> {
        let mut out = vec![0xaa; Layout::MAX_LEN];
        let len = layout.write(&mut out, fields).unwrap();
        assert_eq!(len, layout.len());
        out.truncate(len);
        out
    }

    #[test]
    fn bytes_of_an_audio_header() {
        let layout = Layout::new(Ssrc(0xcafe_f00d), Kind::Audio, b"12", &IDS);
        assert_eq!(
            written(&layout, &FIELDS),
            crate::bytes::hex("90ef fffe 12345678 cafef00d bede0003 e2abcdef 109e 413132 000000")
        );
    }

    #[test]
    fn video_has_no_level_and_silence_stands_in_for_none() {
        let video = Layout::new(Ssrc(1), Kind::Video, b"0", &IDS);
        let packet = written(&video, &FIELDS);
        let header = Header::parse(&packet).unwrap();
        assert_eq!(Extensions::read(&header, &packet, &IDS).audio_level, None);

        let audio = Layout::new(Ssrc(1), Kind::Audio, b"0", &IDS);
        let packet = written(
            &audio,
            &Fields {
                level: None,
                ..FIELDS
            },
        );
        let level = Extensions::read(&header, &packet, &IDS).audio_level;
        assert_eq!(
            level,
            Some(Level {
                dbov: 127,
                voice: false
            })
        );
    }

    #[test]
    fn without_extensions_the_header_is_the_fixed_one() {
        for (mid, ids) in [
            (
                &b""[..],
                ExtensionIds {
                    mid: 4,
                    ..ExtensionIds::default()
                },
            ),
            (
                &b"seventeen bytes.."[..],
                ExtensionIds {
                    mid: 4,
                    ..ExtensionIds::default()
                },
            ),
            (
                &b"0"[..],
                ExtensionIds {
                    mid: 15,
                    abs_send_time: 200,
                    ..ExtensionIds::default()
                },
            ),
            (&b"0"[..], ExtensionIds::default()),
        ] {
            let packet = written(&Layout::new(Ssrc(1), Kind::Video, mid, &ids), &FIELDS);
            assert_eq!(packet, crate::bytes::hex("80ef fffe 12345678 00000001"));
        }
    }

    #[test]
    fn the_longest_header_fits() {
        let layout = Layout::new(Ssrc(1), Kind::Audio, &[b'm'; 16], &IDS);
        assert_eq!(layout.len(), Layout::MAX_LEN);
        let mut short = [0; Layout::MAX_LEN - 1];
        assert_eq!(layout.write(&mut short, &FIELDS), None);
        assert_eq!(short, [0; Layout::MAX_LEN - 1]);
    }

    proptest! {
        #[test]
        fn what_is_written_is_read(
            ssrc: u32, marker: bool, pt in 0u8..128, seq: u16, timestamp: u32,
            abs_send_time in 0u32..1 << 24, dbov in 0u8..128, voice: bool,
            mid in proptest::collection::vec(any::<u8>(), 1..=16),
        ) {
            let level = Some(Level { dbov, voice });
            let fields = Fields { marker, pt: Pt(pt), seq, timestamp, abs_send_time, level };
            let packet = written(&Layout::new(Ssrc(ssrc), Kind::Audio, &mid, &IDS), &fields);
            let header = Header::parse(&packet).unwrap();
            prop_assert_eq!(
                (header.ssrc, header.marker, header.pt, header.seq, header.timestamp, header.header_len),
                (Ssrc(ssrc), marker, Pt(pt), seq, timestamp, packet.len())
            );
            let found = Extensions::read(&header, &packet, &IDS);
            prop_assert_eq!(found.mid, Some(&mid[..]));
            prop_assert_eq!(found.audio_level, level);
            prop_assert_eq!(found.abs_send_time, Some(abs_send_time));
        }
    }
}
