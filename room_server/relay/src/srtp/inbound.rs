//! The receiving direction: authenticate, decrypt, refuse replays.

use super::cipher::{Cipher, RTCP_HEADER};
use super::kdf::Keys;
use super::window::Window;
use super::{INDEX_END, Profile};
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
        .filter(|&index| index < INDEX_END)
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bytes::{hex, put};
    use crate::srtp::{MAX_RTCP_OVERHEAD, MAX_RTP_OVERHEAD, Outbound, Stream};
    use proptest::prelude::*;

    fn pair(profile: Profile) -> (Outbound, Inbound) {
        let keys: Vec<u8> = (0..profile.key_len() + profile.salt_len())
            .map(|i| i as u8)
            .collect();
        (
            Outbound::new(profile, &keys).unwrap(),
            Inbound::new(profile, &keys).unwrap(),
        )
    }

    fn plain(ssrc: Ssrc, index: u64) -> Vec<u8> {
        let mut packet = hex("9060 0000 00000000 00000000 bede0001 10ff0000");
        put(&mut packet, 2, &Seq(index).wire().to_be_bytes());
        put(&mut packet, 8, &ssrc.0.to_be_bytes());
        packet.extend(index.to_be_bytes());
        packet
    }

    fn protected(outbound: &Outbound, stream: &mut Stream, index: u64) -> Vec<u8> {
        let mut packet = plain(stream.ssrc(), index);
        let len = packet.len();
        packet.resize(len + MAX_RTP_OVERHEAD, 0);
        let len = outbound
            .protect_rtp(stream, Seq(index), &mut packet, 20, len)
            .unwrap();
        packet.truncate(len);
        packet
    }

    /// Receives a copy; the index if its payload came out right.
    fn receive(inbound: &mut Inbound, packet: &[u8]) -> Result<u64, Drop> {
        let mut packet = packet.to_vec();
        let header = Header::parse(&packet).unwrap();
        let (index, payload) = inbound.unprotect_rtp(&header, &mut packet)?;
        assert_eq!(packet[..payload.end], plain(header.ssrc, index.0));
        Ok(index.0)
    }

    /// (profile, SRTP with index 0x1234, SRTCP with index 1) as libsrtp made them from master keys 00 01 02 ...
    const LIBSRTP: [(Profile, &str, &str); 3] = [
        (
            Profile::AeadAes128Gcm,
            "4ad7d8a55fb3fd902db557c94b415ecd69607de47ee7b88490f26d050a55829abe3b",
            "4ad327101055f535c70a6a1733a3014270a2b95be514897873990f9680000001",
        ),
        (
            Profile::AeadAes256Gcm,
            "d54ed632a76bff3fa2efbb5597a5d5e861394b600c053858b4e172b791389a118cab",
            "38b03d67009194f2114acaa03baf59ca0117562396c9c9dbbd56a66880000001",
        ),
        (
            Profile::AesCm128HmacSha1_80,
            "c8f5e0214236e5fde9cbd62d47b0a091e254d5ee40e40ae23f1f0f47",
            "07ae7a099636901dd278337c800000014532e0dd84d99ff7f5b6",
        ),
    ];

    #[test]
    fn libsrtp_both_ways() {
        let rtp_header = hex("900f1234 decafbad cafebabe bede0001 10ff0000");
        let compound_head = hex("80c90001 cafebabe");
        for (profile, srtp, srtcp) in LIBSRTP {
            let (mut outbound, mut inbound) = pair(profile);
            let sealed = [rtp_header.clone(), hex(srtp)].concat();
            let mut buf = sealed.clone();
            let header = Header::parse(&buf).unwrap();
            let (index, payload) = inbound.unprotect_rtp(&header, &mut buf).unwrap();
            assert_eq!(
                (index, &buf[payload.clone()]),
                (Seq(0x1234), &[0xab; 18][..])
            );
            let mut stream = Stream::new(header.ssrc);
            let len = outbound.protect_rtp(&mut stream, index, &mut buf, 20, payload.end);
            assert_eq!((len, buf), (Some(sealed.len()), sealed), "{profile:?}");

            let sealed = [compound_head.clone(), hex(srtcp)].concat();
            let mut buf = sealed.clone();
            let len = inbound.unprotect_rtcp(&mut buf).unwrap();
            assert_eq!(buf[8..len], hex("81ce0002 cafebabe 00000008"));
            // Index 0 goes to a packet that libsrtp never sends.
            outbound.protect_rtcp(&mut [0; 32], 8).unwrap();
            assert_eq!(outbound.protect_rtcp(&mut buf, len), Some(sealed.len()));
            assert_eq!(buf, sealed, "{profile:?}");
        }
    }

    #[test]
    fn replays_and_forgeries() {
        for profile in Profile::ALL {
            let (outbound, mut inbound) = pair(profile);
            let mut stream = Stream::new(Ssrc(9));
            let first = protected(&outbound, &mut stream, 10);
            assert_eq!(receive(&mut inbound, &first), Ok(10));
            assert_eq!(receive(&mut inbound, &first), Err(Drop::Replay));
            // A forgery far ahead moves nothing: what comes next is still understood.
            let mut forged = protected(&outbound, &mut stream, 11);
            put(&mut forged, 2, &30_000u16.to_be_bytes());
            assert_eq!(receive(&mut inbound, &forged), Err(Drop::BadAuth));
            let next = protected(&outbound, &mut stream, 12);
            for bit in 0..next.len() * 8 {
                let mut changed = next.clone();
                changed[bit / 8] ^= 1 << (bit % 8);
                // Version, extension and CSRC bits can make the header unreadable before that.
                if let Ok(header) = Header::parse(&changed) {
                    assert!(
                        inbound.unprotect_rtp(&header, &mut changed).is_err(),
                        "{profile:?} {bit}"
                    );
                }
            }
            assert_eq!(receive(&mut inbound, &next), Ok(12));
        }
    }

    #[test]
    fn the_number_of_ssrcs_is_bounded() {
        let (outbound, mut inbound) = pair(Profile::AeadAes128Gcm);
        for ssrc in 0..MAX_SSRCS as u32 {
            let packet = protected(&outbound, &mut Stream::new(Ssrc(ssrc)), 1);
            assert_eq!(receive(&mut inbound, &packet), Ok(1));
        }
        let packet = protected(&outbound, &mut Stream::new(Ssrc(MAX_SSRCS as u32)), 1);
        assert_eq!(receive(&mut inbound, &packet), Err(Drop::UnknownSsrc));
        let known = protected(&outbound, &mut Stream::new(Ssrc(0)), 2);
        assert_eq!(receive(&mut inbound, &known), Ok(2));
    }

    #[test]
    fn the_nearest_index() {
        for (highest, seq, expected) in [
            (None, 65_535, 65_535),
            (Some(65_535), 0, 65_536),
            (Some(65_536), 65_535, 65_535),
            (Some(3 << 16), 0xfff0, (2 << 16) + 0xfff0),
            (Some((3 << 16) + 0x7fff), 0xfffe, (3 << 16) + 0xfffe),
            (Some((3 << 16) + 0x8001), 0, 4 << 16),
            // Rollover counter 0 has nothing before it.
            (Some(5), 65_535, 65_535),
        ] {
            assert_eq!(estimate(highest, seq), expected, "{highest:?} {seq}");
        }
    }

    #[test]
    fn rtcp_both_ways() {
        for profile in Profile::ALL {
            let (mut outbound, mut inbound) = pair(profile);
            let plain = hex("80c90001 00000009 81ce0002 00000009 00000008");
            let mut seal = || {
                let mut buf = [&plain[..], &[0; MAX_RTCP_OVERHEAD]].concat();
                let len = outbound.protect_rtcp(&mut buf, plain.len()).unwrap();
                buf.truncate(len);
                buf
            };
            let (first, second) = (seal(), seal());
            assert_ne!(first[8..20], plain[8..20]);
            // Out of order, as UDP may have it.
            for sealed in [&second, &first] {
                let mut buf = sealed.clone();
                let len = inbound.unprotect_rtcp(&mut buf).unwrap();
                assert_eq!(buf[..len], plain);
                assert_eq!(
                    inbound.unprotect_rtcp(&mut sealed.clone()),
                    Err(Drop::Replay)
                );
            }
            let third = seal();
            for bit in 0..third.len() * 8 {
                let mut changed = third.clone();
                changed[bit / 8] ^= 1 << (bit % 8);
                assert!(
                    inbound.unprotect_rtcp(&mut changed).is_err(),
                    "{profile:?} {bit}"
                );
            }
            for len in 0..third.len() {
                assert!(
                    inbound.unprotect_rtcp(&mut third[..len].to_vec()).is_err(),
                    "{profile:?} {len}"
                );
            }
            assert!(inbound.unprotect_rtcp(&mut third.clone()).is_ok());
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(32))]

        /// A sender that counts across rollovers, a network that loses, reorders and repeats: every packet
        /// that arrives comes out once, under its own index.
        #[test]
        fn loss_and_reorder_across_a_rollover(
            profile in prop_oneof![
                Just(Profile::AeadAes128Gcm), Just(Profile::AeadAes256Gcm), Just(Profile::AesCm128HmacSha1_80)
            ],
            start in 0u64..1 << 15,
            steps in proptest::collection::vec((0u64..9, any::<bool>(), 0usize..12), 150..250),
        ) {
            let (outbound, mut inbound) = pair(profile);
            let mut stream = Stream::new(Ssrc(0xdeca_fbad));
            let (mut index, mut flight) = (start, Vec::new());
            for (at, (step, lost, delay)) in steps.into_iter().enumerate() {
                let packet = protected(&outbound, &mut stream, index);
                // Two in a row at most: with the delays and the jumps below, no receiver ever misses 2^15.
                if !lost || at % 3 == 0 {
                    flight.push((if at == 0 { 0 } else { at + delay }, index, packet));
                }
                index += if step < 7 { step * 6 + 1 } else { 2000 };
            }
            prop_assume!(index > 1 << 16);
            flight.sort_by_key(|(arrival, ..)| *arrival);
            let mut highest = start;
            for (_, index, packet) in &flight {
                let in_window = highest.saturating_sub(*index) < super::super::window::SIZE;
                let expected = if in_window { Ok(*index) } else { Err(Drop::Replay) };
                prop_assert_eq!(receive(&mut inbound, packet), expected);
                prop_assert_eq!(receive(&mut inbound, packet), Err(Drop::Replay));
                highest = highest.max(*index);
            }
        }
    }
}
