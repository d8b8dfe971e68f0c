//! Picture id and TL0PICIDX: what VP8 (RFC 7741 section 4.2) and VP9 (RFC 9628 section 4.2) count alike.

use crate::bytes::{put, u16_at};

/// The counters of one payload descriptor, with the offsets at which a rewriter changes them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Pictures {
    /// Picture id, 7 or 15 bits as `wide` says.
    pub id: Option<u16>,
    /// Whether the picture id has 15 bits.
    pub wide: bool,
    /// Index of the temporal base layer's frame.
    pub tl0: Option<u8>,
    /// Offsets into the payload; 0 where absent.
    id_at: u8,
    tl0_at: u8,
}

impl Pictures {
    /// Reads the picture id at `at`; where the next field is.
    #[inline]
    pub(super) fn read_id(&mut self, payload: &[u8], at: u8) -> Option<u8> {
        let byte = *payload.get(usize::from(at))?;
        self.id_at = at;
        self.wide = byte & 0x80 != 0;
        self.id = Some(if self.wide {
            u16_at(payload, usize::from(at))? & 0x7fff
        } else {
            u16::from(byte)
        });
        Some(at + 1 + u8::from(self.wide))
    }

    /// Reads TL0PICIDX at `at`; where the next field is.
    #[inline]
    pub(super) fn read_tl0(&mut self, payload: &[u8], at: u8) -> Option<u8> {
        self.tl0 = Some(*payload.get(usize::from(at))?);
        self.tl0_at = at;
        Some(at + 1)
    }

    /// Writes both into a copy of the payload they were read from. Widths are kept: a 7-bit id takes the
    /// lower 7 bits. Absent fields stay absent, for the sizes of a run must not change.
    #[inline]
    pub fn patch(&self, payload: &mut [u8], id: u16, tl0: u8) {
        let at = usize::from(self.id_at);
        if self.wide {
            put(payload, at, &(id | 0x8000).to_be_bytes());
        } else if at != 0 {
            put(payload, at, &[(id & 0x7f) as u8]);
        }
        if self.tl0_at != 0 {
            put(payload, usize::from(self.tl0_at), &[tl0]);
        }
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::Pictures;

    /// Patching changes the counters of a payload that `read` understands, keeps their widths, and nothing else.
    pub(crate) fn patches<T: PartialEq + std::fmt::Debug>(
        payload: &[u8],
        read: impl Fn(&[u8]) -> (T, Pictures),
    ) {
        let (rest, before) = read(payload);
        let mut patched = payload.to_vec();
        before.patch(&mut patched, 0x7fff, 0xab);
        let (rest_after, after) = read(&patched);
        assert_eq!(rest_after, rest);
        let expected = Pictures {
            id: before.id.map(|_| if before.wide { 0x7fff } else { 0x7f }),
            tl0: before.tl0.map(|_| 0xab),
            ..before
        };
        assert_eq!(after, expected, "{payload:x?}");
        before.patch(
            &mut patched,
            before.id.unwrap_or(0),
            before.tl0.unwrap_or(0),
        );
        assert_eq!(patched, payload);
    }
}
