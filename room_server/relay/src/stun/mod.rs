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
