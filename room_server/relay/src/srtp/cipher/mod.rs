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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bytes::hex;

    const KEY_256: &str = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f";
    const SALT: &str = "517569642070726f2071756f";
    const RTP: &str = "8040f17b8041f8d35501a0b2
        47616c6c696120657374206f6d6e69732064697669736120696e207061727465732074726573";
    const RTCP: &str = "81c8000d4d617273
        4e5450314e545032525450200000042a0000e9304c756e61deadbeefdeadbeefdeadbeefdeadbeefdeadbeef";
    const RTP_SSRC: Ssrc = Ssrc(0x5501_a0b2);
    const RTP_INDEX: u64 = 0xf17b;
    const RTCP_INDEX: u32 = 0x5d4;

    /// (profile, SRTP, SRTCP) of RFC 7714 sections 16.1.1, 17.1 and 16.2.1, 17.2.
    const GCM: [(Profile, &str, &str); 2] = [
        (
            Profile::AeadAes128Gcm,
            "8040f17b8041f8d35501a0b2
             f24de3a3fb34de6cacba861c9d7e4bcabe633bd50d294e6f42a5f47a51c7d19b36de3adf8833
             899d7f27beb16a9152cf765ee4390cce",
            "81c8000d4d617273
             63e94885dcdab67ca727d7662f6b7e997ff5c0f76c06f32dc676a5f1730d6fda4ce09b4686303ded0bb9275b
             c84aa45896cf4d2fc5abf87245d9eade 800005d4",
        ),
        (
            Profile::AeadAes256Gcm,
            "8040f17b8041f8d35501a0b2
             32b1de78a822fe12ef9f78fa332e33aab18012389a58e2f3b50b2a0276ffae0f1ba63799b87b
             7aa3db36dfffd6b0f9bb7878d7a76c13",
            "81c8000d4d617273
             d50ae4d1f5ce5d304ba297e47d470c282c3ece5dbffe0a50a2eaa5c1110555be8415f658c61de0476f1b6fad
             1d1eb30c4446839f57ff6f6cb26ac3be 800005d4",
        ),
    ];

    fn gcm(profile: Profile) -> Cipher {
        let key = hex(KEY_256);
        let session = Session::new(&key[..profile.key_len()], [0; 20], &hex(SALT)).unwrap();
        Cipher::new(profile, &session).unwrap()
    }

    /// `plain` with room for what protecting adds.
    fn roomy(plain: &[u8]) -> Vec<u8> {
        [plain, &[0; 20]].concat()
    }

    #[test]
    fn rfc_7714_srtp() {
        for (profile, protected, _) in GCM {
            let (plain, protected, cipher) = (hex(RTP), hex(protected), gcm(profile));
            let mut buf = roomy(&plain);
            let len = cipher
                .protect_rtp(RTP_SSRC, RTP_INDEX, &mut buf, 12, plain.len())
                .unwrap();
            assert_eq!(buf[..len], protected, "{profile:?}");
            let end = cipher
                .unprotect_rtp(RTP_SSRC, RTP_INDEX, 12, &mut buf[..len])
                .unwrap();
            assert_eq!(buf[..end], plain, "{profile:?}");
        }
    }

    #[test]
    fn rfc_7714_srtcp() {
        for (profile, _, protected) in GCM {
            let (plain, protected, cipher) = (hex(RTCP), hex(protected), gcm(profile));
            let mut buf = roomy(&plain);
            let len = cipher
                .protect_rtcp(RTCP_INDEX, &mut buf, plain.len())
                .unwrap();
            assert_eq!(buf[..len], protected, "{profile:?}");
            assert_eq!(cipher.rtcp_index(&buf[..len]), Some(RTCP_INDEX));
            let end = cipher
                .unprotect_rtcp(Ssrc(0x4d61_7273), RTCP_INDEX, &mut buf[..len])
                .unwrap();
            assert_eq!(buf[..end], plain, "{profile:?}");
        }
    }

    /// RFC 7714 section 17.3: authenticated but sent in the clear, which DTLS-SRTP never negotiates.
    #[test]
    fn rtcp_in_the_clear_is_refused() {
        let tagged = [hex(RTCP), hex("841dd9683dd78ec92ae58790125f62b3 000005d4")].concat();
        assert_eq!(gcm(Profile::AeadAes128Gcm).rtcp_index(&tagged), None);
    }

    fn cm() -> Cipher {
        let key = hex("2b7e151628aed2a6abf7158809cf4f3c");
        let session = Session::new(&key, [0; 20], &hex("f0f1f2f3f4f5f6f7f8f9fafbfcfd")).unwrap();
        Cipher::new(Profile::AesCm128HmacSha1_80, &session).unwrap()
    }

    /// RFC 3711 section B.2: zeros encrypt to the key stream, also near the end of the block counter.
    #[test]
    fn rfc_3711_key_stream() {
        let mut buf = vec![0; 0xff02 * 16 + 10];
        buf[0] = 0x80;
        // The header is part of the payload here, so that the stream starts with the packet.
        let len = buf.len() - 10;
        buf[0] = 0;
        cm().protect_rtp(Ssrc(0), 0, &mut buf, 0, len).unwrap();
        assert_eq!(
            buf[..48],
            hex(
                "e03ead0935c95e80e166b16dd92b4eb4 d23513162b02d0f72a43a2fe4a5f97ab 41e95b3bb0a2e8dd477901e4fca894c0"
            )
        );
        assert_eq!(
            buf[0xfeff * 16..len],
            hex(
                "ec8cdf7398607cb0f2d21675ea9ea1e4 362b7c3c6773516318a077d7fc5073ae 6a2cc3787889374fbeb4c81b17ba6c44"
            )
        );
    }

    /// The reference packet that libsrtp's own tests use, from master keys on.
    #[test]
    fn a_packet_of_libsrtp() {
        let master = hex("e1f97a0d3e018be0d64fa32c06de4139 0ec675ad498afeebb6960b3aabe6");
        let profile = Profile::AesCm128HmacSha1_80;
        let keys = crate::srtp::kdf::Keys::derive(profile, &master).unwrap();
        let cipher = Cipher::new(profile, &keys.rtp).unwrap();
        let plain = hex("800f1234decafbadcafebabe abababababababababababababababab");
        let mut buf = roomy(&plain);
        let len = cipher
            .protect_rtp(Ssrc(0xcafe_babe), 0x1234, &mut buf, 12, plain.len())
            .unwrap();
        assert_eq!(
            buf[..len],
            hex("800f1234decafbadcafebabe 4e55dc4ce79978d88ca4d215949d2402 b78d6acc99ea179b8dbb")
        );
    }

    #[test]
    fn short_buffers_are_refused() {
        for cipher in [gcm(Profile::AeadAes128Gcm), cm()] {
            let mut buf = hex(RTP);
            let len = buf.len();
            assert_eq!(
                cipher.protect_rtp(RTP_SSRC, RTP_INDEX, &mut buf, 12, len),
                None
            );
            assert_eq!(
                cipher.protect_rtp(RTP_SSRC, RTP_INDEX, &mut buf, 30, 20),
                None
            );
            assert_eq!(cipher.protect_rtcp(RTCP_INDEX, &mut buf, len), None);
            assert_eq!(cipher.protect_rtcp(RTCP_INDEX, &mut buf, 7), None);
            for len in 0..24 {
                assert_eq!(
                    cipher.unprotect_rtp(RTP_SSRC, RTP_INDEX, 12, &mut buf[..len]),
                    None,
                    "{len}"
                );
                assert_eq!(
                    cipher.unprotect_rtcp(RTP_SSRC, RTCP_INDEX, &mut buf[..len]),
                    None,
                    "{len}"
                );
            }
        }
    }
}
