//! The ciphers behind SRTP. A packet is protected in place; what a cipher needs to know of it is its
//! SSRC and index.

mod cm;
mod gcm;

use super::Profile;
use super::kdf::Session;
use crate::bytes::{put, u32_at};
use crate::ids::Ssrc;

/// E flag of the index word: the packet is encrypted (RFC 3711 section 3.4).
const ENCRYPTED: u32 = 0x8000_0000;
/// Header and sender's SSRC, never encrypted.
pub(super) const RTCP_HEADER: usize = 8;
/// Length of the E flag with the index.
const INDEX_WORD: usize = 4;

/// One protocol's cipher in one direction.
#[allow(clippy::large_enum_variant)] // the common one stays beside its owner's other state
pub(super) enum Cipher {
    Gcm(gcm::Gcm),
    /// Boxed: rarely negotiated, and larger still.
    Cm(Box<cm::Cm>),
}

impl Cipher {
    pub(super) fn new(profile: Profile, session: &Session) -> Option<Cipher> {
        Some(match profile {
            Profile::AeadAes128Gcm | Profile::AeadAes256Gcm => Cipher::Gcm(gcm::Gcm::new(session)?),
            Profile::AesCm128HmacSha1_80 => Cipher::Cm(Box::new(cm::Cm::new(session)?)),
        })
    }

    /// Protects the packet `buf[..len]`; its new length, or `None` if the tag does not fit into `buf`.
    #[inline]
    pub(super) fn protect_rtp(
        &self,
        ssrc: Ssrc,
        index: u64,
        buf: &mut [u8],
        header_len: usize,
        len: usize,
    ) -> Option<usize> {
        match self {
            Cipher::Gcm(gcm) => {
                let (header, rest) = buf.split_at_mut_checked(header_len)?;
                let (payload, tail) = rest.split_at_mut_checked(len.checked_sub(header_len)?)?;
                let tag = tail.first_chunk_mut()?;
                *tag = gcm.seal(ssrc, index, header, payload)?;
                Some(len + gcm::TAG)
            }
            Cipher::Cm(cm) => {
                let (packet, tail) = buf.split_at_mut_checked(len)?;
                let tag = tail.first_chunk_mut()?;
                cm.crypt(ssrc, index, packet.get_mut(header_len..)?);
                *tag = cm.sign(packet, roc(index));
                Some(len + cm::TAG)
            }
        }
    }

    /// Decrypts the payload of an authentic packet in place; where it ends. `None`: not authentic.
    #[inline]
    pub(super) fn unprotect_rtp(
        &self,
        ssrc: Ssrc,
        index: u64,
        header_len: usize,
        datagram: &mut [u8],
    ) -> Option<usize> {
        match self {
            Cipher::Gcm(gcm) => {
                let end = datagram.len().checked_sub(gcm::TAG)?;
                let (header, rest) = datagram.split_at_mut_checked(header_len)?;
                let (payload, tag) = rest.split_last_chunk_mut()?;
                gcm.open(ssrc, index, header, payload, *tag)?;
                Some(end)
            }
            Cipher::Cm(cm) => {
                let (packet, tag) = datagram.split_last_chunk_mut()?;
                let payload_len = packet.len().checked_sub(header_len)?;
                cm.verify(packet, roc(index), tag)?;
                cm.crypt(ssrc, index, packet.get_mut(header_len..)?);
                Some(header_len + payload_len)
            }
        }
    }

    /// Protects the compound `buf[..len]` with a 31-bit index; its new length, or `None` if it does not fit.
    pub(super) fn protect_rtcp(&self, index: u32, buf: &mut [u8], len: usize) -> Option<usize> {
        let ssrc = Ssrc(u32_at(buf, 4)?);
        let word = (index | ENCRYPTED).to_be_bytes();
        let (packet, tail) = buf.split_at_mut_checked(len)?;
        let (header, body) = packet.split_at_mut_checked(RTCP_HEADER)?;
        match self {
            Cipher::Gcm(gcm) => {
                let trailer = tail.get_mut(..gcm::TAG + INDEX_WORD)?;
                let aad = rtcp_aad(header, word)?;
                let tag = gcm.seal(ssrc, u64::from(index), &aad, body)?;
                put(trailer, 0, &tag);
                put(trailer, gcm::TAG, &word);
                Some(len + gcm::TAG + INDEX_WORD)
            }
            Cipher::Cm(cm) => {
                let trailer = tail.get_mut(..INDEX_WORD + cm::TAG)?;
                cm.crypt(ssrc, u64::from(index), body);
                put(trailer, 0, &word);
                put(trailer, INDEX_WORD, &cm.sign(packet, word));
                Some(len + INDEX_WORD + cm::TAG)
            }
        }
    }

    /// Where the 31-bit index of a protected compound stands; `None` if cut short or sent in the clear,
    /// which no DTLS-SRTP profile does.
    pub(super) fn rtcp_index(&self, datagram: &[u8]) -> Option<u32> {
        let after = match self {
            Cipher::Gcm(_) => 0,
            Cipher::Cm(_) => cm::TAG,
        };
        let word = u32_at(datagram, datagram.len().checked_sub(after + INDEX_WORD)?)?;
        (word & ENCRYPTED != 0).then_some(word & !ENCRYPTED)
    }

    /// Decrypts an authentic compound in place; its length. `None`: not authentic.
    pub(super) fn unprotect_rtcp(
        &self,
        ssrc: Ssrc,
        index: u32,
        datagram: &mut [u8],
    ) -> Option<usize> {
        let word = (index | ENCRYPTED).to_be_bytes();
        match self {
            Cipher::Gcm(gcm) => {
                let (rest, _) = datagram.split_last_chunk_mut::<INDEX_WORD>()?;
                let (packet, tag) = rest.split_last_chunk_mut()?;
                let (header, body) = packet.split_at_mut_checked(RTCP_HEADER)?;
                gcm.open(ssrc, u64::from(index), &rtcp_aad(header, word)?, body, *tag)?;
                Some(packet.len())
            }
            Cipher::Cm(cm) => {
                let (rest, tag) = datagram.split_last_chunk_mut()?;
                let (packet, _) = rest.split_last_chunk_mut::<INDEX_WORD>()?;
                cm.verify(packet, word, tag)?;
                cm.crypt(ssrc, u64::from(index), packet.get_mut(RTCP_HEADER..)?);
                Some(packet.len())
            }
        }
    }
}

/// Rollover counter as it is authenticated.
fn roc(index: u64) -> [u8; 4] {
    ((index >> 16) as u32).to_be_bytes()
}

/// Associated data of an encrypted compound (RFC 7714 section 9.2).
fn rtcp_aad(header: &[u8], word: [u8; INDEX_WORD]) -> Option<[u8; RTCP_HEADER + INDEX_WORD]> {
    let mut aad = [0; RTCP_HEADER + INDEX_WORD];
    let (first, last) = aad.split_at_mut_checked(RTCP_HEADER)?;
    first.copy_from_slice(header.get(..RTCP_HEADER)?);
    last.copy_from_slice(&word);
    Some(aad)
}
