//! STUN as an ICE-lite agent needs it (RFC 8489, RFC 8445): reading checks, verifying them, answering.

mod integrity;
mod write;

pub use integrity::Key;
pub use write::{MAX_REQUEST, MAX_SUCCESS, Request, write_request, write_success};

use crate::bytes::{array, u16_at, u32_at};
use crate::drop::Drop;
use std::net::{IpAddr, Ipv6Addr, SocketAddr};

const HEADER: usize = 20;
const COOKIE: u32 = 0x2112_A442;
const BINDING: u16 = 0x0001;
/// Added by XOR to the CRC-32 of FINGERPRINT (RFC 8489 section 14.7).
const FINGERPRINT_XOR: u32 = 0x5354_554e;
const FINGERPRINT_LEN: usize = 8;
const INTEGRITY_LEN: usize = 24;

/// Attribute types (RFC 8489 section 18.3, RFC 8445 section 16.1).
mod attribute {
    pub const USERNAME: u16 = 0x0006;
    pub const MESSAGE_INTEGRITY: u16 = 0x0008;
    pub const ERROR_CODE: u16 = 0x0009;
    pub const UNKNOWN_ATTRIBUTES: u16 = 0x000a;
    pub const REALM: u16 = 0x0014;
    pub const NONCE: u16 = 0x0015;
    pub const MESSAGE_INTEGRITY_SHA256: u16 = 0x001c;
    pub const XOR_MAPPED_ADDRESS: u16 = 0x0020;
    pub const PRIORITY: u16 = 0x0024;
    pub const USE_CANDIDATE: u16 = 0x0025;
    pub const FINGERPRINT: u16 = 0x8028;
    pub const ICE_CONTROLLED: u16 = 0x8029;
    pub const ICE_CONTROLLING: u16 = 0x802a;
}

/// 96 bits that tie a response to its request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct TransactionId(pub [u8; 12]);

/// The two class bits of a message type.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Class {
    /// Wants an answer.
    Request,
    /// Wants none.
    Indication,
    /// Answer: it worked.
    Success,
    /// Answer: it did not.
    Error,
}

/// The sender's ICE role with its tie-breaker.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// It nominates; what a full agent is towards an ICE-lite one.
    Controlling(u64),
    /// It is nominated.
    Controlled(u64),
}

/// A well-formed STUN message; nothing in it is authenticated before [`Message::check_integrity`].
/// What follows MESSAGE-INTEGRITY is not read, except FINGERPRINT (RFC 8489 section 14.5).
#[derive(Clone, Copy, Debug)]
pub struct Message<'a> {
    bytes: &'a [u8],
    /// Class of the message.
    pub class: Class,
    /// Method; 1 is Binding.
    pub method: u16,
    /// Transaction id.
    pub transaction: TransactionId,
    username: Option<&'a [u8]>,
    /// PRIORITY of the candidate pair's local candidate.
    pub priority: Option<u32>,
    /// USE-CANDIDATE: this pair is nominated.
    pub use_candidate: bool,
    /// ICE-CONTROLLING or ICE-CONTROLLED.
    pub role: Option<Role>,
    /// XOR-MAPPED-ADDRESS of a success response.
    pub mapped: Option<SocketAddr>,
    /// Code of an error response, 300..=699.
    pub error: Option<u16>,
    /// Offset of the MESSAGE-INTEGRITY attribute.
    integrity_at: Option<usize>,
}

impl<'a> Message<'a> {
    /// Reads a datagram. Unknown comprehension-optional attributes (0x8000 and up, such as libwebrtc's
    /// network cost 0xC057) are ignored.
    ///
    /// `Malformed` if length, cookie or an attribute is wrong, a FINGERPRINT does not fit, or an unknown
    /// comprehension-required attribute is met.
    pub fn parse(datagram: &'a [u8]) -> Result<Message<'a>, Drop> {
        Self::read(datagram).ok_or(Drop::Malformed)
    }

    /// A connectivity check.
    pub fn is_binding_request(&self) -> bool {
        self.class == Class::Request && self.method == BINDING
    }

    /// The answer to a connectivity check.
    pub fn is_binding_success(&self) -> bool {
        self.class == Class::Success && self.method == BINDING
    }

    /// USERNAME split at the first ':' into (receiver's, sender's) fragments, as the receiver reads it: (ours, theirs).
    pub fn username(&self) -> Option<(&'a str, &'a str)> {
        std::str::from_utf8(self.username?).ok()?.split_once(':')
    }

    /// Whether MESSAGE-INTEGRITY is there and made with this password (RFC 8489 section 14.5); constant time.
    pub fn check_integrity(&self, key: &Key) -> bool {
        let Some((at, tag)) = self
            .integrity_at
            .and_then(|at| Some((at, array::<20>(self.bytes, at + 4)?)))
        else {
            return false;
        };
        let Some(covered) = self.bytes.get(..at) else {
            return false;
        };
        key.verify(covered, &tag)
    }

    fn read(bytes: &'a [u8]) -> Option<Message<'a>> {
        let kind = u16_at(bytes, 0)?;
        let length = usize::from(u16_at(bytes, 2)?);
        if kind & 0xc000 != 0
            || length % 4 != 0
            || length + HEADER != bytes.len()
            || u32_at(bytes, 4)? != COOKIE
        {
            return None;
        }
        let mut message = Message {
            bytes,
            class: match kind & 0x0110 {
                0x0000 => Class::Request,
                0x0010 => Class::Indication,
                0x0100 => Class::Success,
                _ => Class::Error,
            },
            method: kind & 0x000f | (kind & 0x00e0) >> 1 | (kind & 0x3e00) >> 2,
            transaction: TransactionId(array(bytes, 8)?),
            username: None,
            priority: None,
            use_candidate: false,
            role: None,
            mapped: None,
            error: None,
            integrity_at: None,
        };
        let mut at = HEADER;
        while at < bytes.len() {
            let kind = u16_at(bytes, at)?;
            let len = usize::from(u16_at(bytes, at + 2)?);
            let value = bytes.get(at + 4..at + 4 + len)?;
            let end = at + 4 + len.next_multiple_of(4);
            if kind == attribute::FINGERPRINT {
                // The last attribute, always.
                return (end == bytes.len()
                    && fingerprint(bytes.get(..at)?).to_be_bytes() == value)
                    .then_some(message);
            }
            if message.integrity_at.is_none() {
                message.take(kind, at, value)?;
            }
            at = end;
        }
        (at == bytes.len()).then_some(message)
    }

    /// One attribute ahead of MESSAGE-INTEGRITY; `None` if the message must be refused for it.
    fn take(&mut self, kind: u16, at: usize, value: &'a [u8]) -> Option<()> {
        match kind {
            attribute::USERNAME => self.username = Some(value),
            attribute::PRIORITY => self.priority = Some(u32::from_be_bytes(value.try_into().ok()?)),
            attribute::USE_CANDIDATE => self.use_candidate = true,
            attribute::ICE_CONTROLLING => {
                self.role = Some(Role::Controlling(u64::from_be_bytes(
                    value.try_into().ok()?,
                )));
            }
            attribute::ICE_CONTROLLED => {
                self.role = Some(Role::Controlled(u64::from_be_bytes(value.try_into().ok()?)));
            }
            attribute::XOR_MAPPED_ADDRESS => self.mapped = Some(self.unmask(value)?),
            attribute::ERROR_CODE => {
                let [_, _, class, number] = array(value, 0)?;
                self.error = Some(u16::from(class & 7) * 100 + u16::from(number));
            }
            attribute::MESSAGE_INTEGRITY => {
                if value.len() != 20 {
                    return None;
                }
                self.integrity_at = Some(at);
            }
            attribute::UNKNOWN_ATTRIBUTES
            | attribute::REALM
            | attribute::NONCE
            | attribute::MESSAGE_INTEGRITY_SHA256
            | 0x8000.. => {}
            _ => return None,
        }
        Some(())
    }

    /// XOR-MAPPED-ADDRESS to an address (RFC 8489 section 14.2).
    fn unmask(&self, value: &[u8]) -> Option<SocketAddr> {
        let port = u16_at(value, 2)? ^ (COOKIE >> 16) as u16;
        let ip: IpAddr = match (*value.get(1)?, value.len()) {
            (1, 8) => IpAddr::V4((u32_at(value, 4)? ^ COOKIE).into()),
            (2, 20) => Ipv6Addr::from_bits(
                u128::from_be_bytes(array(value, 4)?) ^ ipv6_mask(self.transaction),
            )
            .into(),
            _ => return None,
        };
        Some(SocketAddr::new(ip, port))
    }
}

fn ipv6_mask(transaction: TransactionId) -> u128 {
    let mut mask = [0; 16];
    let (cookie, rest) = mask.split_at_mut(4);
    cookie.copy_from_slice(&COOKIE.to_be_bytes());
    rest.copy_from_slice(&transaction.0);
    u128::from_be_bytes(mask)
}

/// FINGERPRINT over all bytes before it; the header's length must already count it.
fn fingerprint(covered: &[u8]) -> u32 {
    crc32fast::hash(covered) ^ FINGERPRINT_XOR
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bytes::hex;
    use proptest::prelude::*;

    // RFC 5769 sections 2.1 to 2.3.
    const REQUEST: &str = "000100582112a442b7e7a701bc34d686fa87dfae
        802200105354554e207465737420636c69656e74 002400046e0001ff 80290008932ff9b151263b36
        000600096576746a3a68367659202020 000800149aeaa70cbfd8cb56781ef2b5b2d3f249c1b571a2 80280004e57a3bcf";
    const RESPONSE_V4: &str = "0101003c2112a442b7e7a701bc34d686fa87dfae
        8022000b7465737420766563746f7220 002000080001a147e112a643
        000800142b91f599fd9e90c38c7489f92af9ba53f06be7d7 80280004c07d4c96";
    const RESPONSE_V6: &str = "010100482112a442b7e7a701bc34d686fa87dfae
        8022000b7465737420766563746f7220 002000140002a1470113a9faa5d3f179bc25f4b5bed2b9d9
        00080014a382954e4be67bf11784c97c8292c275bfe3ed41 80280004c8fb0b4c";
    const PASSWORD: &[u8] = b"VOkJxbRl1RmTxUk/WvJxBt";

    #[test]
    fn rfc_5769_request() {
        let bytes = hex(REQUEST);
        let message = Message::parse(&bytes).unwrap();
        assert!(message.is_binding_request() && !message.is_binding_success());
        assert_eq!(message.transaction.0[..], bytes[8..20]);
        assert_eq!(message.username(), Some(("evtj", "h6vY")));
        assert_eq!(message.priority, Some(0x6e00_01ff));
        assert_eq!(message.role, Some(Role::Controlled(0x932f_f9b1_5126_3b36)));
        assert!(!message.use_candidate);
        assert!(message.check_integrity(&Key::new(PASSWORD)));
        assert!(!message.check_integrity(&Key::new(b"VOkJxbRl1RmTxUk/WvJxBu")));
    }

    #[test]
    fn rfc_5769_responses() {
        for (digits, mapped) in [
            (RESPONSE_V4, "192.0.2.1:32853"),
            (RESPONSE_V6, "[2001:db8:1234:5678:11:2233:4455:6677]:32853"),
        ] {
            let bytes = hex(digits);
            let message = Message::parse(&bytes).unwrap();
            assert!(message.is_binding_success());
            assert_eq!(message.mapped, Some(mapped.parse().unwrap()));
            assert!(message.check_integrity(&Key::new(PASSWORD)));
        }
    }

    #[test]
    fn every_flipped_bit_is_noticed() {
        let bytes = hex(REQUEST);
        let key = Key::new(PASSWORD);
        // Not the type of FINGERPRINT: as an unknown attribute after the integrity it is ignored.
        let fingerprint_at = bytes.len() - FINGERPRINT_LEN;
        for bit in (0..fingerprint_at * 8).chain((fingerprint_at + 2) * 8..bytes.len() * 8) {
            let mut changed = bytes.clone();
            changed[bit / 8] ^= 1 << (bit % 8);
            let accepted =
                Message::parse(&changed).is_ok_and(|message| message.check_integrity(&key));
            assert!(!accepted, "bit {bit}");
        }
    }

    #[test]
    fn without_fingerprint_the_integrity_still_guards() {
        let mut bytes = hex(REQUEST);
        bytes.truncate(bytes.len() - FINGERPRINT_LEN);
        bytes[3] -= FINGERPRINT_LEN as u8;
        assert!(
            Message::parse(&bytes)
                .unwrap()
                .check_integrity(&Key::new(PASSWORD))
        );
        bytes[30] ^= 1;
        assert!(
            !Message::parse(&bytes)
                .unwrap()
                .check_integrity(&Key::new(PASSWORD))
        );
    }

    #[test]
    fn every_truncation_is_malformed() {
        let bytes = hex(REQUEST);
        for len in 0..bytes.len() {
            assert_eq!(
                Message::parse(&bytes[..len]).err(),
                Some(Drop::Malformed),
                "{len}"
            );
        }
    }

    /// A request with these attributes and nothing else.
    fn request(attributes: &[u8]) -> Vec<u8> {
        let mut bytes = hex("0001 0000 2112a442 b7e7a701bc34d686fa87dfae");
        bytes[3] = attributes.len() as u8;
        bytes.extend(attributes);
        bytes
    }

    #[test]
    fn unknown_attributes() {
        // Network cost of libwebrtc, comprehension-optional.
        let bytes = request(&hex("c0570004 00010032 00250000"));
        assert!(Message::parse(&bytes).unwrap().use_candidate);
        // Comprehension-required and unknown.
        let bytes = request(&hex("00300000"));
        assert_eq!(Message::parse(&bytes).err(), Some(Drop::Malformed));
    }

    #[test]
    fn what_follows_the_integrity_is_not_read() {
        let mut attributes = hex("00080014");
        attributes.extend([0; 20]);
        attributes.extend(hex("00250000 00240004 00000001"));
        let bytes = request(&attributes);
        let message = Message::parse(&bytes).unwrap();
        assert!(!message.use_candidate);
        assert_eq!(message.priority, None);
    }

    #[test]
    fn user_names() {
        for (value, expected) in [
            ("00060003 613a6200", Some(("a", "b"))),
            ("00060005 613a623a63000000", Some(("a", "b:c"))),
            ("00060002 61620000", None),
            ("00060003 ff3a6200", None),
            ("", None),
        ] {
            let bytes = request(&hex(value));
            assert_eq!(
                Message::parse(&bytes).unwrap().username(),
                expected,
                "{value}"
            );
        }
    }

    #[test]
    fn error_responses() {
        let bytes = hex("0111 0008 2112a442 b7e7a701bc34d686fa87dfae 00090004 00000457");
        let message = Message::parse(&bytes).unwrap();
        assert_eq!((message.class, message.error), (Class::Error, Some(487)));
    }

    proptest! {
        #[test]
        fn random_attributes(bytes in proptest::collection::vec(any::<u8>(), 0..25)) {
            let words = bytes.len() / 4 * 4;
            crate::fuzz::stun(&request(&bytes[..words]));
            crate::fuzz::stun(&bytes);
        }
    }
}
