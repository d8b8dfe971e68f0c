//! Fuzz bodies: what must hold for any bytes from the network. Run by `cargo test` over the seeds in
//! `fuzz/seeds/` and over random bytes (in each module's own tests), and by any fuzzer that calls them.

use crate::bytes::put;
use crate::codec::vp8;
use crate::drop::Drop;
use crate::ids::{Kind, Seq, Ssrc};
use crate::rtcp::{self, Packet};
use crate::rtp::{ExtensionIds, Extensions, FIXED_HEADER, Fields, Header, Layout};
use crate::srtp::{Inbound, MAX_RTP_OVERHEAD, Outbound, Profile, Stream};
use crate::stun::{self, Key, MAX_SUCCESS, Message};

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

/// Patching changes the ids and nothing else.
pub fn vp8(payload: &[u8]) {
    let Some(descriptor) = vp8::Descriptor::parse(payload) else {
        return;
    };
    assert!(usize::from(descriptor.len) < payload.len());
    assert!(!descriptor.key_start() || descriptor.start);
    let mut patched = payload.to_vec();
    descriptor.patch(&mut patched, 0x5555, 0xaa);
    let mut expected = descriptor;
    expected.picture_id = descriptor.picture_id.map(|_| {
        if descriptor.picture_id_wide {
            0x5555
        } else {
            0x55
        }
    });
    expected.tl0 = descriptor.tl0.map(|_| 0xaa);
    assert_eq!(vp8::Descriptor::parse(&patched), Some(expected));
    assert_eq!(
        patched.get(usize::from(descriptor.len)..),
        payload.get(usize::from(descriptor.len)..)
    );
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use std::fs;
    use std::path::Path;

    type Body = (&'static str, fn(&[u8]));

    const BODIES: [Body; 5] = [
        ("stun", super::stun),
        ("rtp", super::rtp),
        ("rtcp", super::rtcp),
        ("srtp", super::srtp),
        ("vp8", super::vp8),
    ];

    fn seeds(name: &str) -> Vec<Vec<u8>> {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("fuzz/seeds")
            .join(name);
        let entries = fs::read_dir(&folder).unwrap();
        let mut paths: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
        paths.sort();
        assert!(paths.len() >= 4, "{} has lost its seeds", folder.display());
        paths.iter().map(|path| fs::read(path).unwrap()).collect()
    }

    #[test]
    fn as_they_are() {
        for (name, body) in BODIES {
            for seed in seeds(name) {
                body(&seed);
            }
        }
    }

    /// Bytes changed, cut out, doubled: what a fuzzer does first.
    fn damage(bytes: &mut Vec<u8>, at: usize, length: usize, how: u8, value: u8) {
        let at = at % (bytes.len() + 1);
        let end = (at + length).min(bytes.len());
        match how {
            0 => bytes.truncate(at),
            1 => drop(bytes.drain(at..end)),
            2 => {
                let again = bytes[at..end].to_vec();
                bytes.splice(at..at, again);
            }
            3 => bytes.insert(at, value),
            _ => {
                for byte in &mut bytes[at..end] {
                    *byte ^= value;
                }
            }
        }
    }

    proptest! {
        #[test]
        fn damaged(
            which in 0..BODIES.len(), seed: prop::sample::Index,
            steps in prop::collection::vec((0usize..2_000, 1usize..8, 0u8..9, any::<u8>()), 1..6),
        ) {
            let (name, body) = BODIES[which];
            let mut bytes = seed.get(&seeds(name)).clone();
            for (at, length, how, value) in steps {
                damage(&mut bytes, at, length, how, value);
            }
            body(&bytes);
        }
    }
}
