//! SRTP and SRTCP (RFC 3711, RFC 7714) with keys from DTLS (RFC 5764): no MKI, key derivation rate 0.

mod cipher;
mod inbound;
mod kdf;
mod outbound;
mod window;

pub use inbound::Inbound;
pub use outbound::{Outbound, Stream};
pub use window::SIZE as REPLAY_WINDOW;

use crate::ids::{Seq, Ssrc};
use crate::rtp::Header;

/// Most that protecting adds to an RTP packet.
pub const MAX_RTP_OVERHEAD: usize = 16;
/// Most that protecting adds to an RTCP packet: tag and index word.
pub const MAX_RTCP_OVERHEAD: usize = 16 + 4;

/// One past the last index of a stream (RFC 3711 section 9.2).
const INDEX_END: u64 = 1 << 48;

/// Protection profiles of DTLS-SRTP (RFC 5764 section 4.1.2, RFC 7714 section 14.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Profile {
    /// `SRTP_AEAD_AES_128_GCM`.
    AeadAes128Gcm,
    /// `SRTP_AEAD_AES_256_GCM`: what browsers take when they may choose.
    AeadAes256Gcm,
    /// `SRTP_AES128_CM_HMAC_SHA1_80`.
    AesCm128HmacSha1_80,
}

impl Profile {
    /// All profiles, best first.
    pub const ALL: [Profile; 3] = [
        Profile::AeadAes256Gcm,
        Profile::AeadAes128Gcm,
        Profile::AesCm128HmacSha1_80,
    ];

    /// By IANA name; also OpenSSL's `SRTP_AES128_CM_SHA1_80`.
    pub fn from_name(name: &str) -> Option<Profile> {
        match name {
            "SRTP_AEAD_AES_128_GCM" => Some(Profile::AeadAes128Gcm),
            "SRTP_AEAD_AES_256_GCM" => Some(Profile::AeadAes256Gcm),
            "SRTP_AES128_CM_HMAC_SHA1_80" | "SRTP_AES128_CM_SHA1_80" => {
                Some(Profile::AesCm128HmacSha1_80)
            }
            _ => None,
        }
    }

    /// IANA name.
    pub fn name(self) -> &'static str {
        match self {
            Profile::AeadAes128Gcm => "SRTP_AEAD_AES_128_GCM",
            Profile::AeadAes256Gcm => "SRTP_AEAD_AES_256_GCM",
            Profile::AesCm128HmacSha1_80 => "SRTP_AES128_CM_HMAC_SHA1_80",
        }
    }

    /// Bytes of a master key.
    pub fn key_len(self) -> usize {
        match self {
            Profile::AeadAes128Gcm | Profile::AesCm128HmacSha1_80 => 16,
            Profile::AeadAes256Gcm => 32,
        }
    }

    /// Bytes of a master salt.
    pub fn salt_len(self) -> usize {
        match self {
            Profile::AeadAes128Gcm | Profile::AeadAes256Gcm => 12,
            Profile::AesCm128HmacSha1_80 => 14,
        }
    }

    /// Bytes of an authentication tag: what protecting adds to an RTP packet.
    pub fn tag_len(self) -> usize {
        match self {
            Profile::AeadAes128Gcm | Profile::AeadAes256Gcm => 16,
            Profile::AesCm128HmacSha1_80 => 10,
        }
    }
}

/// Encrypts and decrypts one packet; the profile that fails, if the build is broken.
pub fn self_check() -> Result<(), Profile> {
    Profile::ALL
        .into_iter()
        .try_for_each(|profile| round_trip(profile).ok_or(profile))
}

fn round_trip(profile: Profile) -> Option<()> {
    const PACKET: [u8; 20] = [
        0x80, 96, 0, 7, 0, 0, 0, 1, 0, 0, 0, 2, b'r', b'o', b'o', b'm', b'r', b'o', b'o', b'm',
    ];
    let keys = [7; 44];
    let keys = keys.get(..profile.key_len() + profile.salt_len())?;
    let mut buf = [0; PACKET.len() + MAX_RTP_OVERHEAD];
    buf.get_mut(..PACKET.len())?.copy_from_slice(&PACKET);
    let mut stream = Stream::new(Ssrc(2));
    let len = Outbound::new(profile, keys)?.protect_rtp(
        &mut stream,
        Seq(7),
        &mut buf,
        12,
        PACKET.len(),
    )?;
    let datagram = buf.get_mut(..len)?;
    if datagram.get(12..20)? == PACKET.get(12..20)? {
        return None;
    }
    let header = Header::parse(datagram).ok()?;
    let (index, payload) = Inbound::new(profile, keys)?
        .unprotect_rtp(&header, datagram)
        .ok()?;
    (index == Seq(7) && datagram.get(payload)? == PACKET.get(12..)?).then_some(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn names() {
        for profile in Profile::ALL {
            assert_eq!(Profile::from_name(profile.name()), Some(profile));
            assert!(profile.tag_len() <= MAX_RTP_OVERHEAD);
        }
        assert_eq!(
            Profile::from_name("SRTP_AES128_CM_SHA1_80"),
            Some(Profile::AesCm128HmacSha1_80)
        );
        assert_eq!(Profile::from_name("SRTP_AES128_CM_SHA1_32"), None);
    }

    #[test]
    fn the_build_is_sound() {
        assert_eq!(self_check(), Ok(()));
    }

    proptest! {
        #[test]
        fn random_bytes(bytes in proptest::collection::vec(any::<u8>(), 0..120)) {
            crate::fuzz::srtp(&bytes);
        }
    }
}
