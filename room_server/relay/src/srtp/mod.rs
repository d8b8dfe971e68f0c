//! SRTP and SRTCP (RFC 3711, RFC 7714) with keys from DTLS (RFC 5764): no MKI, key derivation rate 0.

mod cipher;
mod inbound;
mod kdf;
mod outbound;
mod window;

pub use inbound::Inbound;
pub use outbound::{Outbound, Stream};

/// Most that protecting adds to an RTP packet.
pub const MAX_RTP_OVERHEAD: usize = 16;
/// Most that protecting adds to an RTCP packet: tag and index word.
pub const MAX_RTCP_OVERHEAD: usize = 16 + 4;

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
