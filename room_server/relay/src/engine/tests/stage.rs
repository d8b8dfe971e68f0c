//! Who sees and hears whom: seats, gates, air, views, switches, the speaker, several workers.

use super::*;

/// Numbers go up by one, time stamps never go back.
fn assert_continuous(packets: &[&(Header, Vec<u8>)]) {
    for pair in packets.windows(2) {
        let (a, b) = (&pair[0].0, &pair[1].0);
        assert_eq!(b.seq, a.seq.wrapping_add(1), "after {}", a.seq);
        assert!(b.timestamp.wrapping_sub(a.timestamp) < 1 << 31);
    }
}

#[test]
fn a_viewer_gets_what_the_seat_sends() {
    let mut house = House::on_air(1);
    house.enter(attendee(2, 1), 0);
    house.frame(1, 0, true, 3);
    house.pass(33);
    house.frame(1, 0, false, 2);
    house.speak(1, 30);
    let guest = house.guest(2);
    assert_eq!((guest.video().len(), guest.audio().len()), (5, 1));
    assert_continuous(&guest.video());
    let markers: Vec<bool> = guest.video().iter().map(|(h, _)| h.marker).collect();
    assert_eq!(markers, [false, false, true, false, true]);
    assert_eq!(
        guest.video()[0].1[6..],
        vp8_payload(true, true, 0, 200)[6..]
    );
    assert_eq!(guest.audio()[0].1, [1; 40]);
    assert!(guest.video()[0].0.seq < 1 << 15);
    house.assert_all_decrypt();
}

#[test]
fn backstage_reaches_staff_and_not_one_packet_anybody_else() {
    let mut house = House::new(1);
    house.enter(publisher(1), 0);
    house.seat(1, 1);
    house.enter(attendee(2, 1), 0);
    house.enter(
        PeerSpec {
            staff: true,
            ..attendee(3, 1)
        },
        0,
    );
    let play = |house: &mut House| {
        for n in 0..20 {
            house.frame(1, 0, n % 5 == 0, 2);
            house.speak(1, 20);
            house.pass(20);
        }
    };
    play(&mut house);
    assert!(
        house.guest(2).packets.is_empty() && house.guest(3).packets.is_empty(),
        "off"
    );
    assert!(house.dropped(Drop::NotOnAir) > 0);

    house.tell_all(&Command::HallAir(HALL, Air::Backstage));
    play(&mut house);
    assert!(house.guest(2).packets.is_empty());
    assert!(house.guest(3).audio().len() == 20 && house.guest(3).video().len() >= 40 - 10);

    house.tell_all(&Command::HallAir(HALL, Air::OnAir));
    play(&mut house);
    assert_eq!(house.guest(2).audio().len(), 20);

    // What is on its way when the hall closes stays here, too.
    house.tell_all(&Command::HallAir(HALL, Air::Off));
    let before = house.guest(2).packets.len();
    play(&mut house);
    assert_eq!(house.guest(2).packets.len(), before);
    house.assert_all_decrypt();
}

#[test]
fn gates_are_shut_until_opened_and_each_for_itself() {
    let mut house = House::on_air(1);
    house.enter(attendee(2, 1), 0);
    house.assign(1, 1);
    house.frame(1, 0, true, 1);
    house.speak(1, 20);
    assert!(house.guest(2).packets.is_empty());
    assert_eq!(house.dropped(Drop::Muted), 2);
    house.gate(1, true, false);
    house.frame(1, 0, true, 1);
    house.speak(1, 20);
    assert_eq!(
        (house.guest(2).audio().len(), house.guest(2).video().len()),
        (1, 0)
    );
    house.gate(1, false, true);
    house.frame(1, 0, true, 1);
    house.speak(1, 20);
    assert_eq!(
        (house.guest(2).audio().len(), house.guest(2).video().len()),
        (1, 1)
    );
    let seat = house.engines[0].halls[&HALL].named_counters()[&1].clone();
    assert_eq!(
        (
            seat["audio_in"],
            seat["audio_out"],
            seat["video_in"],
            seat["video_out"]
        ),
        (3, 1, 3, 1)
    );
}

#[test]
fn nobody_sees_or_hears_themselves_nor_hears_their_room() {
    let mut house = House::new(1);
    house.tell_all(&Command::HallAir(HALL, Air::OnAir));
    house.enter(
        PeerSpec {
            echo_group: 5,
            ..publisher(1)
        },
        0,
    );
    house.enter(
        PeerSpec {
            echo_group: 5,
            ..attendee(2, 1)
        },
        0,
    );
    house.enter(
        PeerSpec {
            echo_group: 6,
            ..attendee(3, 1)
        },
        0,
    );
    house.seat(1, 1);
    house.frame(1, 0, true, 1);
    house.speak(1, 20);
    assert!(house.guest(1).packets.is_empty());
    assert_eq!(
        (house.guest(2).audio().len(), house.guest(2).video().len()),
        (0, 1)
    );
    assert_eq!(
        (house.guest(3).audio().len(), house.guest(3).video().len()),
        (1, 1)
    );
}

#[test]
fn twenty_seat_changes_are_one_continuous_stream() {
    let mut house = House::on_air(1);
    house.enter(publisher(2), 0);
    for viewer in 3..23 {
        house.enter(attendee(viewer, 1), 0);
    }
    house.frame(1, 0, true, 2);
    for change in 0..20u32 {
        let on_stage = 1 + (change + 1) % 2;
        let asked = house.count(Count::PliOut);
        house.seat(1, on_stage);
        let mut key = false;
        for _ in 0..40 {
            // The publisher answers a request with a keyframe, as a browser does.
            let wanted = house.guests.get_mut(&on_stage).unwrap().compounds.drain(..);
            let wanted: Vec<_> = wanted.filter(|c| asks_for_keyframe(c)).collect();
            key |= !wanted.is_empty();
            house.frame(on_stage, 0, std::mem::take(&mut key), 2);
            house.speak(on_stage, 20);
            house.pass(33);
        }
        assert_eq!(house.count(Count::PliOut) - asked, 1, "change {change}");
    }
    for viewer in 3..23 {
        let guest = house.guest(viewer);
        assert_continuous(&guest.video());
        assert_continuous(&guest.audio());
        assert!(guest.video().len() > 20 * 40, "{}", guest.video().len());
        assert_eq!(guest.audio().len(), 20 * 40);
    }
    house.assert_all_decrypt();
}

fn asks_for_keyframe(compound: &[u8]) -> bool {
    crate::rtcp::packets(compound).any(|p| matches!(p, crate::rtcp::Packet::Pli(_)))
}

#[test]
fn a_hall_spans_workers() {
    let mut house = House::on_air(3);
    for viewer in 2..8 {
        house.enter(attendee(viewer, 1), viewer as usize % 3);
    }
    assert!(house.count(Count::PliOut) <= 1);
    house.frame(1, 0, true, 4);
    house.speak(1, 20);
    for viewer in 2..8 {
        let guest = house.guest(viewer);
        assert_eq!(
            (guest.video().len(), guest.audio().len()),
            (4, 1),
            "peer {viewer}"
        );
    }
    let decrypted = house.engines[0].counters().get(Count::RtpIn);
    assert_eq!(
        (decrypted, house.count(Count::RtpIn)),
        (5, 5),
        "once, by the publisher's worker"
    );

    // The last subscriber of a worker leaves: nothing crosses to it any more.
    for viewer in [2, 5] {
        house.tell(viewer, Command::PeerClose(PeerId(viewer)));
    }
    let engine = &mut house.engines[0];
    assert_eq!(engine.interest[&HALL], 1 << 1);
}

#[test]
fn keyframe_requests_travel_to_the_publishers_worker_and_are_one() {
    let mut house = House::on_air(2);
    house.frame(1, 0, true, 1);
    house.pass(700);
    for viewer in 2..12 {
        house.enter(attendee(viewer, 1), viewer as usize % 2);
    }
    house.frame(1, 0, false, 1);
    house.pass(20);
    assert_eq!(house.count(Count::PliOut), 1);
    assert_eq!(
        house
            .guest(1)
            .compounds
            .iter()
            .filter(|c| asks_for_keyframe(c))
            .count(),
        1
    );
    let seats = house.engines[0].halls[&HALL].named_counters();
    assert_eq!(seats[&1]["keyframe_requests"], 1);
}

#[test]
fn the_speakers_slot_follows_who_speaks_on_every_worker() {
    let mut house = House::on_air(2);
    house.enter(publisher(2), 1);
    house.seat(2, 2);
    house.enter(attendee(3, 0), 0);
    house.enter(attendee(4, 0), 1);
    let talk = |house: &mut House, speaker: u32, other: u32| {
        for _ in 0..100 {
            house.speak(speaker, 15);
            house.speak(other, 90);
            house.frame(1, 0, true, 1);
            house.frame(2, 0, true, 1);
            house.pass(20);
        }
    };
    for (speaker, other) in [(1, 2), (2, 1)] {
        talk(&mut house, speaker, other);
        assert!(
            house
                .events
                .contains(&Event::Speaker(HALL, SeatId(speaker as u16))),
            "{:?}",
            house.events
        );
        for viewer in [3, 4] {
            let guest = house.guest(viewer);
            assert_continuous(&guest.audio());
            assert_continuous(&guest.video());
            assert_eq!(
                guest.audio().last().unwrap().1,
                [speaker as u8; 40],
                "viewer {viewer}"
            );
        }
    }
    // The speaker's own page does not show the speaker.
    house.view(2, 1, 0, WantedLayer::Best);
    let before = house.guest(2).video().len();
    talk(&mut house, 2, 1);
    assert_eq!(house.guest(2).video().len(), before);
    house.assert_all_decrypt();
}

#[test]
fn a_rebuilt_worker_is_told_who_speaks() {
    let mut house = House::on_air(2);
    house.enter(publisher(2), 0);
    house.seat(2, 2);
    for _ in 0..50 {
        house.speak(2, 20);
        house.pass(20);
    }
    assert_eq!(house.events.last(), Some(&Event::Speaker(HALL, SeatId(2))));
    let worker = 1 - HALL.0 as usize % 2;
    house.engines[worker] = Engine::new(worker, 2, house.now);
    let engine = &mut house.engines[worker];
    engine.handle_command(house.now, Command::HallOpen(HALL));
    house.run();
    assert_eq!(house.engines[worker].halls[&HALL].active, Some(SeatId(2)));
}

#[test]
fn views_choose_seat_and_layer_and_pause() {
    let mut house = House::on_air(1);
    house.enter(publisher(2), 0);
    house.seat(2, 2);
    house.enter(attendee(3, 1), 0);
    let ssrc = house.guest(3).spec.slots[1].ssrc.0;
    let play = |house: &mut House, rounds: usize| {
        let before = house.guest(3).on(ssrc).len();
        for _ in 0..rounds {
            for layer in 0..3 {
                house.frame(1, layer, true, usize::from(layer) + 1);
            }
            house.frame(2, 0, true, 7);
            house.pass(33);
        }
        house.guest(3).on(ssrc).len() - before
    };
    play(&mut house, 200);
    assert_eq!(
        play(&mut house, 10),
        30,
        "the best layer, three packets a frame"
    );
    house.view(3, 1, 1, WantedLayer::Upto(1));
    assert_eq!(play(&mut house, 10), 20);
    house.view(3, 1, 1, WantedLayer::Paused);
    assert_eq!(play(&mut house, 10), 0);
    house.view(3, 1, 2, WantedLayer::Best);
    assert_eq!(play(&mut house, 10), 70);
    assert_continuous(&house.guest(3).video());
    house.assert_all_decrypt();
}

#[test]
fn a_stage_of_two_seats_for_a_wide_viewer() {
    let mut house = House::on_air(2);
    house.enter(publisher(2), 1);
    house.seat(2, 2);
    house.enter(wide(3, 2), 0);
    house.frame(1, 0, true, 2);
    house.frame(2, 0, true, 3);
    house.speak(1, 40);
    house.speak(2, 40);
    let guest = house.guest(3);
    let got: Vec<usize> = guest
        .spec
        .slots
        .iter()
        .map(|s| guest.on(s.ssrc.0).len())
        .collect();
    assert_eq!(got, [1, 2, 1, 3]);
    // Both clocks of each seat are told at once, under one name.
    house.pass(5);
    let compounds = &house.guest(3).compounds;
    for seat in ["seat1", "seat2"] {
        let names = |c: &&Vec<u8>| c.windows(5).filter(|w| *w == seat.as_bytes()).count() == 2;
        assert_eq!(compounds.iter().filter(names).count(), 1, "{seat}");
    }
    house.tell_all(&Command::SeatClear(HALL, SeatId(2)));
    house.frame(2, 0, true, 3);
    assert_eq!(house.dropped(Drop::OffStage), 3);
}
