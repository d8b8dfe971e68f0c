use super::*;
use crate::rtp::{Extensions, Header};
use proptest::prelude::*;

const IDS: ExtensionIds = ExtensionIds {
    mid: 4,
    rid: 10,
    rrid: 11,
    audio_level: 1,
    abs_send_time: 14,
    transport_cc: 3,
    dependency_descriptor: 12,
};
const FIELDS: Fields<'static> = Fields {
    marker: true,
    pt: Pt(111),
    seq: 0xfffe,
    timestamp: 0x1234_5678,
    abs_send_time: 0xab_cdef,
    level: Some(Level {
        dbov: 30,
        voice: true,
    }),
    dependency: None,
};

fn written(layout: &Layout, fields: &Fields<'_>) -> Vec<u8> {
    let mut out = vec![0xaa; Layout::MAX_LEN];
    let len = layout.write(&mut out, fields).unwrap();
    assert!(len == layout.len() || fields.dependency.is_some());
    out.truncate(len);
    out
}

#[test]
fn bytes_of_an_audio_header() {
    let layout = Layout::new(Ssrc(0xcafe_f00d), Kind::Audio, b"12", &IDS);
    assert_eq!(
        written(&layout, &FIELDS),
        crate::bytes::hex("90ef fffe 12345678 cafef00d bede0003 e2abcdef 109e 413132 000000")
    );
}

#[test]
fn video_has_no_level_and_silence_stands_in_for_none() {
    let video = Layout::new(Ssrc(1), Kind::Video, b"0", &IDS);
    let packet = written(&video, &FIELDS);
    let header = Header::parse(&packet).unwrap();
    assert_eq!(Extensions::read(&header, &packet, &IDS).audio_level, None);

    let audio = Layout::new(Ssrc(1), Kind::Audio, b"0", &IDS);
    let packet = written(
        &audio,
        &Fields {
            level: None,
            ..FIELDS
        },
    );
    let level = Extensions::read(&header, &packet, &IDS).audio_level;
    assert_eq!(
        level,
        Some(Level {
            dbov: 127,
            voice: false
        })
    );
}

#[test]
fn without_extensions_the_header_is_the_fixed_one() {
    for (mid, ids) in [
        (
            &b""[..],
            ExtensionIds {
                mid: 4,
                ..ExtensionIds::default()
            },
        ),
        (
            &b"seventeen bytes.."[..],
            ExtensionIds {
                mid: 4,
                ..ExtensionIds::default()
            },
        ),
        (
            &b"0"[..],
            ExtensionIds {
                mid: 15,
                abs_send_time: 200,
                ..ExtensionIds::default()
            },
        ),
        (&b"0"[..], ExtensionIds::default()),
    ] {
        let packet = written(&Layout::new(Ssrc(1), Kind::Video, mid, &ids), &FIELDS);
        assert_eq!(packet, crate::bytes::hex("80ef fffe 12345678 00000001"));
    }
}

#[test]
fn the_longest_header_fits() {
    let layout = Layout::new(Ssrc(1), Kind::Audio, &[b'm'; 16], &IDS);
    assert_eq!(layout.len(), MAX_TEMPLATE);
    let mut short = [0; MAX_TEMPLATE - 1];
    assert_eq!(layout.write(&mut short, &FIELDS), None);
    assert_eq!(short, [0; MAX_TEMPLATE - 1]);

    let layout = Layout::new(Ssrc(1), Kind::Video, &[b'm'; 16], &IDS);
    let fields = dependent(&[7; 255]);
    assert_eq!(written(&layout, &fields).len(), Layout::MAX_LEN);
    let mut short = [0; Layout::MAX_LEN - 1];
    assert_eq!(layout.write(&mut short, &fields), None);
}

fn dependent(value: &[u8]) -> Fields<'_> {
    let frame_number = 0x0506;
    Fields {
        dependency: Some(Dependency {
            value,
            frame_number,
        }),
        ..FIELDS
    }
}

#[test]
fn bytes_of_a_header_with_a_dependency_descriptor() {
    let layout = Layout::new(Ssrc(0xcafe_f00d), Kind::Video, b"12", &IDS);
    assert_eq!(
        written(&layout, &dependent(&[0xc3, 0x99, 0x99])),
        crate::bytes::hex("90ef fffe 12345678 cafef00d bede0003 e2abcdef 413132 c2c30506 00")
    );
    // One byte more than the one-byte form can say.
    let mut value = [0xdd; 17];
    value[0] = 0x80;
    assert_eq!(
        written(&layout, &dependent(&value)),
        crate::bytes::hex(
            "90ef fffe 12345678 cafef00d 10000007 0e03abcdef 04023132 0c11 800506 \
             dddddddddddddddddddddddddddd"
        )
    );
}

#[test]
fn without_its_id_a_dependency_descriptor_is_left_out() {
    for (kind, dependency_descriptor) in [(Kind::Video, 0), (Kind::Video, 15), (Kind::Audio, 12)] {
        let ids = ExtensionIds {
            dependency_descriptor,
            ..IDS
        };
        let layout = Layout::new(Ssrc(1), kind, b"0", &ids);
        assert_eq!(
            written(&layout, &dependent(&[1, 2, 3])),
            written(&layout, &FIELDS)
        );
    }
    // Alone it makes an extension where there was none.
    let ids = ExtensionIds {
        dependency_descriptor: 12,
        ..ExtensionIds::default()
    };
    let layout = Layout::new(Ssrc(1), Kind::Video, b"", &ids);
    assert_eq!(
        written(&layout, &dependent(&[0x40, 0, 0])),
        crate::bytes::hex("90ef fffe 12345678 00000001 bede0001 c2400506")
    );
}

proptest! {
    #[test]
    fn what_is_written_is_read(
        ssrc: u32, marker: bool, pt in 0u8..128, seq: u16, timestamp: u32,
        abs_send_time in 0u32..1 << 24, dbov in 0u8..128, voice: bool,
        mid in proptest::collection::vec(any::<u8>(), 1..=16),
    ) {
        let level = Some(Level { dbov, voice });
        let fields = Fields { marker, pt: Pt(pt), seq, timestamp, abs_send_time, level, dependency: None };
        let packet = written(&Layout::new(Ssrc(ssrc), Kind::Audio, &mid, &IDS), &fields);
        let header = Header::parse(&packet).unwrap();
        prop_assert_eq!(
            (header.ssrc, header.marker, header.pt, header.seq, header.timestamp, header.header_len),
            (Ssrc(ssrc), marker, Pt(pt), seq, timestamp, packet.len())
        );
        let found = Extensions::read(&header, &packet, &IDS);
        prop_assert_eq!(found.mid, Some(&mid[..]));
        prop_assert_eq!(found.audio_level, level);
        prop_assert_eq!(found.abs_send_time, Some(abs_send_time));
    }

    #[test]
    fn dependency_descriptors_come_through(
        value in proptest::collection::vec(any::<u8>(), 3..=255), number: u16, mid_len in 0usize..=16,
    ) {
        let layout = Layout::new(Ssrc(5), Kind::Video, &b"abcdefghijklmnop"[..mid_len], &IDS);
        let dependency = Some(Dependency { value: &value, frame_number: number });
        let packet = written(&layout, &Fields { dependency, ..FIELDS });
        let header = Header::parse(&packet).unwrap();
        prop_assert_eq!(header.header_len, packet.len());
        prop_assert_eq!(header.extension.unwrap().profile == TWO_BYTE, value.len() > 16);
        let found = Extensions::read(&header, &packet, &IDS);
        let mut expected = value.clone();
        expected[1..3].copy_from_slice(&number.to_be_bytes());
        prop_assert_eq!(found.dependency_descriptor, Some(&expected[..]));
        prop_assert_eq!(found.abs_send_time, Some(FIELDS.abs_send_time));
        prop_assert_eq!(found.mid.unwrap_or_default().len(), mid_len);
    }
}
