//! Writing what is sent: the answer to a check, and (for load generators and tests) the check itself.

use super::{
    BINDING, COOKIE, FINGERPRINT_LEN, HEADER, INTEGRITY_LEN, Key, TransactionId, attribute,
    fingerprint, ipv6_mask,
};
use crate::bytes::put;
use std::net::{IpAddr, SocketAddr};

/// Longest success response: XOR-MAPPED-ADDRESS of IPv6, MESSAGE-INTEGRITY, FINGERPRINT.
pub const MAX_SUCCESS: usize = HEADER + 24 + INTEGRITY_LEN + FINGERPRINT_LEN;
/// Enough for any request: USERNAME is at most 513 bytes (RFC 8445 section 5.3: two fragments of 256).
pub const MAX_REQUEST: usize = HEADER + 4 + 516 + 8 + 12 + 4 + INTEGRITY_LEN + FINGERPRINT_LEN;

const SUCCESS: u16 = 0x0100;

/// A connectivity check of a controlling agent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Request<'a> {
    /// "receiver's fragment:sender's fragment".
    pub username: &'a str,
    /// Of the candidate.
    pub priority: u32,
    /// Of ICE-CONTROLLING.
    pub tie_breaker: u64,
    /// Nominate this pair.
    pub use_candidate: bool,
}

/// Writes the success response to a binding request, signed with the password that the request was
/// signed with; its length, or `None` if `out` is shorter than it (at most [`MAX_SUCCESS`]).
pub fn write_success(
    out: &mut [u8],
    transaction: TransactionId,
    mapped: SocketAddr,
    key: &Key,
) -> Option<usize> {
    let mut writer = Writer::new(out, BINDING | SUCCESS, transaction)?;
    let port = (mapped.port() ^ (COOKIE >> 16) as u16).to_be_bytes();
    match mapped.ip().to_canonical() {
        IpAddr::V4(ip) => writer.attribute(
            attribute::XOR_MAPPED_ADDRESS,
            &[&[0, 1], &port, &(ip.to_bits() ^ COOKIE).to_be_bytes()],
        )?,
        IpAddr::V6(ip) => writer.attribute(
            attribute::XOR_MAPPED_ADDRESS,
            &[
                &[0, 2],
                &port,
                &(ip.to_bits() ^ ipv6_mask(transaction)).to_be_bytes(),
            ],
        )?,
    }
    writer.finish(key)
}

/// Writes a binding request; its length, or `None` if `out` is shorter than it (at most [`MAX_REQUEST`]).
pub fn write_request(
    out: &mut [u8],
    transaction: TransactionId,
    request: &Request<'_>,
    key: &Key,
) -> Option<usize> {
    let mut writer = Writer::new(out, BINDING, transaction)?;
    writer.attribute(attribute::USERNAME, &[request.username.as_bytes()])?;
    writer.attribute(attribute::PRIORITY, &[&request.priority.to_be_bytes()])?;
    writer.attribute(
        attribute::ICE_CONTROLLING,
        &[&request.tie_breaker.to_be_bytes()],
    )?;
    if request.use_candidate {
        writer.attribute(attribute::USE_CANDIDATE, &[])?;
    }
    writer.finish(key)
}

struct Writer<'a> {
    out: &'a mut [u8],
    len: usize,
}

impl<'a> Writer<'a> {
    fn new(out: &'a mut [u8], kind: u16, transaction: TransactionId) -> Option<Writer<'a>> {
        let mut writer = Writer { out, len: 0 };
        writer.push(&kind.to_be_bytes())?;
        writer.push(&[0, 0])?;
        writer.push(&COOKIE.to_be_bytes())?;
        writer.push(&transaction.0)?;
        Some(writer)
    }

    fn push(&mut self, bytes: &[u8]) -> Option<()> {
        let written = put(self.out, self.len, bytes);
        self.len += bytes.len();
        written.then_some(())
    }

    fn attribute(&mut self, kind: u16, parts: &[&[u8]]) -> Option<()> {
        let len: usize = parts.iter().map(|part| part.len()).sum();
        self.push(&kind.to_be_bytes())?;
        self.push(&u16::try_from(len).ok()?.to_be_bytes())?;
        for part in parts {
            self.push(part)?;
        }
        self.push([0; 3].get(..len.next_multiple_of(4) - len)?)
    }

    fn finish(mut self, key: &Key) -> Option<usize> {
        let tag = key.sign(self.out.get(..self.len)?);
        self.attribute(attribute::MESSAGE_INTEGRITY, &[&tag])?;
        let length = u16::try_from(self.len + FINGERPRINT_LEN - HEADER).ok()?;
        put(self.out, 2, &length.to_be_bytes());
        let crc = fingerprint(self.out.get(..self.len)?);
        self.attribute(attribute::FINGERPRINT, &[&crc.to_be_bytes()])?;
        Some(self.len)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stun::{Message, Role};

    const TRANSACTION: TransactionId = TransactionId(*b"transactions");

    #[test]
    fn a_check_is_answered() {
        let key = Key::new(b"a password of the relay");
        let sent = Request {
            username: "ours:theirs",
            priority: 99,
            tie_breaker: 7,
            use_candidate: true,
        };
        let mut out = [0; MAX_REQUEST];
        let len = write_request(&mut out, TRANSACTION, &sent, &key).unwrap();
        let request = Message::parse(&out[..len]).unwrap();
        assert!(request.is_binding_request() && request.use_candidate);
        assert!(request.check_integrity(&key));
        assert_eq!(request.username(), Some(("ours", "theirs")));
        assert_eq!(
            (request.priority, request.role),
            (Some(99), Some(Role::Controlling(7)))
        );

        for address in ["192.0.2.7:5000", "[2001:db8::1]:65535"] {
            let mapped = address.parse().unwrap();
            let mut out = [0; MAX_SUCCESS];
            let len = write_success(&mut out, request.transaction, mapped, &key).unwrap();
            let response = Message::parse(&out[..len]).unwrap();
            assert!(response.is_binding_success() && response.check_integrity(&key));
            assert_eq!(
                (response.transaction, response.mapped),
                (TRANSACTION, Some(mapped))
            );
        }
    }

    #[test]
    fn an_ipv4_address_seen_on_an_ipv6_socket_is_told_as_ipv4() {
        let key = Key::new(b"x");
        let mut out = [0; MAX_SUCCESS];
        let len = write_success(
            &mut out,
            TRANSACTION,
            "[::ffff:192.0.2.7]:5000".parse().unwrap(),
            &key,
        )
        .unwrap();
        let mapped = Message::parse(&out[..len]).unwrap().mapped;
        assert_eq!(mapped, Some("192.0.2.7:5000".parse().unwrap()));
    }

    #[test]
    fn nothing_is_written_beyond_a_short_buffer() {
        let key = Key::new(b"x");
        let mapped = "[2001:db8::1]:1".parse().unwrap();
        for len in 0..MAX_SUCCESS {
            assert_eq!(
                write_success(&mut vec![0; len], TRANSACTION, mapped, &key),
                None,
                "{len}"
            );
        }
        let username = "u".repeat(513);
        let request = Request {
            username: &username,
            priority: 0,
            tie_breaker: 0,
            use_candidate: true,
        };
        assert_eq!(
            write_request(&mut [0; MAX_REQUEST], TRANSACTION, &request, &key),
            Some(MAX_REQUEST)
        );
    }
}
