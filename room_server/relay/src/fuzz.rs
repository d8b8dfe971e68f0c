//! Fuzz bodies: what must hold for any bytes from the network, and after any operations in any order. Run by
//! `cargo test` over the seeds in `fuzz/seeds/`, damaged ones and random bytes (in each module's own tests), and by
//! `make fuzz`, which lets libFuzzer search for more. What a body asserts, it asserts for that input alone.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::missing_panics_doc,
    reason = "tests in all but name: a panic is a finding"
)]

mod encoder;
mod engine;
mod extensions;
mod feedback;
mod incoming;
mod numbering;
mod reader;
mod repair;
mod slot;

pub use engine::engine;
pub use extensions::extensions;
pub use feedback::feedback;
pub use incoming::incoming;
pub use numbering::numbering;
pub use repair::repair;
pub use slot::slot;

use crate::bytes::put;
use crate::codec::{Pictures, av1, h264, vp8, vp9};
use crate::drop::Drop;
use crate::ids::{Kind, Pt, Seq, Ssrc};
use crate::rtcp::{self, Packet};
use crate::rtp::{Dependency, ExtensionIds, Extensions, FIXED_HEADER, Fields, Header, Layout};
use crate::srtp::{Inbound, MAX_RTP_OVERHEAD, Outbound, Profile, Stream};
use crate::stun::{self, Key, MAX_SUCCESS, Message};

/// A body and its name, which is also that of its seeds' folder and of its target.
pub type Body = (&'static str, fn(&[u8]));

/// All of them: parsers first, then sequences of operations.
pub const BODIES: [Body; 16] = [
    ("stun", stun),
    ("rtp", rtp),
    ("extensions", extensions),
    ("rtcp", rtcp),
    ("srtp", srtp),
    ("vp8", vp8),
    ("vp9", vp9),
    ("h264", h264),
    ("av1", av1),
    ("dependency", dependency),
    ("feedback", feedback),
    ("incoming", incoming),
    ("numbering", numbering),
    ("repair", repair),
    ("slot", slot),
    ("engine", engine),
];

/// Ids that seeds use.
const IDS: ExtensionIds = ExtensionIds {
    mid: 4,
    rid: 10,
    rrid: 11,
    audio_level: 1,
    abs_send_time: 2,
    transport_cc: 3,
    dependency_descriptor: 12,
};

/// A message that parses can be answered, and the answer is understood.
pub fn stun(datagram: &[u8]) {
    let Ok(request) = Message::parse(datagram) else {
        return;
    };
    let key = Key::new(b"a key that signed none of the seeds");
    assert!(!request.check_integrity(&key));
    if let Some((ours, theirs)) = request.username() {
        assert!(ours.len() + theirs.len() < datagram.len() && !ours.contains(':'));
    }
    let mapped = request.mapped.unwrap_or(([192, 0, 2, 1], 9).into());
    let mut out = [0; MAX_SUCCESS];
    let len = stun::write_success(&mut out, request.transaction, mapped, &key);
    let answer = len.and_then(|len| out.get(..len));
    let answer = answer.and_then(|bytes| Message::parse(bytes).ok());
    assert!(answer.is_some_and(|answer| {
        answer.is_binding_success()
            && answer.check_integrity(&key)
            && answer.transaction == request.transaction
            && answer
                .mapped
                .is_some_and(|m| m.ip() == mapped.ip().to_canonical() && m.port() == mapped.port())
    }));
}

/// Whatever a header says lies within the datagram, and can be written again.
pub fn rtp(datagram: &[u8]) {
    let Ok(header) = Header::parse(datagram) else {
        return;
    };
    let payload = datagram.get(header.header_len..);
    assert!(header.header_len >= FIXED_HEADER && payload.is_some());
    if let Ok(kept) = header.strip_padding(payload.unwrap_or_default()) {
        assert!(payload.is_some_and(|payload| payload.starts_with(kept)));
    }
    let found = Extensions::read(&header, datagram, &IDS);
    let mid = found.mid.unwrap_or_default();
    let fields = Fields {
        marker: header.marker,
        pt: header.pt,
        seq: header.seq,
        timestamp: header.timestamp,
        abs_send_time: found.abs_send_time.unwrap_or_default(),
        level: found.audio_level,
        dependency: None,
    };
    let mut out = [0xff; Layout::MAX_LEN];
    let len = Layout::new(header.ssrc, Kind::Audio, mid, &IDS).write(&mut out, &fields);
    let written = len.and_then(|len| out.get(..len)).unwrap_or_default();
    let again = Header::parse(written);
    assert!(again.is_ok_and(|again| {
        let read = Extensions::read(&again, written, &IDS);
        (again.ssrc, again.seq, again.pt, again.marker)
            == (header.ssrc, header.seq, header.pt, header.marker)
            && again.header_len == written.len()
            && (read.mid == found.mid || mid.is_empty() || mid.len() > 16)
            && read.abs_send_time == Some(fields.abs_send_time)
    }));
}

/// Every iterator ends, and yields no more than the bytes can say.
pub fn rtcp(compound: &[u8]) {
    assert!(rtcp::packets(compound).count() <= compound.len() / 8);
    let mut out = Vec::new();
    for packet in rtcp::packets(compound) {
        match packet {
            Packet::SenderReport(report) => assert!(report.blocks().count() <= 31),
            Packet::ReceiverReport(report) => assert!(report.blocks().count() <= 31),
            Packet::Nack(nack) => {
                let seqs: Vec<u16> = nack.seqs().collect();
                assert!(seqs.len() <= compound.len() / 4 * 17);
                out.clear();
                rtcp::write_nack(&mut out, nack.sender, nack.media, seqs.iter().copied());
                let again = rtcp::packets(&out).next();
                let same = |nack: rtcp::Nack<'_>| {
                    seqs.iter()
                        .all(|seq| nack.seqs().any(|again| again == *seq))
                };
                assert!(seqs.is_empty() || matches!(again, Some(Packet::Nack(nack)) if same(nack)));
            }
            Packet::Pli(_) => {}
            Packet::Fir(fir) => assert!(fir.requests().count() <= compound.len() / 8),
            Packet::Remb(remb) => assert!(remb.ssrcs().count() <= 255),
            Packet::Extended(extended) => {
                assert!(extended.delays().count() <= compound.len() / 12);
                out.clear();
                rtcp::write_reference(&mut out, extended.sender, extended.reference().unwrap_or(0));
                let again = rtcp::packets(&out).next();
                let same = |e: rtcp::Extended<'_>| {
                    e.reference() == Some(extended.reference().unwrap_or(0))
                };
                assert!(matches!(again, Some(Packet::Extended(e)) if same(e)));
            }
            Packet::TransportFeedback(feedback) => {
                assert!(feedback.arrivals().count() <= usize::from(feedback.covered));
            }
        }
    }
}

/// Nothing authenticates but what was protected under the key; that comes out as it went in.
pub fn srtp(bytes: &[u8]) {
    for profile in Profile::ALL {
        let key_len = profile.key_len() + profile.salt_len();
        let keys = [0x5a; 46];
        let keys = keys.get(..key_len).unwrap_or_default();
        let (Some(outbound), Some(mut inbound)) =
            (Outbound::new(profile, keys), Inbound::new(profile, keys))
        else {
            panic!("keys of {profile:?} have their length");
        };
        let mut datagram = bytes.to_vec();
        if let Ok(header) = Header::parse(&datagram) {
            assert_eq!(
                inbound.unprotect_rtp(&header, &mut datagram),
                Err(Drop::BadAuth)
            );
        }
        assert!(inbound.unprotect_rtcp(&mut bytes.to_vec()).is_err());
        protected(bytes, &outbound, &mut inbound);
    }
}

fn protected(payload: &[u8], outbound: &Outbound, inbound: &mut Inbound) {
    let mut packet = vec![0x80, 96, 0, 1, 0, 0, 0, 2, 0, 0, 0, 3];
    packet.extend_from_slice(payload);
    let len = packet.len();
    packet.resize(len + MAX_RTP_OVERHEAD, 0);
    let sealed = outbound.protect_rtp(
        &mut Stream::new(Ssrc(3)),
        Seq(1),
        &mut packet,
        FIXED_HEADER,
        len,
    );
    packet.truncate(sealed.unwrap_or_default());
    let mut forged = packet.clone();
    put(&mut forged, 7, &[9]);
    let Ok(header) = Header::parse(&packet) else {
        panic!("the header is ours")
    };
    assert_eq!(
        inbound.unprotect_rtp(&header, &mut forged),
        Err(Drop::BadAuth)
    );
    let opened = inbound.unprotect_rtp(&header, &mut packet);
    assert!(
        opened.is_ok_and(|(index, range)| index == Seq(1) && packet.get(range) == Some(payload))
    );
}

/// The VP8 descriptor: its counters can be patched.
pub fn vp8(payload: &[u8]) {
    let Some(descriptor) = vp8::Descriptor::parse(payload) else {
        return;
    };
    assert!(!descriptor.key_start() || descriptor.start);
    let read = |payload: &[u8]| vp8::Descriptor::parse(payload).map(|d| d.pictures);
    patched(payload, usize::from(descriptor.len), read);
}

/// The same for VP9.
pub fn vp9(payload: &[u8]) {
    let Some(descriptor) = vp9::Descriptor::parse(payload) else {
        return;
    };
    assert!(!descriptor.key || descriptor.start && descriptor.sid == 0);
    let read = |payload: &[u8]| vp9::Descriptor::parse(payload).map(|d| d.pictures);
    patched(payload, usize::from(descriptor.len), read);
}

/// Patching changes the counters in a descriptor of `len` bytes and nothing else.
fn patched(payload: &[u8], len: usize, read: impl Fn(&[u8]) -> Option<Pictures>) {
    assert!(len < payload.len());
    let Some(before) = read(payload) else {
        panic!("it was read")
    };
    let mut patched = payload.to_vec();
    before.patch(&mut patched, 0x5555, 0xaa);
    let mut expected = before;
    let id = if before.wide { 0x5555 } else { 0x55 };
    expected.id = before.id.map(|_| id);
    expected.tl0 = before.tl0.map(|_| 0xaa);
    assert_eq!(read(&patched), Some(expected));
    assert_eq!(patched.get(len..), payload.get(len..));
}

/// Units lie within their payload; sets that are kept come out again in one that can be read and sent.
pub fn h264(payload: &[u8]) {
    let Some(units) = h264::units(payload) else {
        return;
    };
    let whole: usize = units.filter_map(|unit| unit.whole).map(<[u8]>::len).sum();
    assert!(whole <= payload.len());
    let mut reader = h264::Reader::default();
    assert!(reader.read(Seq(1), 0, payload).is_some());
    let next = reader.read(Seq(2), 1, &[0x65, 0x88]);
    let Some(sets) = next.and_then(|contents| contents.parameter_sets) else {
        return;
    };
    assert!(sets.len() <= 1200);
    let kept: Vec<_> = h264::units(&sets).into_iter().flatten().collect();
    assert!(kept.len() >= 2);
    let sent: Vec<_> = h264::units(payload).into_iter().flatten().collect();
    assert!(kept.iter().all(|unit| sent.contains(unit)));
}

/// A sequence begins only where the header and the first element say so; any length is looked at.
pub fn av1(payload: &[u8]) {
    for len in 0..=payload.len() {
        let payload = payload.get(..len).unwrap_or_default();
        let Some(begins) = av1::key_start(payload) else {
            assert!(len < 2);
            continue;
        };
        assert!(!begins || payload.first().is_some_and(|head| head & 0x88 == 0x08));
    }
}

/// A descriptor that has its mandatory fields comes through with another frame number.
pub fn dependency(value: &[u8]) {
    let value = value.get(..255).unwrap_or(value);
    if Dependency::frame_number(value).is_none() {
        return;
    }
    let fields = Fields {
        marker: false,
        pt: Pt(45),
        seq: 1,
        timestamp: 2,
        abs_send_time: 3,
        level: None,
        dependency: Some(Dependency {
            value,
            frame_number: 0x1234,
        }),
    };
    let mut out = [0xff; Layout::MAX_LEN];
    let len = Layout::new(Ssrc(4), Kind::Video, b"mid", &IDS).write(&mut out, &fields);
    let written = len.and_then(|len| out.get(..len)).unwrap_or_default();
    let mut expected = value.to_vec();
    put(&mut expected, 1, &[0x12, 0x34]);
    assert!(Header::parse(written).is_ok_and(|header| {
        let read = Extensions::read(&header, written, &IDS);
        header.header_len == written.len()
            && read.mid == Some(b"mid")
            && read.abs_send_time == Some(3)
            && read.dependency_descriptor == Some(&expected)
    }));
}

#[cfg(test)]
mod tests;
