//! Header extensions of either form, against a decoder written as RFC 8285 tells it.

use crate::rtp::{ExtensionIds, Extensions, Header, Level};
use std::collections::BTreeMap;

/// Ids in the reach of the one-byte form.
const IDS: ExtensionIds = super::IDS;

/// Whatever the block holds, each form finds the first of each kind that fits, and stops where it must.
pub fn extensions(block: &[u8]) {
    let block = block.get(..block.len().min(1_000)).unwrap_or_default();
    for profile in [0xbede, 0x1000, 0x100f, 0x2000] {
        let packet = packet(profile, block);
        let header = Header::parse(&packet).unwrap();
        assert_eq!(&packet[header.header_len..], b"payload");
        let padded = &packet[16..header.header_len];
        let elements = match profile {
            0xbede => one_byte(padded),
            0x2000 => BTreeMap::new(),
            _ => two_byte(padded),
        };
        let found = Extensions::read(&header, &packet, &IDS);
        let of = |id: u8| elements.get(&id).map(Vec::as_slice).unwrap_or_default();
        // The first value that is long enough counts for numbers, the first of all for names.
        let number = |id, len: usize| {
            let value = of(id).iter().find(|value| value.len() >= len)?;
            Some(value[..len].iter().fold(0, |n, b| n << 8 | u32::from(*b)))
        };
        assert_eq!(found.mid, of(IDS.mid).first().copied());
        assert_eq!(found.rid, of(IDS.rid).first().copied());
        assert_eq!(found.rrid, of(IDS.rrid).first().copied());
        let descriptor = of(IDS.dependency_descriptor).first().copied();
        assert_eq!(found.dependency_descriptor, descriptor);
        assert_eq!(
            found.transport_cc.map(u32::from),
            number(IDS.transport_cc, 2)
        );
        assert_eq!(found.abs_send_time, number(IDS.abs_send_time, 3));
        assert_eq!(
            found.audio_level.map(Level::to_wire).map(u32::from),
            number(IDS.audio_level, 1)
        );
        let none = Extensions::read(&header, &packet, &ExtensionIds::default());
        assert_eq!(none, Extensions::default(), "id 0 is padding");
    }
}

/// A packet with this block, padded to 32 bits.
fn packet(profile: u16, block: &[u8]) -> Vec<u8> {
    let mut packet = vec![0x90, 96, 0, 1, 0, 0, 0, 2, 0, 0, 0, 3];
    packet.extend(profile.to_be_bytes());
    packet.extend((block.len().div_ceil(4) as u16).to_be_bytes());
    packet.extend(block);
    packet.resize(16 + block.len().next_multiple_of(4), 0);
    packet.extend(b"payload");
    packet
}

type Elements<'a> = BTreeMap<u8, Vec<&'a [u8]>>;

/// RFC 8285 section 4.2.
fn one_byte(mut rest: &[u8]) -> Elements<'_> {
    let mut elements = Elements::new();
    while let [head, tail @ ..] = rest {
        rest = tail;
        if *head == 0 {
            continue;
        }
        let (id, len) = (head >> 4, usize::from(head & 15) + 1);
        if id == 15 || len > rest.len() {
            break;
        }
        if id != 0 {
            elements.entry(id).or_default().push(&rest[..len]);
        }
        rest = &rest[len..];
    }
    elements
}

/// RFC 8285 section 4.3.
fn two_byte(mut rest: &[u8]) -> Elements<'_> {
    let mut elements = Elements::new();
    while let [head, tail @ ..] = rest {
        rest = tail;
        if *head == 0 {
            continue;
        }
        let [len, tail @ ..] = rest else { break };
        let len = usize::from(*len);
        if len > tail.len() {
            break;
        }
        elements.entry(*head).or_default().push(&tail[..len]);
        rest = &tail[len..];
    }
    elements
}
