//! The sending direction: number, encrypt, never use a number twice.

use super::cipher::Cipher;
use super::kdf::Keys;
use super::window::Window;
use super::{INDEX_END, Profile};
use crate::ids::{Seq, Ssrc};

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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bytes::{hex, put};
    use crate::srtp::MAX_RTP_OVERHEAD;

    fn outbound() -> Outbound {
        Outbound::new(Profile::AeadAes256Gcm, &[7; 44]).unwrap()
    }

    fn send(outbound: &Outbound, stream: &mut Stream, index: u64) -> Option<Vec<u8>> {
        let mut buf = hex("8060 0000 00000000 00000009 0102030405");
        put(&mut buf, 2, &Seq(index).wire().to_be_bytes());
        let len = buf.len();
        buf.resize(len + MAX_RTP_OVERHEAD, 0);
        let len = outbound.protect_rtp(stream, Seq(index), &mut buf, 12, len)?;
        buf.truncate(len);
        Some(buf)
    }

    #[test]
    fn no_index_twice() {
        let (outbound, mut stream) = (outbound(), Stream::new(Ssrc(9)));
        assert!(send(&outbound, &mut stream, 100).is_some());
        assert!(send(&outbound, &mut stream, 102).is_some());
        assert!(send(&outbound, &mut stream, 102).is_none());
        // A repaired packet fills its gap, once.
        assert!(send(&outbound, &mut stream, 101).is_some());
        assert!(send(&outbound, &mut stream, 101).is_none());
        // The same wire number one rollover later is another index.
        assert!(send(&outbound, &mut stream, 100 + 65_536).is_some());
        assert!(send(&outbound, &mut stream, 103).is_none());
        assert!(send(&outbound, &mut stream, INDEX_END).is_none());
    }

    #[test]
    fn a_failed_attempt_uses_the_index_up() {
        let (outbound, mut stream) = (outbound(), Stream::new(Ssrc(9)));
        let mut short = hex("8060 0005 00000000 00000009 0102030405");
        let len = short.len();
        assert_eq!(
            outbound.protect_rtp(&mut stream, Seq(5), &mut short, 12, len),
            None
        );
        assert!(send(&outbound, &mut stream, 5).is_none());
    }

    #[test]
    fn rtcp_numbers_count_up_and_end() {
        let mut outbound = outbound();
        let protect = |outbound: &mut Outbound| {
            let mut buf = [hex("80c90001 00000009"), vec![0; 20]].concat();
            let len = outbound.protect_rtcp(&mut buf, 8)?;
            crate::bytes::u32_at(&buf, len - 4)
        };
        assert_eq!(protect(&mut outbound), Some(0x8000_0000));
        assert_eq!(protect(&mut outbound), Some(0x8000_0001));
        outbound.rtcp_index = RTCP_INDEX_END - 1;
        assert_eq!(protect(&mut outbound), Some(0xffff_ffff));
        assert_eq!(protect(&mut outbound), None);
    }

    #[test]
    fn a_subscriber_costs_little() {
        assert!(size_of::<Outbound>() <= 1280, "{}", size_of::<Outbound>());
        assert!(size_of::<Stream>() <= 80, "{}", size_of::<Stream>());
    }
}
