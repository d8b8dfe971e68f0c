//! Several packets in one loop turn, as a batch from the socket brings them.

use super::*;

/// One frame of `count` packets on the smallest layer of peer 1, not sent yet.
fn frame(house: &mut House, key: bool, count: usize) -> Vec<Vec<u8>> {
    let guest = house.guests.get_mut(&1).unwrap();
    let packet = |n| {
        let seq = guest.number(110);
        let payload = vp8_payload(n == 0, key, 1, 900);
        let media = Media {
            payload: &payload,
            marker: n + 1 == count,
            ..guest.media(110, Pt(96), CAMERA, "q", seq)
        };
        guest.client.rtp(&media).unwrap()
    };
    (0..count).map(packet).collect()
}

fn take_all(house: &mut House, datagrams: Vec<Vec<u8>>) {
    let address = house.guest(1).address;
    for mut datagram in datagrams {
        house.now = house.now + Duration::from_micros(10);
        house.engines[0].handle_datagram(house.now, address, 0, &mut datagram);
    }
}

#[test]
fn audio_leaves_before_video_that_came_earlier() {
    let mut house = House::on_air(1);
    house.enter(attendee(2, 1), 0);
    house.frame(1, 0, true, 1);
    let mut turn = frame(&mut house, false, 3);
    let guest = house.guests.get_mut(&1).unwrap();
    let seq = guest.number(100);
    let media = Media {
        payload: &[1; 40],
        ..guest.media(100, OPUS, MICROPHONE, "", seq)
    };
    turn.push(guest.client.rtp(&media).unwrap());
    take_all(&mut house, turn);
    let mut arena = Arena::default();
    house.engines[0].poll_transmit(house.now, &mut arena);
    let runs: Vec<_> = arena
        .messages()
        .iter()
        .map(|m| (m.datagrams(), m.segment > 900))
        .collect();
    assert_eq!(runs, [(1, false), (3, true)], "the frame is one run");
}

#[test]
fn a_whole_audience_switches_within_one_pass_and_nothing_is_lost() {
    let mut house = House::on_air(1);
    let audience = 2..302;
    for viewer in audience.clone() {
        house.enter(attendee(viewer, 1), 0);
    }
    let keyframe = frame(&mut house, true, 12);
    take_all(&mut house, keyframe);
    house.run();
    for viewer in audience {
        assert_eq!(house.guest(viewer).video().len(), 12, "peer {viewer}");
    }
    assert_eq!(house.dropped(Drop::SendFailed), 0);
    house.assert_all_decrypt();
}

#[test]
fn what_waits_when_its_gate_shuts_stays_here() {
    let mut house = House::on_air(1);
    house.enter(publisher(2), 0);
    house.seat(2, 2);
    house.enter(attendee(3, 1), 0);
    house.frame(2, 0, true, 1);
    house.frame(1, 0, true, 1);
    // The viewer turns to the other seat, and sees this one until that one's keyframe.
    house.view(3, 1, 2, WantedLayer::Best);
    house.frame(1, 0, false, 1);
    assert_eq!(house.guest(3).video().len(), 2);
    let waiting = frame(&mut house, false, 2);
    take_all(&mut house, waiting);
    house.gate(1, true, false);
    assert_eq!(house.guest(3).video().len(), 2);
    assert_eq!(house.dropped(Drop::Muted), 0, "they came before that");
}

#[test]
fn another_ssrc_on_a_layer_is_another_stream() {
    let mut house = House::on_air(1);
    house.enter(attendee(2, 1), 0);
    house.frame(1, 0, true, 3);
    let lost = house.guest(2).video()[1].clone();
    // Its numbers go on where those of the stream before it ended.
    let guest = house.guests.get_mut(&1).unwrap();
    let ended = guest.next_seq[&110];
    guest.camera = 10_000;
    guest.next_seq.insert(10_110, ended - 2);
    house.pass(500);
    house.frame(1, 0, false, 2);
    assert_eq!(
        (
            house.guest(2).video().len(),
            house.dropped(Drop::NotKeyframe)
        ),
        (3, 2)
    );
    house.frame(1, 0, true, 2);
    let numbers: Vec<u16> = house.guest(2).video().iter().map(|(h, _)| h.seq).collect();
    assert_eq!(numbers, (numbers[0]..numbers[0] + 5).collect::<Vec<_>>());
    // What the stream before had is gone, and is not mistaken for what lies under the same number now.
    let (media, rtx) = (
        lost.0.ssrc,
        house.guest(2).spec.slots[1].rtx_ssrc.unwrap().0,
    );
    house.rtcp(2, |out| {
        crate::rtcp::write_nack(out, Ssrc(1), media, [lost.0.seq]);
    });
    let again = house.guest(2).on(rtx);
    assert!(again.iter().all(|(_, payload)| payload[2..] == lost.1));
    house.assert_all_decrypt();
}

#[test]
fn a_keyframe_whose_first_packet_comes_last_is_whole() {
    let mut house = House::on_air(1);
    house.enter(attendee(2, 1), 0);
    let mut datagrams = frame(&mut house, true, 3);
    datagrams.rotate_left(1);
    take_all(&mut house, datagrams);
    house.run();
    let mut numbers: Vec<u16> = house.guest(2).video().iter().map(|(h, _)| h.seq).collect();
    numbers.sort_unstable();
    assert_eq!(numbers, [numbers[0], numbers[0] + 1, numbers[0] + 2]);
    house.assert_all_decrypt();
}
