use super::*;
use proptest::prelude::*;

/// Constrained baseline 3.1, id 0, as x264 writes it; and id 1.
const SPS_0: &[u8] = &[0x67, 0x42, 0xc0, 0x1f, 0xda, 0x02, 0x80, 0xf6];
const SPS_1: &[u8] = &[0x67, 0x42, 0xc0, 0x1f, 0x5a, 0x02, 0x80, 0xf6];
const PPS_0: &[u8] = &[0x68, 0xce, 0x3c, 0x80];
const SLICE: &[u8] = &[0x65, 0x88, 0x84, 0x00];
const DELTA: &[u8] = &[0x41, 0x9a, 0x24, 0x6c];

fn stap(sets: &[&[u8]]) -> Vec<u8> {
    let mut payload = vec![0x78];
    for set in sets {
        payload.extend((set.len() as u16).to_be_bytes());
        payload.extend_from_slice(set);
    }
    payload
}

fn kinds(payload: &[u8]) -> Option<Vec<u8>> {
    units(payload).map(|units| units.map(|unit| unit.kind).collect())
}

/// Packets (number, time stamp, payload), all but the last read before it.
fn last(packets: &[(u64, u32, &[u8])]) -> Contents {
    let mut reader = Reader::default();
    let read = |&(seq, timestamp, payload): &(u64, u32, &[u8])| {
        reader.read(Seq(seq), timestamp, payload).unwrap()
    };
    packets.iter().map(read).last().unwrap()
}

#[test]
fn forms_of_a_payload() {
    for (payload, expected) in [
        (SLICE.to_vec(), Some(vec![IDR])),
        (stap(&[SPS_0, PPS_0, SLICE]), Some(vec![SPS, PPS, IDR])),
        // FU-A: its beginning, its middle, its end.
        (vec![0x7c, 0x85, 0x88, 0x84], Some(vec![IDR])),
        (vec![0x7c, 0x05, 0x88, 0x84], Some(vec![])),
        (vec![0x7c, 0x45, 0x88, 0x84], Some(vec![])),
        // Cut short, empty units, modes that are not ours.
        (vec![], None),
        (vec![0x65], None),
        (vec![0x78], None),
        (vec![0x78, 0, 9, 0x67], None),
        (vec![0x78, 0, 0, 0, 1, 0x67], None),
        (vec![0x7c, 0x85], None),
        (vec![0x79, 0, 0, 1, 0x67], None),
        (vec![0x7d, 0x85, 0, 0, 1], None),
        (vec![0x60, 1, 2], None),
    ] {
        assert_eq!(kinds(&payload), expected, "{payload:x?}");
    }
}

#[test]
fn ids_are_read() {
    for (bytes, expected) in [
        (&[0x80][..], Some(0)),
        (&[0x40][..], Some(1)),
        (&[0x60][..], Some(2)),
        (&[0x28][..], Some(4)),
        (&[0x00, 0x80, 0x00][..], Some(255)),
        (&[0x00, 0x80][..], None),
        (&[0x00, 0x00, 0x80, 0x00][..], None),
        (&[][..], None),
    ] {
        assert_eq!(exp_golomb(bytes), expected, "{bytes:x?}");
    }
    let id = |bytes| Unit::of(bytes).unwrap().set_id();
    assert_eq!(
        [id(SPS_0), id(SPS_1), id(PPS_0)],
        [Some(0), Some(1), Some(0)]
    );
}

#[test]
fn a_slot_opens_at_the_sps_however_it_comes() {
    for payload in [
        SPS_0.to_vec(),
        stap(&[SPS_0, PPS_0]),
        stap(&[&[9, 0xf0], SPS_0, PPS_0]),
    ] {
        let contents = last(&[(1, 0, &payload)]);
        assert!(contents.key_start && contents.parameter_sets.is_none());
    }
    // What follows in its access unit is no beginning, and a picture without any set is none either.
    for packets in [
        &[(1, 0, SPS_0), (2, 0, PPS_0)][..],
        &[(1, 0, SPS_0), (2, 0, PPS_0), (3, 0, SLICE)],
        &[(1, 0, DELTA), (2, 9, SLICE)],
        &[(1, 0, SPS_0), (2, 9, SLICE)],
        &[(1, 0, DELTA)],
    ] {
        assert_eq!(last(packets), Contents::default(), "{packets:x?}");
    }
}

#[test]
fn an_idr_that_comes_without_sets_brings_the_kept_ones() {
    let begin: [(u64, u32, &[u8]); 3] = [(1, 0, SPS_0), (2, 0, PPS_0), (3, 0, SLICE)];
    let then = |rest: &[(u64, u32, &[u8])]| last(&[&begin[..], rest].concat());
    let fragment = [0x7c, 0x85, 0x88, 0x84];
    let delimiter: &[u8] = &[9, 0xf0];
    for rest in [
        &[(4, 9, SLICE)][..],
        &[(4, 9, &fragment[..])],
        &[(4, 9, delimiter), (5, 9, SLICE)],
    ] {
        let contents = then(rest);
        assert!(contents.key_start);
        assert_eq!(
            contents.parameter_sets.as_deref(),
            Some(&stap(&[SPS_0, PPS_0])[..])
        );
    }
    let (later_slice, later_fragment) = ([0x65, 0x28, 0x84], [0x7c, 0x05, 0x88, 0x84]);
    for rest in [
        // Not its beginning.
        &[(4, 9, &later_slice[..])][..],
        &[(4, 9, &later_fragment[..])],
        // The set that is missing before it may be a new one.
        &[(5, 9, SLICE)],
        &[(4, 9, delimiter), (6, 9, SLICE)],
        &[(5, 9, SLICE), (4, 9, DELTA)],
        &[(5, 9, DELTA), (4, 9, SLICE)],
    ] {
        assert_eq!(then(rest), Contents::default(), "{rest:x?}");
    }
}

#[test]
fn padding_is_no_hole() {
    let mut reader = Reader::default();
    for (seq, payload) in [(1, SPS_0), (2, PPS_0), (3, SLICE)] {
        reader.read(Seq(seq), 0, payload).unwrap();
    }
    reader.pass_over(Seq(4));
    assert!(reader.read(Seq(5), 9, SLICE).unwrap().key_start);
    reader.pass_over(Seq(7));
    assert!(!reader.read(Seq(8), 18, SLICE).unwrap().key_start);
}

#[test]
fn kept_sets_are_the_latest_of_each_id_and_bounded() {
    let mut sets = ParameterSets::default();
    let keep = |sets: &mut ParameterSets, bytes: &[u8]| sets.keep(Unit::of(bytes).unwrap());
    keep(&mut sets, PPS_0);
    assert_eq!(sets.aggregate(), None);
    keep(&mut sets, SPS_0);
    let first = sets.aggregate().unwrap();
    assert_eq!(first[..], stap(&[SPS_0, PPS_0]));
    keep(&mut sets, SPS_0);
    assert!(Arc::ptr_eq(&first, &sets.aggregate().unwrap()));
    let mut changed = SPS_0.to_vec();
    changed.push(1);
    keep(&mut sets, &changed);
    assert_eq!(sets.aggregate().unwrap()[..], stap(&[&changed, PPS_0]));
    // Too long to be kept; and so many that the oldest go.
    keep(&mut sets, &[SPS_1, &[1; MAX_SET]].concat());
    assert_eq!(sets.sets.len(), 2);
    for id in 0..40u16 {
        // Exp-Golomb code of the id, at the front of 16 bits.
        let code = (id + 1) << (15 - 2 * (id + 1).ilog2());
        let pps = [&[0x68][..], &code.to_be_bytes(), &[1; MAX_SET - 3]].concat();
        keep(&mut sets, &pps);
        assert_eq!(sets.sets.last().unwrap().id, u32::from(id));
    }
    keep(&mut sets, SPS_0);
    assert_eq!(sets.sets.len(), MAX_SETS);
    assert!(sets.aggregate().unwrap().len() <= 1200);
}

proptest! {
    #[test]
    fn random_bytes(payload in proptest::collection::vec(any::<u8>(), 0..60)) {
        crate::fuzz::h264(&payload);
    }
}
