//! The receiving direction: authenticate, decrypt, refuse replays.

use super::Profile;
use super::cipher::{Cipher, RTCP_HEADER};
use super::kdf::Keys;
use super::window::Window;
use crate::bytes::u32_at;
use crate::drop::Drop;
use crate::ids::{Seq, Ssrc};
use crate::rtp::Header;
use std::ops::Range;

/// SSRCs one peer may use under one key, RTX included. A publisher with camera, screen (three encodings
/// each) and microphone uses 13; the rest is for encodings that come back under new SSRCs.
const MAX_SSRCS: usize = 64;

/// What a peer sends. State changes only by what has authenticated.
pub struct Inbound {
    rtp: Cipher,
    rtcp: Cipher,
    rtp_streams: Streams,
    rtcp_streams: Streams,
}

impl Inbound {
    /// From the peer's master key and salt, concatenated; `None` if the length is not the profile's.
    pub fn new(profile: Profile, key_and_salt: &[u8]) -> Option<Inbound> {
        Self::with_keys(profile, &Keys::derive(profile, key_and_salt)?)
    }

    pub(super) fn with_keys(profile: Profile, keys: &Keys) -> Option<Inbound> {
        Some(Inbound {
            rtp: Cipher::new(profile, &keys.rtp)?,
            rtcp: Cipher::new(profile, &keys.rtcp)?,
            rtp_streams: Streams::default(),
            rtcp_streams: Streams::default(),
        })
    }

    /// Decrypts an SRTP packet in place; its extended sequence number (the SRTP index) and where its
    /// payload lies, padding included. `header` is that of `datagram`.
    ///
    /// `Replay`: seen before or too old to tell. `BadAuth`: not authentic; the datagram's content is lost.
    /// `UnknownSsrc`: authentic, but one SSRC too many.
    #[inline]
    pub fn unprotect_rtp(
        &mut self,
        header: &Header,
        datagram: &mut [u8],
    ) -> Result<(Seq, Range<usize>), Drop> {
        let known = self.rtp_streams.find(header.ssrc);
        let index = estimate(known.and_then(Window::highest), header.seq);
        if known.is_some_and(|window| !window.is_fresh(index)) {
            return Err(Drop::Replay);
        }
        let end = self
            .rtp
            .unprotect_rtp(header.ssrc, index, header.header_len, datagram)
            .ok_or(Drop::BadAuth)?;
        self.rtp_streams.mark(header.ssrc, index)?;
        Ok((Seq(index), header.header_len..end))
    }

    /// Decrypts an SRTCP compound in place; its length. Errors as [`Inbound::unprotect_rtp`], and `Malformed`.
    pub fn unprotect_rtcp(&mut self, datagram: &mut [u8]) -> Result<usize, Drop> {
        if datagram.len() < RTCP_HEADER {
            return Err(Drop::Malformed);
        }
        let ssrc = u32_at(datagram, 4).map(Ssrc).ok_or(Drop::Malformed)?;
        let index = self.rtcp.rtcp_index(datagram).ok_or(Drop::Malformed)?;
        let known = self.rtcp_streams.find(ssrc);
        if known.is_some_and(|window| !window.is_fresh(u64::from(index))) {
            return Err(Drop::Replay);
        }
        let len = self
            .rtcp
            .unprotect_rtcp(ssrc, index, datagram)
            .ok_or(Drop::BadAuth)?;
        self.rtcp_streams.mark(ssrc, u64::from(index))?;
        Ok(len)
    }
}

/// The index nearest to the highest one seen that ends in `seq` (RFC 3711 section 3.3.1); a stream starts
/// with rollover counter 0.
fn estimate(highest: Option<u64>, seq: u16) -> u64 {
    let Some(highest) = highest else {
        return u64::from(seq);
    };
    let ahead = seq.wrapping_sub(highest as u16) as i16;
    highest
        .checked_add_signed(i64::from(ahead))
        .unwrap_or(u64::from(seq))
}

/// Replay windows by SSRC. Few, so a scan of adjacent numbers beats hashing.
#[derive(Default)]
struct Streams {
    ssrcs: Vec<Ssrc>,
    windows: Vec<Window>,
}

impl Streams {
    #[inline]
    fn find(&self, ssrc: Ssrc) -> Option<&Window> {
        self.windows
            .get(self.ssrcs.iter().position(|&s| s == ssrc)?)
    }

    #[inline]
    fn mark(&mut self, ssrc: Ssrc, index: u64) -> Result<(), Drop> {
        let at = self.ssrcs.iter().position(|&s| s == ssrc);
        if let Some(window) = at.and_then(|at| self.windows.get_mut(at)) {
            window.mark(index);
            return Ok(());
        }
        // Refused rather than replacing another: a forgotten window would let replays in.
        if self.ssrcs.len() == MAX_SSRCS {
            return Err(Drop::UnknownSsrc);
        }
        let mut window = Window::default();
        window.mark(index);
        self.ssrcs.push(ssrc);
        self.windows.push(window);
        Ok(())
    }
}
