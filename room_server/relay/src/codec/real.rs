//! Packets that real encoders sent, as they lie in the fuzz seeds: where each says that a slot may open.

use super::{av1, h264, vp9};
use crate::ids::Seq;
use std::fs;
use std::path::Path;

fn seed(name: &str) -> Vec<u8> {
    let seeds = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/seeds");
    fs::read(seeds.join(name)).unwrap()
}

#[test]
fn keyframes_of_chromium() {
    let vp9 = |name: &str| vp9::Descriptor::parse(&seed(name)).unwrap().key;
    let av1 = |name: &str| av1::key_start(&seed(name)).unwrap();
    for (name, expected) in [
        ("vp9/chromium_key_begins", true),
        ("vp9/chromium_key_goes_on", false),
        ("vp9/chromium_key_ends", false),
        ("vp9/chromium_delta", false),
        ("vp9/chromium_l1t3_key", true),
        ("vp9/chromium_l1t3_delta", false),
        ("av1/chromium_key_begins", true),
        ("av1/chromium_key_ends", false),
        ("av1/chromium_delta", false),
        ("av1/chromium_l1t3_key", true),
    ] {
        let key = if name.starts_with("vp9") {
            vp9(name)
        } else {
            av1(name)
        };
        assert_eq!(key, expected, "{name}");
    }
}

#[test]
fn h264_of_openh264_and_of_x264() {
    for (encoder, names) in [
        ("chromium", ["stap_a", "idr_begins", "idr_ends", "delta"]),
        ("aiortc", ["stap_a", "idr_begins", "idr_ends", "delta"]),
    ] {
        let mut reader = h264::Reader::default();
        let mut read = |seq: u64, timestamp, name: &str| {
            let payload = seed(&format!("h264/{encoder}_{name}"));
            reader.read(Seq(seq), timestamp, &payload).unwrap()
        };
        for (seq, name) in (1..).zip(&names[..3]) {
            let contents = read(seq, 0, name);
            assert_eq!(contents.key_start, seq == 1, "{encoder} {name}");
            assert_eq!(contents.parameter_sets, None);
        }
        assert!(!read(4, 3_000, names[3]).key_start);
        // The same keyframe without its first packet.
        let kept = read(5, 6_000, names[1]).parameter_sets.unwrap();
        // x264 has its settings in an SEI (6) behind them.
        let sent = seed(&format!("h264/{encoder}_stap_a"));
        let sets = h264::units(&sent).unwrap().filter(|unit| unit.kind != 6);
        assert!(h264::units(&kept).unwrap().eq(sets), "{encoder}");
    }
}
