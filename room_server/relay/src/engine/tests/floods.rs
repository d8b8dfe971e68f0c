//! Peers that send or ask for far more than they need.

use super::*;
use crate::rtcp;

/// In one loop turn, before anything is sent.
fn deliver_all(house: &mut House, peer: u32, datagrams: Vec<Vec<u8>>) {
    let address = house.guest(peer).address;
    for mut datagram in datagrams {
        house.engines[0].handle_datagram(house.now, address, 0, &mut datagram);
    }
}

fn video_slot(house: &House, peer: u32) -> (Ssrc, u32) {
    let slot = &house.guest(peer).spec.slots[1];
    (slot.ssrc, slot.rtx_ssrc.unwrap().0)
}

#[test]
fn a_nack_flood_is_answered_within_the_share_of_repairs() {
    let mut house = House::on_air(1);
    house.enter(attendee(2, 1), 0);
    let (media, rtx) = video_slot(&house, 2);
    house.frame(1, 0, true, 200);
    let sent: Vec<u16> = house.guest(2).video().iter().map(|(h, _)| h.seq).collect();
    assert_eq!(sent.len(), 200);
    // Each is asked for five times a second, in more compounds than a receiver would send.
    for _ in 0..10 {
        for _ in 0..20 {
            house.rtcp(2, |out| {
                rtcp::write_nack(out, Ssrc(1), media, sent.iter().copied());
            });
        }
        house.pass(100);
    }
    let bytes: usize = house
        .guest(2)
        .on(rtx)
        .iter()
        .map(|(_, payload)| payload.len())
        .sum();
    // A fifth of what was sent, a burst, and 50 kbit/s.
    assert!(
        (30_000..200 * 200 / 5 + 30_000 + 7_000).contains(&bytes),
        "{bytes}"
    );
    assert_eq!(house.count(Count::NackIn), 200 * 200);
    assert_eq!(
        house.dropped(Drop::RepairLimit),
        200 * 200 - house.count(Count::RtxOut) - house.dropped(Drop::NotCached)
    );
}

#[test]
fn one_compound_asks_for_a_bounded_number_of_packets() {
    let mut house = House::on_air(1);
    house.enter(attendee(2, 1), 0);
    let (media, _) = video_slot(&house, 2);
    house.frame(1, 0, true, 1);
    house.rtcp(2, |out| {
        rtcp::write_nack(out, Ssrc(1), media, 20_000..20_300);
    });
    assert_eq!(
        (
            house.dropped(Drop::NotCached),
            house.dropped(Drop::RepairLimit)
        ),
        (256, 44)
    );
}

#[test]
fn a_flood_of_keyframe_requests_reaches_the_publisher_twice_a_second() {
    let mut house = House::on_air(2);
    for viewer in 2..6 {
        house.enter(attendee(viewer, 1), viewer as usize % 2);
    }
    house.frame(1, 0, true, 1);
    house.pass(1_000);
    let before = house.count(Count::PliOut);
    for round in 0..200 {
        for viewer in 2..6 {
            let (media, _) = video_slot(&house, viewer);
            house.rtcp(viewer, |out| rtcp::write_pli(out, Ssrc(1), media));
        }
        house.frame(1, 0, round % 40 == 0, 1);
        house.pass(10);
    }
    let asked = house.count(Count::PliOut) - before;
    assert!((3..=5).contains(&asked), "{asked} in 2 s");
    assert_eq!(house.count(Count::PliIn), 800);
}

#[test]
fn what_waits_for_the_subscribers_is_bounded_and_audio_has_its_own_room() {
    let mut house = House::on_air(1);
    house.enter(attendee(2, 1), 0);
    house.frame(1, 0, true, 1);
    let burst = house.encode(1, 0, false, 1_500);
    deliver_all(&mut house, 1, burst);
    assert_eq!(house.dropped(Drop::QueueFull), 500);
    house.speak(1, 20);
    assert_eq!(
        (house.guest(2).audio().len(), house.guest(2).video().len()),
        (1, 1_001)
    );
    house.frame(1, 0, true, 1);
    assert_eq!(house.guest(2).video().len(), 1_002);
    house.assert_all_decrypt();
}

#[test]
fn whoever_sends_too_much_on_stage_leaves_room_for_the_others() {
    let mut house = House::on_air(1);
    house.enter(publisher(2), 0);
    house.seat(2, 2);
    house.enter(wide(3, 2), 0);
    house.frame(1, 0, true, 1);
    house.frame(2, 0, true, 1);
    let flood = house.encode(1, 0, false, 2_500);
    deliver_all(&mut house, 1, flood);
    house.frame(2, 0, false, 50);
    let sent = house.guest(3).spec.slots.iter().map(|s| s.ssrc.0);
    let got: Vec<_> = sent.map(|ssrc| house.guest(3).on(ssrc).len()).collect();
    assert_eq!(got, [0, 1_001, 0, 51]);
    assert_eq!(house.dropped(Drop::QueueFull), 1_500);
}

#[test]
fn beyond_its_rate_a_peer_is_authenticated_but_goes_nowhere() {
    let mut house = House::on_air(1);
    house.enter(attendee(2, 1), 0);
    house.frame(1, 0, true, 1);
    // 50,000 packets a second for two seconds, in turns of a millisecond; past 2^15 only whoever has counted
    // all of them still understands the next.
    for _ in 0..2_000 {
        let turn = house.encode(1, 0, false, 50);
        deliver_all(&mut house, 1, turn);
        house.now = house.now + Duration::from_millis(1);
        house.run();
    }
    assert_eq!(house.count(Count::RtpIn), 100_001);
    let through = 100_001 - house.dropped(Drop::RateLimit);
    assert!((8_900..=9_001).contains(&through), "{through}");
    assert_eq!(house.dropped(Drop::BadAuth), 0);
    house.pass(2_000);
    house.frame(1, 0, true, 2);
    house.speak(1, 20);
    assert_eq!(house.dropped(Drop::BadAuth), 0);
    assert_eq!(house.guest(2).audio().len(), 1);
    house.assert_all_decrypt();
}

#[test]
fn what_is_forged_costs_the_peer_nothing() {
    let mut house = House::on_air(1);
    house.enter(attendee(2, 1), 0);
    house.frame(1, 0, true, 1);
    let mut forged = house.encode(1, 0, false, 1).remove(0);
    *forged.last_mut().unwrap() ^= 1;
    let mut report = vec![0x80, 201, 0, 1, 0, 0, 0, 9];
    report.extend([7; 20]);
    report.extend([0x80, 0, 0, 1]);
    for _ in 0..20_000 {
        deliver_all(&mut house, 1, vec![forged.clone(), report.clone()]);
    }
    assert_eq!(house.dropped(Drop::BadAuth), 40_000);
    let before = house.guest(2).video().len();
    house.frame(1, 0, false, 50);
    house.rtcp(1, |out| rtcp::write_rr(out, Ssrc(1), &[]));
    assert_eq!(house.guest(2).video().len() - before, 50);
    assert_eq!(
        house.dropped(Drop::RateLimit) + house.dropped(Drop::RtcpLimit),
        0
    );
}

#[test]
fn a_microphone_that_sends_like_a_camera_is_cut_to_what_opus_needs() {
    let mut house = House::on_air(1);
    house.enter(attendee(2, 1), 0);
    for _ in 0..100 {
        for _ in 0..20 {
            house.speak(1, 20);
        }
        house.pass(10);
    }
    // 2,000 in a second: a second's worth at once, and as much again in that second.
    let heard = house.guest(2).audio().len();
    assert!((780..=801).contains(&heard), "{heard}");
    assert_eq!(house.dropped(Drop::RateLimit), 2_000 - heard as u64);
}

#[test]
fn checks_are_answered_within_a_rate_and_repeats_do_not_use_it_up() {
    let mut house = House::new(1);
    house.open(attendee(1, 1), 0);
    let first = house.guests.get_mut(&1).unwrap().client.check(true);
    for _ in 0..150 {
        house.deliver(1, first.clone());
    }
    // Its own answer and those to a hundred repeats.
    assert_eq!(
        (house.guest(1).checks, house.dropped(Drop::StunLimit)),
        (101, 49)
    );
    for _ in 0..150 {
        house.check(1, true);
    }
    assert_eq!(
        (house.guest(1).checks, house.dropped(Drop::StunLimit)),
        (200, 100)
    );
    house.pass(1_000);
    house.check(1, true);
    assert_eq!(house.guest(1).checks, 201);
}

#[test]
fn reports_beyond_their_rate_and_packets_asked_for_without_end_are_dropped() {
    let mut house = House::on_air(1);
    house.enter(attendee(2, 1), 0);
    let (media, _) = video_slot(&house, 2);
    house.frame(1, 0, true, 1);
    for _ in 0..1_200 {
        house.rtcp(2, |out| {
            rtcp::write_nack(out, Ssrc(1), media, 20_000..20_300);
        });
    }
    assert_eq!(house.dropped(Drop::RtcpLimit), 200);
    assert_eq!(house.count(Count::NackIn), 1_000 * 300);
    assert_eq!(
        (
            house.dropped(Drop::NotCached),
            house.dropped(Drop::RepairLimit)
        ),
        (2_000, 298_000)
    );
}

#[test]
fn ssrcs_that_take_turns_on_a_layer_do_not_begin_it_again_and_again() {
    let mut house = House::on_air(1);
    house.enter(attendee(2, 1), 0);
    house.frame(1, 0, true, 1);
    house.run();
    let told = |house: &House| {
        let layers = |e: &&Event| matches!(e, Event::Layers(..));
        house.events.iter().filter(layers).count()
    };
    let before = told(&house);
    for n in 0..100 {
        house.guests.get_mut(&1).unwrap().camera = 10_000 * (n % 2);
        house.frame(1, 0, true, 1);
        house.pass(10);
    }
    // A second of turns 10 ms apart: it changes twice, and the stream that it is on is heard.
    assert!(told(&house) - before <= 4, "{}", told(&house) - before);
    let refused = house.dropped(Drop::SsrcLimit);
    assert!((48..=52).contains(&refused), "{refused}");
    assert!(house.guest(2).video().len() >= 48);
    house.assert_all_decrypt();
}

#[test]
fn layers_that_nobody_accepted_are_named() {
    let mut house = House::on_air(1);
    for n in 0..20u32 {
        let guest = house.guests.get_mut(&1).unwrap();
        let rid = format!("l{n}");
        let seq = guest.number(500 + n);
        let payload = vp8_payload(true, true, 1, 100);
        let media = Media {
            payload: &payload,
            ..guest.media(500 + n, Pt(96), CAMERA, &rid, seq)
        };
        let datagram = guest.client.rtp(&media).unwrap();
        house.deliver(1, datagram);
    }
    assert_eq!(house.dropped(Drop::TooManyLayers), 20);
    house.frame(1, 0, true, 1);
    assert_eq!(house.dropped(Drop::UnknownSsrc), 0);
}

#[test]
fn handshakes_are_bounded_in_bytes_and_once_there_are_keys_in_time() {
    let mut house = House::new(1);
    house.open(attendee(1, 1), 0);
    house.check(1, true);
    for _ in 0..60 {
        house.deliver(1, vec![22; 1_200]);
    }
    // 64 KiB hold 54 of them.
    assert_eq!(
        (house.count(Count::DtlsIn), house.dropped(Drop::DtlsLimit)),
        (54, 6)
    );
    house.pass(21_000);
    house.deliver(1, vec![22; 1_200]);
    assert_eq!(
        house.dropped(Drop::DtlsLimit),
        7,
        "time alone brings nothing before there are keys"
    );
    house.keys(1);
    house.deliver(1, vec![21; 40]);
    assert_eq!(
        (house.count(Count::DtlsIn), house.dropped(Drop::DtlsLimit)),
        (55, 7)
    );
}

#[test]
fn a_peer_cannot_make_the_relay_remember_streams_without_end() {
    let mut house = House::on_air(1);
    for _ in 0..100 {
        house.guests.get_mut(&1).unwrap().camera += 10_000;
        house.frame(1, 0, true, 1);
        house.pass(600);
    }
    // What the relay keeps replay windows for; the 65th and later are refused.
    assert_eq!(house.dropped(Drop::UnknownSsrc), 100 - 64);
    house.speak(1, 20);
    assert_eq!(house.dropped(Drop::UnknownSsrc), 100 - 64 + 1);
}

#[test]
fn losses_on_all_layers_are_asked_for_in_datagrams_that_fit() {
    let mut house = House::on_air(1);
    for layer in 0..2 {
        let keyframe = house.encode(1, layer, true, 1);
        deliver_all(&mut house, 1, keyframe);
        // One in eighteen: each takes an entry of its own. Within what a publisher may send, and all asked
        // for at once.
        for _ in 0..150 {
            house
                .guests
                .get_mut(&1)
                .unwrap()
                .number(110 + u32::from(layer));
            house.now = house.now + Duration::from_micros(2_500);
            let frame = house.encode(1, layer, false, 17);
            deliver_all(&mut house, 1, frame);
        }
    }
    house.pass(15);
    let asked = |compound: &Vec<u8>| {
        let nacks = rtcp::packets(compound).filter_map(|p| {
            if let rtcp::Packet::Nack(n) = p {
                Some(n.seqs().count())
            } else {
                None
            }
        });
        nacks.sum::<usize>()
    };
    let guest = house.guest(1);
    assert_eq!(guest.compounds.iter().map(asked).sum::<usize>(), 300);
    assert_eq!(house.dropped(Drop::SendFailed), 0);
}
