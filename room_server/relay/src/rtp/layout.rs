//! Writing the headers of one outgoing stream. The layout is fixed when the stream is made, so that
//! packets with equal payloads have equal sizes (a run of UDP segments needs that).

use super::extension::{Elements, ONE_BYTE, TWO_BYTE};
use super::{Dependency, ExtensionIds, FIXED_HEADER, Level};
use crate::bytes::put;
use crate::ids::{Kind, Pt, Ssrc};

/// Longest value of the one-byte form; a longer mid is left out.
const MAX_ELEMENT: usize = 16;
/// Fixed header and extension header.
const HEADERS: usize = FIXED_HEADER + 4;
/// With mid, abs-send-time and audio level, padded to 32 bits.
const MAX_TEMPLATE: usize = HEADERS + (1 + MAX_ELEMENT) + (1 + 3) + (1 + 1) + 1;
/// The same elements in the two-byte form, and the longest one there is.
const MAX_TWO_BYTE: usize = (HEADERS + (2 + MAX_ELEMENT) + (2 + 3) + (2 + 255)).next_multiple_of(4);

/// What differs from packet to packet of one stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fields<'a> {
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
    /// Dependency descriptor; written if negotiated.
    pub dependency: Option<Dependency<'a>>,
}

/// The header of one outgoing stream: a template and the offsets of what changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Layout {
    template: [u8; MAX_TEMPLATE],
    len: u8,
    /// Where the last element ends.
    end: u8,
    /// Id of the dependency descriptor; 0 where it is left out.
    dependency: u8,
    /// Offsets into the template; 0 where absent.
    abs_send_time_at: u8,
    level_at: u8,
}

impl Layout {
    /// Longest header any layout writes.
    pub const MAX_LEN: usize = MAX_TWO_BYTE;

    /// A header for `ssrc` with mid (unless empty or longer than 16 bytes) and abs-send-time, and the
    /// audio level on audio. Ids that are 0 or beyond the one-byte form's 14 are left out. On video packets that
    /// have a dependency descriptor it follows; where that is longer than 16 bytes, as on the first packet of a
    /// keyframe, the header has the two-byte form, so give its id only where the receiver takes that.
    ///
    /// No transport-wide number: towards receivers the relay negotiates goog-remb alone.
    pub fn new(ssrc: Ssrc, kind: Kind, mid: &[u8], ids: &ExtensionIds) -> Layout {
        let mut layout = Layout {
            template: [0; MAX_TEMPLATE],
            len: HEADERS as u8,
            end: 0,
            dependency: 0,
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
        if kind == Kind::Video && (1..=14).contains(&ids.dependency_descriptor) {
            layout.dependency = ids.dependency_descriptor;
        }
        layout.finish(ssrc);
        layout
    }

    /// Length of every header of this layout without a dependency descriptor.
    #[inline]
    #[allow(clippy::len_without_is_empty)] // a header is never empty
    pub fn len(&self) -> usize {
        usize::from(self.len)
    }

    /// Writes a header at the front of `out`; its length, or `None` if `out` is too short.
    #[inline]
    pub fn write(&self, out: &mut [u8], fields: &Fields<'_>) -> Option<usize> {
        let mut len = self.len();
        // In the two-byte form the first element's value lies a byte further on.
        let mut shift = 0;
        match &fields.dependency {
            Some(dependency) if self.dependency != 0 => {
                len = self.write_dependency(out, dependency)?;
                shift = usize::from(dependency.value.len() > MAX_ELEMENT);
            }
            _ => out
                .get_mut(..len)?
                .copy_from_slice(self.template.get(..len)?),
        }
        let header = out.get_mut(..len)?;
        let [s0, s1] = fields.seq.to_be_bytes();
        let [t0, t1, t2, t3] = fields.timestamp.to_be_bytes();
        let second = u8::from(fields.marker) << 7 | fields.pt.0 & 0x7f;
        put(header, 1, &[second, s0, s1, t0, t1, t2, t3]);
        if self.abs_send_time_at != 0 {
            let [_, a, b, c] = fields.abs_send_time.to_be_bytes();
            put(
                header,
                usize::from(self.abs_send_time_at) + shift,
                &[a, b, c],
            );
        }
        if self.level_at != 0 {
            let level = fields.level.map_or(127, Level::to_wire);
            put(header, usize::from(self.level_at), &[level]);
        }
        Some(len)
    }

    /// The template with a dependency descriptor behind its elements, in the form that its length needs.
    fn write_dependency(&self, out: &mut [u8], dependency: &Dependency<'_>) -> Option<usize> {
        let end = usize::from(self.end);
        let (elements, value) = (self.template.get(HEADERS..end)?, dependency.value);
        let two_byte = value.len() > MAX_ELEMENT;
        let mut at = HEADERS;
        let mut add = |head: &[u8], body: &[u8]| {
            let fits = put(out, at, head) && put(out, at + head.len(), body);
            at += head.len() + body.len();
            fits.then_some(at)
        };
        if two_byte {
            for (id, value) in Elements::one_byte(elements) {
                add(&[id, value.len() as u8], value)?;
            }
            add(&[self.dependency, value.len() as u8], &[])?;
        } else {
            add(&[], elements)?;
            let len = (value.len() as u8).wrapping_sub(1);
            add(&[self.dependency << 4 | len & 0x0f], &[])?;
        }
        let body = add(&[], &[])?;
        let written = body + value.len();
        let len = written.next_multiple_of(4);
        if value.is_empty() || !dependency.write(out.get_mut(body..)?) {
            return None;
        }
        out.get_mut(written..len)?.fill(0);
        put(out, 0, self.template.get(..FIXED_HEADER)?);
        put(out, 0, &[0x90]);
        let profile = if two_byte { TWO_BYTE } else { ONE_BYTE };
        put(out, FIXED_HEADER, &profile.to_be_bytes());
        let words = (len - HEADERS) / 4;
        put(out, FIXED_HEADER + 2, &(words as u16).to_be_bytes());
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
        self.end = self.len;
        let words = (self.len() - HEADERS).div_ceil(4);
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
mod tests;
