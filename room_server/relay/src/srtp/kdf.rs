//! Session keys from a master key (RFC 3711 section 4.3, with 256-bit keys as RFC 6188 section 3).

use super::Profile;
use aes::cipher::consts::U16;
use aes::cipher::{BlockEncrypt, KeyInit};
use aes::{Aes128Enc, Aes256Enc, Block};

/// The session keys of one direction.
pub(super) struct Keys {
    pub(super) rtp: Session,
    pub(super) rtcp: Session,
}

/// Session keys of one protocol in one direction, in the profile's lengths.
pub(super) struct Session {
    key: [u8; 32],
    key_len: usize,
    /// For HMAC-SHA1; AEAD profiles have no use for it.
    pub(super) auth: [u8; 20],
    /// The salt's bytes at the upper end: a 14-byte salt times 2^16, a 12-byte one times 2^32.
    pub(super) salt: u128,
}

impl Keys {
    /// `None` unless `key_and_salt` has exactly the profile's length.
    pub(super) fn derive(profile: Profile, key_and_salt: &[u8]) -> Option<Keys> {
        let (key, salt) = key_and_salt.split_at_checked(profile.key_len())?;
        if salt.len() != profile.salt_len() {
            return None;
        }
        if key.len() == 16 {
            Self::with_prf(&Aes128Enc::new_from_slice(key).ok()?, profile, salt)
        } else {
            Self::with_prf(&Aes256Enc::new_from_slice(key).ok()?, profile, salt)
        }
    }

    fn with_prf(prf: &impl Prf, profile: Profile, salt: &[u8]) -> Option<Keys> {
        let salt = upper(salt)?;
        Some(Keys {
            rtp: Session::with_prf(prf, profile, salt, 0)?,
            rtcp: Session::with_prf(prf, profile, salt, 3)?,
        })
    }
}

impl Session {
    /// From explicit session keys, as published vectors give them; `None` if they are too long.
    pub(super) fn new(key: &[u8], auth: [u8; 20], salt: &[u8]) -> Option<Session> {
        let mut session = Session {
            key: [0; 32],
            key_len: key.len(),
            auth,
            salt: upper(salt)?,
        };
        session.key.get_mut(..key.len())?.copy_from_slice(key);
        Some(session)
    }

    /// The cipher's key.
    pub(super) fn key(&self) -> &[u8] {
        self.key.get(..self.key_len).unwrap_or_default()
    }

    /// `label` is that of the cipher's key; authentication and salt have the next two.
    fn with_prf(prf: &impl Prf, profile: Profile, master_salt: u128, label: u8) -> Option<Session> {
        let (mut key, mut auth, mut salt) = ([0; 32], [0; 20], [0; 14]);
        let key = key.get_mut(..profile.key_len())?;
        let salt = salt.get_mut(..profile.salt_len())?;
        fill(prf, master_salt, label, key);
        fill(prf, master_salt, label + 1, &mut auth);
        fill(prf, master_salt, label + 2, salt);
        Session::new(key, auth, salt)
    }
}

trait Prf: BlockEncrypt<BlockSize = U16> {}
impl<C: BlockEncrypt<BlockSize = U16>> Prf for C {}

/// AES in counter mode over the master salt.
fn fill(prf: &impl Prf, master_salt: u128, label: u8, out: &mut [u8]) {
    // The label stands at bit 48 of the 112-bit key_id, which is shifted by the 16 bits of the counter.
    let start = master_salt ^ u128::from(label) << 64;
    for (counter, chunk) in out.chunks_mut(16).enumerate() {
        let mut block = Block::from((start + counter as u128).to_be_bytes());
        prf.encrypt_block(&mut block);
        chunk
            .iter_mut()
            .zip(block)
            .for_each(|(out, byte)| *out = byte);
    }
}

/// Bytes as the upper end of a number.
fn upper(bytes: &[u8]) -> Option<u128> {
    let mut padded = [0; 16];
    padded.get_mut(..bytes.len())?.copy_from_slice(bytes);
    Some(u128::from_be_bytes(padded))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bytes::hex;

    /// RFC 3711 section B.3.
    #[test]
    fn rfc_3711_vectors() {
        let master = hex("e1f97a0d3e018be0d64fa32c06de4139 0ec675ad498afeebb6960b3aabe6");
        let keys = Keys::derive(Profile::AesCm128HmacSha1_80, &master).unwrap();
        assert_eq!(keys.rtp.key(), hex("c61e7a93744f39ee10734afe3ff7a087"));
        assert_eq!(
            keys.rtp.auth[..],
            hex("cebe321f6ff7716b6fd4ab49af256a156d38baa4")
        );
        assert_eq!(
            keys.rtp.salt.to_be_bytes()[..],
            hex("30cbbc08863d8c85d49db34a9ae1 0000")
        );
    }

    /// RFC 6188 section 7.4: AES-256 as the key derivation's function.
    #[test]
    fn rfc_6188_vectors() {
        let key = hex("f0f04914b513f2763a1b1fa130f10e2998f6f6e43e4309d1e622a0e332b9f1b6");
        let salt = upper(&hex("3b04803de51ee7c96423ab5b78d2")).unwrap();
        let prf = Aes256Enc::new_from_slice(&key).unwrap();
        let (mut key, mut auth, mut salt_out) = ([0; 32], [0; 20], [0; 14]);
        fill(&prf, salt, 0, &mut key);
        fill(&prf, salt, 1, &mut auth);
        fill(&prf, salt, 2, &mut salt_out);
        assert_eq!(
            key[..],
            hex("5ba1064e30ec51613cad926c5a28ef731ec7fb397f70a960653caf06554cd8c4")
        );
        assert_eq!(salt_out[..], hex("fa31791685ca444a9e07c6c64e93"));
        assert_eq!(auth[..], hex("fd9c32d39ed5fbb5a9dc96b30818454d1313dc05"));
    }

    #[test]
    fn lengths_are_exact() {
        for profile in Profile::ALL {
            let len = profile.key_len() + profile.salt_len();
            assert!(Keys::derive(profile, &vec![1; len]).is_some());
            for wrong in [0, len - 1, len + 1] {
                assert!(
                    Keys::derive(profile, &vec![1; wrong]).is_none(),
                    "{profile:?} {wrong}"
                );
            }
        }
    }

    #[test]
    fn rtp_and_rtcp_differ() {
        let keys = Keys::derive(Profile::AeadAes256Gcm, &[1; 44]).unwrap();
        assert_ne!(keys.rtp.key(), keys.rtcp.key());
        assert_ne!(keys.rtp.salt, keys.rtcp.salt);
    }
}
