//! AES in counter mode with HMAC-SHA1-80 (RFC 3711 sections 4.1.1 and 4.2.1).

use crate::ids::Ssrc;
use crate::srtp::kdf::Session;
use aes::cipher::{BlockEncrypt, KeyInit};
use aes::{Aes128Enc, Block};
use hmac::{Hmac, Mac};
use sha1::Sha1;

/// Length of a tag: 80 bits.
pub(super) const TAG: usize = 10;

/// Blocks of key stream made at a time: what AES-NI keeps in flight.
const PARALLEL: usize = 8;

/// Session keys with the salt.
pub(in crate::srtp) struct Cm {
    aes: Aes128Enc,
    hmac: Hmac<Sha1>,
    /// Times 2^16: the block counter is below it.
    salt: u128,
}

impl Cm {
    pub(super) fn new(session: &Session) -> Option<Cm> {
        Some(Cm {
            aes: Aes128Enc::new_from_slice(session.key()).ok()?,
            hmac: <Hmac<Sha1> as Mac>::new_from_slice(&session.auth).ok()?,
            salt: session.salt,
        })
    }

    /// Encrypts or decrypts in place.
    pub(super) fn crypt(&self, ssrc: Ssrc, index: u64, payload: &mut [u8]) {
        let mut counter = self.salt ^ u128::from(ssrc.0) << 64 ^ u128::from(index) << 16;
        for chunk in payload.chunks_mut(16 * PARALLEL) {
            let mut stream = [Block::default(); PARALLEL];
            for block in &mut stream {
                *block = counter.to_be_bytes().into();
                counter = counter.wrapping_add(1);
            }
            self.aes.encrypt_blocks(&mut stream);
            chunk
                .iter_mut()
                .zip(stream.iter().flatten())
                .for_each(|(byte, key)| *byte ^= key);
        }
    }

    /// The tag over the packet and its rollover counter, or its index word.
    pub(super) fn sign(&self, packet: &[u8], suffix: [u8; 4]) -> [u8; TAG] {
        let mut tag = [0; TAG];
        let full = self.mac(packet, suffix).finalize().into_bytes();
        tag.iter_mut().zip(full).for_each(|(out, byte)| *out = byte);
        tag
    }

    /// Whether the tag fits; constant time.
    pub(super) fn verify(&self, packet: &[u8], suffix: [u8; 4], tag: &[u8; TAG]) -> Option<()> {
        self.mac(packet, suffix).verify_truncated_left(tag).ok()
    }

    fn mac(&self, packet: &[u8], suffix: [u8; 4]) -> Hmac<Sha1> {
        let mut mac = self.hmac.clone();
        mac.update(packet);
        mac.update(&suffix);
        mac
    }
}
