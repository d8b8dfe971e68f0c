//! MESSAGE-INTEGRITY (RFC 8489 section 14.5): HMAC-SHA1 over the message up to the attribute, with the
//! header's length adjusted to end after it.

use super::{HEADER, INTEGRITY_LEN};
use hmac::{Hmac, Mac};
use sha1::Sha1;
use std::fmt;

/// A password prepared for HMAC: a check then pays for no key set-up.
#[derive(Clone)]
pub struct Key(Hmac<Sha1>);

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Key")
    }
}

impl Key {
    /// Prepares an ICE password (short-term credential: the password itself is the key).
    #[allow(clippy::missing_panics_doc)] // HMAC takes keys of any length
    pub fn new(password: &[u8]) -> Key {
        Key(Hmac::new_from_slice(password).expect("HMAC takes keys of any length"))
    }

    pub(super) fn sign(&self, covered: &[u8]) -> [u8; 20] {
        self.mac(covered).finalize().into_bytes().into()
    }

    pub(super) fn verify(&self, covered: &[u8], tag: &[u8; 20]) -> bool {
        self.mac(covered).verify(tag.into()).is_ok()
    }

    fn mac(&self, covered: &[u8]) -> Hmac<Sha1> {
        let length = (covered.len() + INTEGRITY_LEN).saturating_sub(HEADER) as u16;
        let mut mac = self.0.clone();
        mac.update(covered.get(..2).unwrap_or_default());
        mac.update(&length.to_be_bytes());
        mac.update(covered.get(4..).unwrap_or_default());
        mac
    }
}
