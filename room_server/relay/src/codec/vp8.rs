//! VP8 payload descriptor (RFC 7741 section 4.2) and the frame header's first bytes (section 4.3).

use super::Pictures;
use crate::bytes::array;

/// A payload descriptor, parsed once, with the offsets of what a rewriter changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(clippy::struct_excessive_bools)] // they are the wire's flags
pub struct Descriptor {
    /// Length of the descriptor; the VP8 payload header follows.
    pub len: u8,
    /// First packet of a frame (S=1, PID=0).
    pub start: bool,
    /// First packet of a keyframe; known only on the first packet of a frame, where P=0.
    pub key: bool,
    /// N bit: no later frame depends on this one.
    pub non_reference: bool,
    /// Picture id and TL0PICIDX.
    pub pictures: Pictures,
    /// Temporal layer, 0 the base.
    pub tid: Option<u8>,
    /// Y bit: depends on the base layer only.
    pub layer_sync: bool,
    /// Width and height in pixels, on the first packet of a keyframe.
    pub size: Option<(u16, u16)>,
}

impl Descriptor {
    /// Reads the descriptor at the front of an RTP payload; `None` if it is cut short or nothing follows it.
    #[inline]
    pub fn parse(payload: &[u8]) -> Option<Descriptor> {
        let first = *payload.first()?;
        let mut descriptor = Descriptor {
            len: 1,
            start: first & 0x17 == 0x10,
            key: false,
            non_reference: first & 0x20 != 0,
            pictures: Pictures::default(),
            tid: None,
            layer_sync: false,
            size: None,
        };
        if first & 0x80 != 0 {
            descriptor.extended(payload)?;
        }
        let vp8 = payload.get(usize::from(descriptor.len)..)?;
        let frame_tag = *vp8.first()?;
        if descriptor.start && frame_tag & 1 == 0 {
            descriptor.key = true;
            descriptor.size = size(vp8);
        }
        Some(descriptor)
    }

    /// First packet of a keyframe's access unit: where a slot may open.
    #[inline]
    pub fn key_start(&self) -> bool {
        self.key
    }

    /// The octets after X=1: I, L, T, K and their fields.
    fn extended(&mut self, payload: &[u8]) -> Option<()> {
        let flags = *payload.get(1)?;
        let mut at = 2;
        if flags & 0x80 != 0 {
            at = self.pictures.read_id(payload, at)?;
        }
        if flags & 0x40 != 0 {
            at = self.pictures.read_tl0(payload, at)?;
        }
        if flags & 0x30 != 0 {
            let byte = *payload.get(usize::from(at))?;
            // TID and Y mean nothing unless T is set.
            if flags & 0x20 != 0 {
                self.tid = Some(byte >> 6);
                self.layer_sync = byte & 0x20 != 0;
            }
            at += 1;
        }
        self.len = at;
        Some(())
    }
}

/// Size of a keyframe: 3 bytes of tag, the start code, then 14 bits each (RFC 6386 section 9.1).
fn size(vp8: &[u8]) -> Option<(u16, u16)> {
    let [c0, c1, c2, w0, w1, h0, h1] = array(vp8, 3)?;
    ([c0, c1, c2] == [0x9d, 0x01, 0x2a]).then_some((
        u16::from_le_bytes([w0, w1]) & 0x3fff,
        u16::from_le_bytes([h0, h1]) & 0x3fff,
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::codec::pictures::tests::patches;
    use proptest::prelude::*;

    /// A keyframe's first packet with 15-bit picture id 4711, TL0PICIDX 7, TID 0: 640 x 360.
    const KEY: [u8; 16] = [
        0x90, 0xe0, 0x92, 0x67, 0x07, 0x20, 0x10, 0x02, 0x00, 0x9d, 0x01, 0x2a, 0x80, 0x02, 0x68,
        0x01,
    ];

    #[test]
    fn a_keyframe_of_chromium() {
        let descriptor = Descriptor::parse(&KEY).unwrap();
        assert_eq!(descriptor.len, 6);
        assert!(descriptor.start && descriptor.key_start() && !descriptor.non_reference);
        assert_eq!(
            (descriptor.pictures.id, descriptor.pictures.wide),
            (Some(0x1267), true)
        );
        assert_eq!(
            (
                descriptor.pictures.tl0,
                descriptor.tid,
                descriptor.layer_sync
            ),
            (Some(7), Some(0), true)
        );
        assert_eq!(descriptor.size, Some((640, 360)));
        assert!(size_of::<Descriptor>() <= 24, "{}", size_of::<Descriptor>());
    }

    #[test]
    fn forms_of_the_descriptor() {
        // (payload, len, start, key, picture id, tl0, tid); X=0 first.
        type Row<'a> = (
            &'a [u8],
            u8,
            bool,
            bool,
            Option<u16>,
            Option<u8>,
            Option<u8>,
        );
        let rows: [Row; 8] = [
            (&[0x10, 0x00], 1, true, true, None, None, None),
            (&[0x10, 0x01], 1, true, false, None, None, None),
            // Not the first partition, or not its start.
            (&[0x11, 0x00], 1, false, false, None, None, None),
            (&[0x00, 0x00], 1, false, false, None, None, None),
            (
                &[0x90, 0x80, 0x11, 0x01],
                3,
                true,
                false,
                Some(0x11),
                None,
                None,
            ),
            (
                &[0x80, 0x80, 0x80, 0x01, 0x00],
                4,
                false,
                false,
                Some(1),
                None,
                None,
            ),
            (
                &[0xa0, 0x60, 0x09, 0x40, 0x00],
                4,
                false,
                false,
                None,
                Some(9),
                Some(1),
            ),
            // K alone: its octet is there, TID means nothing.
            (&[0x90, 0x10, 0xc5, 0x01], 3, true, false, None, None, None),
        ];
        for (payload, len, start, key, picture_id, tl0, tid) in rows {
            let d = Descriptor::parse(payload).unwrap();
            assert_eq!(
                (d.len, d.start, d.key, d.pictures.id, d.pictures.tl0, d.tid),
                (len, start, key, picture_id, tl0, tid),
                "{payload:x?}"
            );
        }
        assert!(
            Descriptor::parse(&[0xa0, 0x60, 0x09, 0x40, 0x00])
                .unwrap()
                .non_reference
        );
    }

    #[test]
    fn every_truncation_is_refused() {
        for len in 0..=6 {
            assert_eq!(Descriptor::parse(&KEY[..len]), None, "{len}");
        }
        // Cut in the frame header: still a keyframe, of unknown size.
        let cut = Descriptor::parse(&KEY[..10]).unwrap();
        assert!(cut.key && cut.size.is_none());
    }

    #[test]
    fn patching_keeps_widths() {
        for payload in [&KEY[..], &[0x90, 0x80, 0x11, 0x01], &[0x10, 0x00]] {
            patches(payload, |p| {
                let d = Descriptor::parse(p).unwrap();
                ((d.len, d.start, d.key, d.tid, d.size), d.pictures)
            });
        }
        let mut payload = KEY;
        let pictures = Descriptor::parse(&KEY).unwrap().pictures;
        pictures.patch(&mut payload, 0x7fff, 0xab);
        assert_eq!(payload[..6], [0x90, 0xe0, 0xff, 0xff, 0xab, 0x20]);
        assert_eq!(payload[6..], KEY[6..]);
    }

    proptest! {
        #[test]
        fn random_bytes(payload in proptest::collection::vec(any::<u8>(), 0..40)) {
            crate::fuzz::vp8(&payload);
        }
    }
}
