//! VP9 payload descriptor (RFC 9628 section 4.2), flexible mode or not, and the frame header's first byte.
//! All spatial layers of a picture share one SSRC and are forwarded whole.

use super::Pictures;

/// `P_DIFF` fields that one descriptor may have.
const MAX_REFERENCES: usize = 3;

/// A payload descriptor, parsed once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Descriptor {
    /// Length of the descriptor; the VP9 frame follows.
    pub len: u16,
    /// First packet of a layer's frame (B).
    pub start: bool,
    /// First packet of a keyframe, that is of its lowest spatial layer: where a slot may open.
    pub key: bool,
    /// Spatial layer, 0 the lowest.
    pub sid: u8,
    /// Picture id and TL0PICIDX.
    pub pictures: Pictures,
}

impl Descriptor {
    /// Reads the descriptor at the front of an RTP payload; `None` if it is cut short or nothing follows it.
    #[inline]
    pub fn parse(payload: &[u8]) -> Option<Descriptor> {
        let first = *payload.first()?;
        let flag = |bit: u8| first & bit != 0;
        let (inter, flexible, start) = (flag(0x40), flag(0x10), flag(0x08));
        let (mut pictures, mut at, mut sid) = (Pictures::default(), 1, 0);
        if flag(0x80) {
            at = pictures.read_id(payload, at)?;
        }
        if flag(0x20) {
            sid = payload.get(usize::from(at))? >> 1 & 0x07;
            at += 1;
            if !flexible {
                at = pictures.read_tl0(payload, at)?;
            }
        }
        let mut at = usize::from(at);
        if flexible && inter {
            at = after_references(payload, at)?;
        }
        if flag(0x02) {
            at = after_structure(payload, at)?;
        }
        let frame = *payload.get(at)?;
        Some(Descriptor {
            len: at as u16,
            start,
            key: start && !inter && sid == 0 && is_key(frame),
            sid,
            pictures,
        })
    }
}

/// Where the `P_DIFF` fields end: each has a bit that says whether another follows.
fn after_references(payload: &[u8], at: usize) -> Option<usize> {
    let fields = payload.get(at..)?.iter().take(MAX_REFERENCES);
    let last = fields.copied().position(|field| field & 1 == 0)?;
    Some(at + last + 1)
}

/// Where the scalability structure ends (RFC 9628 section 4.2.1).
fn after_structure(payload: &[u8], at: usize) -> Option<usize> {
    let first = *payload.get(at)?;
    let mut at = at + 1;
    if first & 0x10 != 0 {
        // Width and height of each spatial layer.
        at += (usize::from(first >> 5) + 1) * 4;
    }
    if first & 0x08 != 0 {
        let pictures = *payload.get(at)?;
        at += 1;
        for _ in 0..pictures {
            let references = payload.get(at)? >> 2 & 0x03;
            at += 1 + usize::from(references);
        }
    }
    Some(at)
}

/// Whether a frame header begins a keyframe (VP9 bitstream specification section 6.2): a frame without
/// inter prediction may also be an intra-only one, which needs what came before.
fn is_key(header: u8) -> bool {
    // frame_marker(2) = 2, profile(2), for profile 3 a reserved bit, show_existing_frame, frame_type.
    let profile_3 = header & 0x30 == 0x30;
    let flags = if profile_3 { header >> 1 } else { header >> 2 };
    let (shown_again, inter) = (flags & 2 != 0, flags & 1 != 0);
    header >> 6 == 2 && !shown_again && !inter
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::codec::pictures::tests::patches;
    use proptest::prelude::*;

    fn parse(payload: &[u8]) -> Descriptor {
        Descriptor::parse(payload).unwrap()
    }

    #[test]
    fn forms_of_the_descriptor() {
        // (payload, length, start, key, sid, picture id, TL0PICIDX)
        type Row<'a> = (&'a [u8], u16, bool, bool, u8, Option<u16>, Option<u8>);
        let rows: [Row; 9] = [
            // Not flexible: 15-bit id, layers, TL0PICIDX, then a keyframe of profile 0.
            (
                &[0xa8, 0x92, 0x67, 0x00, 0x07, 0x82],
                5,
                true,
                true,
                0,
                Some(0x1267),
                Some(7),
            ),
            // The same, predicted; and an upper spatial layer of a keyframe's picture.
            (
                &[0xe8, 0x92, 0x67, 0x00, 0x07, 0x86],
                5,
                true,
                false,
                0,
                Some(0x1267),
                Some(7),
            ),
            (
                &[0xa8, 0x11, 0x03, 0x07, 0x82],
                4,
                true,
                false,
                1,
                Some(0x11),
                Some(7),
            ),
            // Not its first packet: nothing of the frame header is looked at.
            (&[0x80, 0x11, 0x82], 2, false, false, 0, Some(0x11), None),
            // Flexible: no TL0PICIDX; two references.
            (
                &[0xf8, 0x11, 0x20, 0x03, 0x04, 0x86],
                5,
                true,
                false,
                0,
                Some(0x11),
                None,
            ),
            // A scalability structure: one layer of 320 x 180, two pictures, the second with one reference.
            (
                &[
                    0x8a, 0x11, 0x18, 1, 64, 0, 180, 2, 0x00, 0x34, 0x01, 0x82, 0x49,
                ],
                11,
                true,
                true,
                0,
                Some(0x11),
                None,
            ),
            (&[0x08, 0x82], 1, true, true, 0, None, None),
            // Intra-only, and a frame shown again.
            (&[0x08, 0x86], 1, true, false, 0, None, None),
            (&[0x08, 0x88], 1, true, false, 0, None, None),
        ];
        for (payload, len, start, key, sid, id, tl0) in rows {
            let d = parse(payload);
            assert_eq!(
                (d.len, d.start, d.key, d.sid, d.pictures.id, d.pictures.tl0),
                (len, start, key, sid, id, tl0),
                "{payload:x?}"
            );
            patches(payload, |p| {
                let d = parse(p);
                ((d.len, d.start, d.key, d.sid), d.pictures)
            });
            for cut in 0..usize::from(len) {
                assert_eq!(Descriptor::parse(&payload[..cut]), None, "{payload:x?}");
            }
        }
    }

    #[test]
    fn profile_3_has_a_bit_more() {
        assert!(parse(&[0x08, 0xb0]).key);
        assert!(!parse(&[0x08, 0xb2]).key);
        assert!(!parse(&[0x08, 0xb4]).key);
    }

    #[test]
    fn at_most_three_references() {
        assert_eq!(parse(&[0x58, 0x03, 0x03, 0x02, 0x86]).len, 4);
        assert_eq!(
            Descriptor::parse(&[0x58, 0x03, 0x03, 0x03, 0x02, 0x86]),
            None
        );
    }

    proptest! {
        #[test]
        fn random_bytes(payload in proptest::collection::vec(any::<u8>(), 0..60)) {
            crate::fuzz::vp9(&payload);
        }
    }
}
