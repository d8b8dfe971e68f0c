//! AV1 (RTP Payload Format For AV1, version 1.0): the aggregation header of section 4.4 and the first OBU.

/// OBU types (AV1 bitstream specification section 6.2.2).
const SEQUENCE_HEADER: u8 = 1;
const TEMPORAL_DELIMITER: u8 = 2;
const PADDING: u8 = 15;

/// Whether a coded video sequence begins with this payload, where a slot may open: N is set and the first
/// OBU is a sequence header, without which nothing can be decoded. `None` if nothing follows the header.
#[inline]
pub fn key_start(payload: &[u8]) -> Option<bool> {
    let (head, elements) = payload.split_first()?;
    elements.first()?;
    let (continues, begins) = (head & 0x80 != 0, head & 0x08 != 0);
    Some(begins && !continues && first_type(elements, head >> 4 & 0x03) == Some(SEQUENCE_HEADER))
}

/// Type of the first OBU that says something: delimiters and padding should not be sent, and may be.
/// `count` as in the header: 0, or how many elements there are, the last of them without a length.
fn first_type(mut rest: &[u8], count: u8) -> Option<u8> {
    // An element takes two bytes at least, so this ends.
    for index in 1.. {
        let (len, after) = if index == count {
            (rest.len(), rest)
        } else {
            length(rest)?
        };
        let header = *after.get(..len)?.first()?;
        let kind = header >> 3 & 0x0f;
        if header & 0x80 != 0 || !matches!(kind, TEMPORAL_DELIMITER | PADDING) {
            return Some(kind).filter(|_| header & 0x80 == 0);
        }
        rest = after.get(len..)?;
    }
    None
}

/// A leb128 (AV1 bitstream specification section 4.10.5) of at most three bytes, more than any packet needs.
fn length(bytes: &[u8]) -> Option<(usize, &[u8])> {
    let mut value = 0;
    for (index, byte) in bytes.iter().take(3).enumerate() {
        value |= usize::from(byte & 0x7f) << (7 * index);
        if byte & 0x80 == 0 {
            return Some((value, bytes.get(index + 1..)?));
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn where_a_sequence_begins() {
        for (payload, expected) in [
            (&[][..], None),
            (&[0x18][..], None),
            // N, one element: a sequence header.
            (&[0x18, 0x08, 0, 0][..], Some(true)),
            // Two elements, the first with its length; and W=0, where all have one.
            (&[0x28, 0x02, 0x08, 0, 0x30, 9][..], Some(true)),
            (&[0x08, 0x02, 0x08, 0, 0x01, 0x30][..], Some(true)),
            // A temporal delimiter and padding before it.
            (
                &[0x08, 0x01, 0x10, 0x02, 0x78, 0, 0x02, 0x08, 0][..],
                Some(true),
            ),
            // Not N; N on a fragment's continuation; N on a frame.
            (&[0x10, 0x08, 0, 0][..], Some(false)),
            (&[0x98, 0x08, 0, 0][..], Some(false)),
            (&[0x18, 0x30, 0, 0][..], Some(false)),
            // Lengths that do not fit, or never end; the forbidden bit.
            (&[0x28, 0x7f, 0x08, 0][..], Some(false)),
            (&[0x08, 0x80, 0x80, 0x80, 0x01, 0x08][..], Some(false)),
            (&[0x18, 0x88, 0, 0][..], Some(false)),
            (&[0x08, 0x00, 0x08][..], Some(false)),
            // A length of two bytes.
            (&[0x08, 0x82, 0x00, 0x08, 0][..], Some(true)),
        ] {
            assert_eq!(key_start(payload), expected, "{payload:x?}");
        }
    }

    proptest! {
        #[test]
        fn random_bytes(payload in proptest::collection::vec(any::<u8>(), 0..60)) {
            crate::fuzz::av1(&payload);
        }
    }
}
