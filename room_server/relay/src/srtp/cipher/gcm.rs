//! AES-GCM (RFC 7714): the seam behind which another implementation can be tried.

use crate::ids::Ssrc;
use crate::srtp::kdf::Session;
use ring::aead::{AES_128_GCM, AES_256_GCM, Aad, LessSafeKey, Nonce, Tag, UnboundKey};

/// Length of a tag.
pub(super) const TAG: usize = 16;

/// A session key with its salt. That no nonce comes twice is the caller's duty.
pub(in crate::srtp) struct Gcm {
    key: LessSafeKey,
    /// The 12 bytes of salt, as a number: a nonce is this XOR the packet's numbers.
    salt: u128,
}

impl Gcm {
    pub(super) fn new(session: &Session) -> Option<Gcm> {
        let algorithm = if session.key().len() == 16 {
            &AES_128_GCM
        } else {
            &AES_256_GCM
        };
        Some(Gcm {
            key: LessSafeKey::new(UnboundKey::new(algorithm, session.key()).ok()?),
            salt: session.salt >> 32,
        })
    }

    /// Encrypts `payload` in place; the tag.
    #[inline]
    pub(super) fn seal(
        &self,
        ssrc: Ssrc,
        index: u64,
        aad: &[u8],
        payload: &mut [u8],
    ) -> Option<[u8; TAG]> {
        let tag = self
            .key
            .seal_in_place_separate_tag(self.nonce(ssrc, index), Aad::from(aad), payload)
            .ok()?;
        tag.as_ref().try_into().ok()
    }

    /// Decrypts `payload` in place if the tag fits; otherwise its content is lost.
    #[inline]
    pub(super) fn open(
        &self,
        ssrc: Ssrc,
        index: u64,
        aad: &[u8],
        payload: &mut [u8],
        tag: [u8; TAG],
    ) -> Option<()> {
        self.key
            .open_in_place_separate_tag(
                self.nonce(ssrc, index),
                Aad::from(aad),
                Tag::from(tag),
                payload,
                0..,
            )
            .ok()
            .map(|_| ())
    }

    /// Two zero bytes, SSRC, 48-bit index; XOR the salt (RFC 7714 sections 8.1 and 9.1).
    #[inline]
    fn nonce(&self, ssrc: Ssrc, index: u64) -> Nonce {
        let number = self.salt ^ u128::from(ssrc.0) << 48 ^ u128::from(index);
        let [_, _, _, _, nonce @ ..] = number.to_be_bytes();
        Nonce::assume_unique_for_key(nonce)
    }
}
