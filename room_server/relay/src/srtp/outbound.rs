//! The sending direction: number, encrypt, never use a number twice.

use super::Profile;
use super::cipher::Cipher;
use super::kdf::Keys;
use super::window::Window;
use crate::ids::{Seq, Ssrc};

/// One past the last index of a stream (RFC 3711 section 9.2).
const INDEX_END: u64 = 1 << 48;
/// One past the last index of SRTCP.
const RTCP_INDEX_END: u32 = 1 << 31;

/// What the relay sends to one peer under one key.
pub struct Outbound {
    rtp: Cipher,
    rtcp: Cipher,
    /// Counts over all SSRCs, which is stricter than counting for each.
    rtcp_index: u32,
}

/// The numbers used on one SSRC under one key. Nonces are made from them, and a nonce used twice gives the
/// key stream away; so there is one `Stream` per (key, SSRC), kept with the slot for as long as the key.
#[derive(Clone, Debug)]
pub struct Stream {
    ssrc: Ssrc,
    used: Window,
}

impl Stream {
    /// A stream on which nothing was sent.
    pub fn new(ssrc: Ssrc) -> Stream {
        Stream {
            ssrc,
            used: Window::default(),
        }
    }

    /// Whose numbers.
    pub fn ssrc(&self) -> Ssrc {
        self.ssrc
    }
}

impl Outbound {
    /// From the relay's master key and salt, concatenated; `None` if the length is not the profile's.
    pub fn new(profile: Profile, key_and_salt: &[u8]) -> Option<Outbound> {
        Self::with_keys(profile, &Keys::derive(profile, key_and_salt)?)
    }

    pub(super) fn with_keys(profile: Profile, keys: &Keys) -> Option<Outbound> {
        Some(Outbound {
            rtp: Cipher::new(profile, &keys.rtp)?,
            rtcp: Cipher::new(profile, &keys.rtcp)?,
            rtcp_index: 0,
        })
    }

    /// Protects the RTP packet `buf[..len]` in place; its new length, at most
    /// [`MAX_RTP_OVERHEAD`](super::MAX_RTP_OVERHEAD) more. The header must carry the stream's SSRC and
    /// `index.wire()`; the first index is below 2^15, for receivers start with rollover counter 0.
    ///
    /// `None`, and nothing may be sent, if the index was used before, or is so far behind the highest (448)
    /// that this cannot be told; or if the tag does not fit into `buf`. An index may come late once: a gap
    /// that a repaired packet fills.
    #[inline]
    pub fn protect_rtp(
        &self,
        stream: &mut Stream,
        index: Seq,
        buf: &mut [u8],
        header_len: usize,
        len: usize,
    ) -> Option<usize> {
        debug_assert_eq!(crate::bytes::u16_at(buf, 2), Some(index.wire()));
        debug_assert_eq!(crate::bytes::u32_at(buf, 8), Some(stream.ssrc.0));
        if index.0 >= INDEX_END || !stream.used.is_fresh(index.0) {
            return None;
        }
        // Marked first: an attempt that fails has still shown the number to the cipher.
        stream.used.mark(index.0);
        self.rtp
            .protect_rtp(stream.ssrc, index.0, buf, header_len, len)
    }

    /// Protects the compound `buf[..len]` in place; its new length, at most
    /// [`MAX_RTCP_OVERHEAD`](super::MAX_RTCP_OVERHEAD) more. `None` if it does not fit into `buf`, is
    /// shorter than 8 bytes, or the 2^31 numbers of the key are used up.
    pub fn protect_rtcp(&mut self, buf: &mut [u8], len: usize) -> Option<usize> {
        let index = self.rtcp_index;
        if index >= RTCP_INDEX_END {
            return None;
        }
        self.rtcp_index += 1;
        self.rtcp.protect_rtcp(index, buf, len)
    }
}
