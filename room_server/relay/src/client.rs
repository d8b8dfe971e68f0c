//! The other end of the wire as a value: checks, SRTP both ways, media as browsers send it. For
//! tests and load generators; the relay itself does not use it.

use crate::demux;
use crate::drop::Drop;
use crate::ids::{Pt, Seq, Ssrc};
use crate::rtp::{ExtensionIds, Header, Level};
use crate::spec::PeerSpec;
use crate::srtp::{Inbound, MAX_RTCP_OVERHEAD, Outbound, Profile, Stream};
use crate::stun;
use rustc_hash::FxHashMap;

/// One RTP packet to send.
#[derive(Clone, Debug)]
pub struct Media<'a> {
    /// Stream.
    pub ssrc: Ssrc,
    /// Payload type.
    pub pt: Pt,
    /// Extended sequence number: the SRTP index.
    pub seq: Seq,
    /// RTP time stamp.
    pub timestamp: u32,
    /// Marker bit.
    pub marker: bool,
    /// MID extension, unless empty.
    pub mid: &'a str,
    /// RID extension, unless empty.
    pub rid: &'a str,
    /// Whether `rid` goes out as the repaired stream's id.
    pub repaired: bool,
    /// Transport-wide number.
    pub transport_cc: Option<u16>,
    /// Audio level.
    pub level: Option<Level>,
    /// Dependency descriptor, unless empty.
    pub dependency: &'a [u8],
    /// Payload.
    pub payload: &'a [u8],
}

/// What came from the relay.
#[derive(Debug)]
pub enum Received {
    /// The answer to a check.
    Stun,
    /// A media packet and its payload.
    Rtp(Header, Vec<u8>),
    /// A compound.
    Rtcp(Vec<u8>),
    /// A handshake record.
    Dtls(Vec<u8>),
}

/// One client of the relay.
pub struct Client {
    username: String,
    key: stun::Key,
    ids: ExtensionIds,
    inbound: Inbound,
    outbound: Outbound,
    streams: FxHashMap<Ssrc, Stream>,
    transactions: u64,
}

/// Key and salt of one direction, made up from a number: what DTLS would have agreed on.
pub fn keying(profile: Profile, number: u32) -> Vec<u8> {
    let seed = number.to_be_bytes();
    let length = profile.key_len() + profile.salt_len();
    (0..length)
        .zip(seed.iter().cycle())
        .map(|(i, b)| b.wrapping_mul(31) ^ i as u8)
        .collect()
}

impl Client {
    /// The client that `spec` describes. It sends under `tx` and receives under `rx`, which the
    /// relay knows the other way round. `None` if they do not fit the profile.
    pub fn new(spec: &PeerSpec, profile: Profile, tx: &[u8], rx: &[u8]) -> Option<Client> {
        Some(Client {
            username: format!("{}:{}", spec.ufrag, spec.remote_ufrag),
            key: stun::Key::new(spec.pwd.as_bytes()),
            ids: spec.extensions,
            inbound: Inbound::new(profile, rx)?,
            outbound: Outbound::new(profile, tx)?,
            streams: FxHashMap::default(),
            transactions: u64::from(spec.peer.0) << 32,
        })
    }

    /// A connectivity check.
    pub fn check(&mut self, nominate: bool) -> Vec<u8> {
        self.transactions += 1;
        let mut id = [0; 12];
        if let Some(tail) = id.last_chunk_mut() {
            *tail = self.transactions.to_be_bytes();
        }
        let request = stun::Request {
            username: &self.username,
            priority: 1,
            tie_breaker: 1,
            use_candidate: nominate,
        };
        let mut datagram = vec![0; stun::MAX_REQUEST];
        let len = stun::write_request(&mut datagram, stun::TransactionId(id), &request, &self.key);
        datagram.truncate(len.unwrap_or(0));
        datagram
    }

    /// A protected RTP packet; `None` if its number was used before.
    pub fn rtp(&mut self, media: &Media<'_>) -> Option<Vec<u8>> {
        let mut datagram = vec![0x80, media.pt.0 | u8::from(media.marker) << 7];
        datagram.extend(media.seq.wire().to_be_bytes());
        datagram.extend(media.timestamp.to_be_bytes());
        datagram.extend(media.ssrc.0.to_be_bytes());
        self.put_extensions(media, &mut datagram);
        let header = datagram.len();
        datagram.extend_from_slice(media.payload);
        let len = datagram.len();
        datagram.resize(len + crate::srtp::MAX_RTP_OVERHEAD, 0);
        let stream = self
            .streams
            .entry(media.ssrc)
            .or_insert_with(|| Stream::new(media.ssrc));
        let len = self
            .outbound
            .protect_rtp(stream, media.seq, &mut datagram, header, len)?;
        datagram.truncate(len);
        Some(datagram)
    }

    /// A protected RTCP compound.
    pub fn rtcp(&mut self, compound: &[u8]) -> Option<Vec<u8>> {
        let mut datagram = compound.to_vec();
        datagram.resize(compound.len() + MAX_RTCP_OVERHEAD, 0);
        let len = self.outbound.protect_rtcp(&mut datagram, compound.len())?;
        datagram.truncate(len);
        Some(datagram)
    }

    /// What a datagram from the relay holds; `Replay` shows a number used twice.
    pub fn receive(&mut self, mut datagram: Vec<u8>) -> Result<Received, Drop> {
        match demux::Kind::of(&datagram).ok_or(Drop::NotOurs)? {
            demux::Kind::Stun => {
                let message = stun::Message::parse(&datagram)?;
                let good = message.is_binding_success() && message.check_integrity(&self.key);
                if good {
                    Ok(Received::Stun)
                } else {
                    Err(Drop::StunBadIntegrity)
                }
            }
            demux::Kind::Dtls => Ok(Received::Dtls(datagram)),
            demux::Kind::Rtcp => {
                let len = self.inbound.unprotect_rtcp(&mut datagram)?;
                datagram.truncate(len);
                Ok(Received::Rtcp(datagram))
            }
            demux::Kind::Rtp => {
                let header = Header::parse(&datagram)?;
                let (_, range) = self.inbound.unprotect_rtp(&header, &mut datagram)?;
                let payload = datagram.get(range).unwrap_or_default().to_vec();
                Ok(Received::Rtp(header, payload))
            }
        }
    }

    /// Header extensions, of the two-byte form where one of them is too long for the other
    /// (RFC 8285 sections 4.2 and 4.3).
    fn put_extensions(&self, media: &Media<'_>, datagram: &mut Vec<u8>) {
        let two_byte = media.dependency.len() > 16;
        let mut block = Vec::new();
        let mut put = |id: u8, value: &[u8]| {
            if id != 0 && !value.is_empty() {
                let len = value.len() as u8;
                if two_byte {
                    block.extend([id, len]);
                } else {
                    block.push(id << 4 | len.wrapping_sub(1) & 0x0f);
                }
                block.extend_from_slice(value);
            }
        };
        put(self.ids.mid, media.mid.as_bytes());
        put(
            if media.repaired {
                self.ids.rrid
            } else {
                self.ids.rid
            },
            media.rid.as_bytes(),
        );
        if let Some(number) = media.transport_cc {
            put(self.ids.transport_cc, &number.to_be_bytes());
        }
        if let Some(level) = media.level {
            put(self.ids.audio_level, &[level.to_wire()]);
        }
        put(self.ids.dependency_descriptor, media.dependency);
        if block.is_empty() {
            return;
        }
        block.resize(block.len().next_multiple_of(4), 0);
        if let Some(first) = datagram.first_mut() {
            *first |= 0x10;
        }
        let profile: u16 = if two_byte { 0x1000 } else { 0xBEDE };
        datagram.extend(profile.to_be_bytes());
        datagram.extend(((block.len() / 4) as u16).to_be_bytes());
        datagram.append(&mut block);
    }
}

/// A VP8 payload as libwebrtc writes it: descriptor with 15-bit picture id and TL0PICIDX, then a frame.
pub fn vp8_payload(first: bool, key: bool, picture_id: u16, size: usize) -> Vec<u8> {
    let [high, low] = (picture_id | 0x8000).to_be_bytes();
    let start = if first { 0x10 } else { 0 };
    let mut payload = vec![0x80 | start, 0xe0, high, low, picture_id as u8, 0x00];
    // The frame tag's lowest bit is 0 on keyframes (RFC 6386 section 9.1).
    payload.push(u8::from(!key));
    payload.extend([0, 0, 0x9d, 0x01, 0x2a, 64, 1, 180, 0]);
    payload.resize(size.max(payload.len()), 0x55);
    payload
}
