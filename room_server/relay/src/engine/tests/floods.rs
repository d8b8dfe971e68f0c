//! Peers that send or ask for far more than they need.

use super::*;
use crate::rtcp;

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
    let address = house.guest(1).address;
    for mut datagram in house.encode(1, 0, false, 2_500) {
        house.engines[0].handle_datagram(house.now, address, 0, &mut datagram);
    }
    assert_eq!(house.dropped(Drop::QueueFull), 500);
    house.speak(1, 20);
    assert_eq!(
        (house.guest(2).audio().len(), house.guest(2).video().len()),
        (1, 2_001)
    );
    house.frame(1, 0, true, 1);
    assert_eq!(house.guest(2).video().len(), 2_002);
    house.assert_all_decrypt();
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
        house.frame(1, layer, true, 1);
        // One in twenty: each takes an entry of its own.
        for _ in 0..190 {
            house
                .guests
                .get_mut(&1)
                .unwrap()
                .number(110 + u32::from(layer));
            house.frame(1, layer, false, 19);
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
    assert_eq!(guest.compounds.iter().map(asked).sum::<usize>(), 380);
    assert_eq!(house.dropped(Drop::SendFailed), 0);
}
