//! Codecs beside VP8: gates, parameter sets, counters, dependency descriptors.

use super::encoder::{SETS, STRUCTURE};
use super::*;
use crate::codec::Codec;
use crate::rtcp;

const CODECS: [Codec; 4] = [Codec::Vp8, Codec::H264, Codec::Vp9, Codec::Av1];

fn switch_to(house: &mut House, peer: u32, encoder: Encoder) {
    house.guests.get_mut(&peer).unwrap().encoder = encoder;
}

/// A peer that has only these of the video codecs.
fn only(mut spec: PeerSpec, codecs: &[Codec]) -> PeerSpec {
    spec.codecs
        .retain(|map| map.codec == Codec::Opus || codecs.contains(&map.codec));
    spec
}

fn numbers(house: &House, peer: u32) -> Vec<u16> {
    house
        .guest(peer)
        .video()
        .iter()
        .map(|(h, _)| h.seq)
        .collect()
}

fn assert_no_hole(house: &House, peer: u32) {
    let numbers = numbers(house, peer);
    assert!(
        numbers.windows(2).all(|w| w[1] == w[0].wrapping_add(1)),
        "peer {peer}: {numbers:?}"
    );
}

#[test]
fn a_slot_shows_one_codec_after_another_and_nothing_that_its_peer_lacks() {
    let mut house = House::on_air(2);
    house.enter(attendee(2, 1), 0);
    house.enter(only(attendee(3, 1), &[Codec::Vp8]), 1);
    house.enter(only(attendee(4, 1), &[Codec::Av1, Codec::H264]), 0);
    let mut expected = vec![];
    for codec in CODECS.into_iter().chain(CODECS) {
        let encoder = Encoder::of(codec);
        switch_to(&mut house, 1, encoder);
        house.frame(1, 0, false, 2);
        house.pass(33);
        house.frame(1, 0, true, 3);
        house.pass(33);
        house.frame(1, 0, false, 1);
        house.pass(33);
        expected.extend([encoder.pt(); 4]);
    }
    let pts = |peer| -> Vec<Pt> {
        house
            .guest(peer)
            .video()
            .iter()
            .map(|(h, _)| h.pt)
            .collect()
    };
    assert_eq!(pts(2), expected);
    assert_eq!(pts(3), [Pt(96); 8]);
    assert_eq!(pts(4)[..8], [[Pt(102); 4], [Pt(45); 4]].concat());
    for peer in [2, 3, 4] {
        assert_no_hole(&house, peer);
        let stamps: Vec<u32> = house
            .guest(peer)
            .video()
            .iter()
            .map(|(h, _)| h.timestamp)
            .collect();
        assert!(
            stamps.windows(2).all(|w| w[1].wrapping_sub(w[0]) < 1 << 20),
            "{stamps:?}"
        );
    }
    // Six packets of each stint, three stints or two that are not theirs.
    assert_eq!(house.dropped(Drop::CodecMissing), 6 * (2 * 3 + 2 * 2));
    // One that refused deltas: each stint began with two.
    assert_eq!(house.dropped(Drop::NotKeyframe), 2 * (8 + 2 + 4));
    // VP8 counts on where it stopped; its descriptor's bytes 2 and 3.
    let vp8: Vec<u16> = house
        .guest(3)
        .video()
        .iter()
        .map(|(_, p)| u16::from_be_bytes([p[2], p[3]]))
        .collect();
    assert_eq!(
        vp8,
        [0, 0, 0, 1, 2, 2, 2, 3].map(|n| vp8[0].wrapping_add(n))
    );
    house.assert_all_decrypt();
}

#[test]
fn what_cannot_be_decoded_costs_nobody_keyframes() {
    let mut house = House::on_air(1);
    house.enter(attendee(2, 1), 0);
    house.enter(only(attendee(3, 1), &[Codec::Vp8]), 0);
    switch_to(&mut house, 1, Encoder::of(Codec::H264));
    // The second one answers what was asked for before the first had been sent.
    for _ in 0..2 {
        house.frame(1, 0, true, 2);
        house.pass(600);
    }
    let asked = house.count(Count::PliOut);
    for _ in 0..100 {
        house.frame(1, 0, false, 1);
        house.pass(33);
    }
    assert_eq!(house.count(Count::PliOut), asked);
    assert!(house.guest(3).video().is_empty());
    assert_eq!(house.guest(2).video().len(), 104);
    // It asks as soon as there is something it can decode.
    switch_to(&mut house, 1, Encoder::default());
    house.frame(1, 0, false, 1);
    house.pass(40);
    assert_eq!(house.count(Count::PliOut), asked + 1);
    house.frame(1, 0, true, 1);
    assert_eq!(house.guest(3).video().len(), 1);
}

#[test]
fn a_source_that_comes_back_to_a_codec_passes_the_gate_again() {
    let mut house = House::on_air(1);
    house.enter(only(attendee(2, 1), &[Codec::Vp8]), 0);
    house.frame(1, 0, true, 1);
    let late = house.encode(1, 0, false, 1);
    switch_to(&mut house, 1, Encoder::of(Codec::Vp9));
    house.frame(1, 0, true, 1);
    switch_to(&mut house, 1, Encoder::default());
    house.frame(1, 0, false, 1);
    for datagram in late {
        house.deliver(1, datagram);
    }
    assert_eq!(house.guest(2).video().len(), 1);
    house.frame(1, 0, true, 1);
    assert_eq!(house.guest(2).video().len(), 2);
    assert_no_hole(&house, 2);
}

#[test]
fn an_opus_packet_on_a_camera_is_none() {
    let mut house = House::on_air(1);
    house.enter(attendee(2, 1), 0);
    house.frame(1, 0, true, 1);
    let guest = house.guests.get_mut(&1).unwrap();
    let seq = guest.number(110);
    let media = Media {
        payload: &[0x78; 40],
        ..guest.media(110, OPUS, CAMERA, "q", seq)
    };
    let datagram = guest.client.rtp(&media).unwrap();
    house.deliver(1, datagram);
    assert_eq!(house.guest(2).packets.len(), 1);
    assert_eq!(house.dropped(Drop::UnknownPayloadType), 1);
}

#[test]
fn an_idr_without_parameter_sets_opens_with_the_kept_ones() {
    let mut house = House::on_air(2);
    switch_to(&mut house, 1, Encoder::of(Codec::H264));
    house.frame(1, 0, true, 3);
    // Late joiners, on both workers; from now on the publisher repeats no sets.
    house.enter(attendee(2, 1), 0);
    house.enter(attendee(3, 1), 1);
    switch_to(&mut house, 1, Encoder::BARE);
    house.pass(33);
    house.frame(1, 0, false, 1);
    assert!(house.guest(2).video().is_empty());
    house.pass(33);
    house.frame(1, 0, true, 2);
    house.frame(1, 0, false, 1);
    for peer in [2, 3] {
        assert_no_hole(&house, peer);
        let video = house.guest(peer).video();
        assert_eq!(video.len(), 4);
        let (sets, idr) = (&video[0], &video[1]);
        assert_eq!(sets.1, SETS);
        assert_eq!((sets.0.pt, sets.0.marker), (Pt(102), false));
        assert_eq!(sets.0.timestamp, idr.0.timestamp);
        assert_eq!(idr.1[..3], [0x7c, 0x85, 0x88]);
    }
    // They can be asked for again like any other packet.
    let (media, seq) = (house.guest(3).spec.slots[1].ssrc, numbers(&house, 3)[0]);
    let rtx = house.guest(3).spec.slots[1].rtx_ssrc.unwrap().0;
    house.pass(10);
    house.rtcp(3, |out| rtcp::write_nack(out, Ssrc(1), media, [seq]));
    let again = house.guest(3).on(rtx);
    assert_eq!(again.len(), 1);
    assert_eq!(again[0].0.pt, Pt(103));
    assert_eq!(again[0].1[..2], seq.to_be_bytes());
    assert_eq!(again[0].1[2..], SETS);
    house.assert_all_decrypt();
}

#[test]
fn parameter_sets_go_before_their_keyframe_however_many_wait_for_it() {
    let mut house = House::on_air(1);
    switch_to(&mut house, 1, Encoder::of(Codec::H264));
    house.frame(1, 0, true, 2);
    switch_to(&mut house, 1, Encoder::BARE);
    let viewers = 100..500;
    for viewer in viewers.clone() {
        house.enter(attendee(viewer, 1), 0);
    }
    house.pass(33);
    house.frame(1, 0, true, 1);
    for viewer in viewers {
        let video = house.guest(viewer).video();
        assert_eq!(video.len(), 2, "viewer {viewer}");
        assert_eq!(video[0].1, SETS);
        assert_no_hole(&house, viewer);
    }
    assert_eq!(house.dropped(Drop::SendFailed), 0);
    house.assert_all_decrypt();
}

#[test]
fn frame_numbers_go_on_across_seats_and_retransmission() {
    let mut house = House::on_air(2);
    house.enter(publisher(2), 1);
    house.enter(attendee(3, 1), 0);
    let mut strict = attendee(4, 1);
    strict.two_byte = false;
    house.enter(strict, 0);
    for peer in [1, 2] {
        switch_to(&mut house, peer, Encoder::of(Codec::Av1));
    }
    house.frame(1, 0, true, 2);
    house.frame(1, 0, false, 1);
    house.seat(1, 2);
    house.pass(33);
    house.frame(2, 0, true, 2);
    house.frame(2, 0, false, 1);
    let got: Vec<Vec<u8>> = house
        .guest(3)
        .dependencies
        .iter()
        .flatten()
        .cloned()
        .collect();
    let first = u16::from_be_bytes([got[0][1], got[0][2]]);
    let frame = |head: u8, n: u16| {
        let [high, low] = first.wrapping_add(n).to_be_bytes();
        vec![head, high, low]
    };
    let key = |n| [frame(0x80, n), STRUCTURE[3..].to_vec()].concat();
    let run = |n| [key(n), frame(0x40, n), frame(0xc0, n + 1)];
    assert_eq!(got, [run(0), run(2)].concat());
    // Of two bytes where it must be, of one byte otherwise.
    let profiles: Vec<u16> = house
        .guest(3)
        .video()
        .iter()
        .map(|(h, _)| h.extension.unwrap().profile)
        .collect();
    assert_eq!(profiles, [0x1000, 0xbede, 0xbede, 0x1000, 0xbede, 0xbede]);
    assert_eq!(house.guest(4).video().len(), 6);
    assert!(house.guest(4).dependencies.iter().all(Option::is_none));

    let (media, seq) = (house.guest(3).spec.slots[1].ssrc, numbers(&house, 3)[3]);
    house.pass(10);
    house.rtcp(3, |out| rtcp::write_nack(out, Ssrc(1), media, [seq]));
    assert_eq!(house.guest(3).packets.last().unwrap().0.pt, Pt(46));
    assert_eq!(house.guest(3).dependencies.last().unwrap(), &Some(key(2)));
    house.assert_all_decrypt();
}
