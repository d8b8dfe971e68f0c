//! The dependency descriptor's mandatory fields (AV1 RTP specification, appendix A.8.2): start and end of
//! frame, template id (6 bits), frame number (16 bits). What follows them passes as it is.

use crate::bytes::{put, u16_at};

/// Where the frame number lies.
const FRAME_NUMBER: usize = 1;

/// A dependency descriptor on its way out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Dependency<'a> {
    /// As the publisher wrote it.
    pub value: &'a [u8],
    /// The frame number that replaces its own.
    pub frame_number: u16,
}

impl Dependency<'_> {
    /// The frame number of a descriptor; `None` if it is shorter than its mandatory fields.
    #[inline]
    pub fn frame_number(value: &[u8]) -> Option<u16> {
        u16_at(value, FRAME_NUMBER)
    }

    /// Writes it at the front of `out`; `false` if there is no room.
    pub(super) fn write(&self, out: &mut [u8]) -> bool {
        put(out, 0, self.value) && put(out, FRAME_NUMBER, &self.frame_number.to_be_bytes())
    }
}
