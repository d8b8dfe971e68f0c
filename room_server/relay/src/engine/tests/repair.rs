//! What was lost comes again, in both directions, and what nobody asked for changes nothing.

use super::reports::compounds;
use super::*;
use crate::bytes::hex;
use crate::rtcp::{self, Packet};

#[test]
fn what_a_viewer_asks_for_comes_again_even_across_switch_and_workers() {
    let mut house = House::on_air(2);
    house.enter(publisher(2), 0);
    house.enter(attendee(3, 1), 1);
    let (media, rtx) = (
        house.guest(3).spec.slots[1].ssrc.0,
        house.guest(3).spec.slots[1].rtx_ssrc.unwrap().0,
    );
    house.frame(1, 0, true, 3);
    let lost = house.guest(3).video()[1].clone();
    house.seat(1, 2);
    house.frame(2, 0, true, 1);
    house.pass(10);
    house.rtcp(3, |out| {
        rtcp::write_nack(out, Ssrc(1), Ssrc(media), [lost.0.seq]);
    });
    let again = house.guest(3).on(rtx);
    assert_eq!(again.len(), 1);
    assert_eq!(again[0].0.pt, Pt(97));
    assert_eq!(again[0].0.timestamp, lost.0.timestamp);
    assert_eq!(again[0].1[..2], lost.0.seq.to_be_bytes());
    assert_eq!(again[0].1[2..], lost.1);
    assert_eq!(house.count(Count::RtxOut), 1);

    // Again within a round trip: named, not sent.
    house.rtcp(3, |out| {
        rtcp::write_nack(out, Ssrc(1), Ssrc(media), [lost.0.seq]);
    });
    assert_eq!(
        (house.count(Count::RtxOut), house.dropped(Drop::RepairLimit)),
        (1, 1)
    );
    // Never sent: silence.
    house.rtcp(3, |out| {
        rtcp::write_nack(out, Ssrc(1), Ssrc(media), [lost.0.seq.wrapping_add(5000)]);
    });
    assert_eq!(
        (house.count(Count::RtxOut), house.dropped(Drop::NotCached)),
        (1, 1)
    );
    house.assert_all_decrypt();
}

#[test]
fn a_publishers_loss_is_asked_for_and_mended_by_its_retransmission() {
    let mut house = House::on_air(1);
    house.enter(attendee(2, 1), 0);
    house.frame(1, 0, true, 1);
    let guest = house.guests.get_mut(&1).unwrap();
    let missing = guest.number(110);
    house.frame(1, 0, false, 2);
    house.pass(30);
    let asked: Vec<u16> = compounds(&house, 1)
        .filter_map(|p| {
            if let Packet::Nack(n) = p {
                Some(n.seqs().collect::<Vec<_>>())
            } else {
                None
            }
        })
        .flatten()
        .collect();
    assert_eq!(asked, [missing.wire()]);
    let before = house.guest(2).video().len();
    let mut payload = missing.wire().to_be_bytes().to_vec();
    payload.extend(vp8_payload(false, false, 9, 200));
    let repair = |house: &mut House, seq: u64| {
        let guest = house.guests.get_mut(&1).unwrap();
        let media = Media {
            repaired: true,
            payload: &payload,
            ..guest.media(150, Pt(97), CAMERA, "q", Seq(seq))
        };
        let datagram = guest.client.rtp(&media).unwrap();
        house.deliver(1, datagram);
    };
    repair(&mut house, 1);
    let numbers: Vec<u16> = house.guest(2).video().iter().map(|(h, _)| h.seq).collect();
    assert_eq!(numbers.len(), before + 1);
    let first = numbers[0];
    assert_eq!(
        numbers,
        [first, first + 2, first + 3, first + 1],
        "the number that was left free for it"
    );
    repair(&mut house, 2);
    assert_eq!(
        (house.guest(2).video().len(), house.dropped(Drop::Duplicate)),
        (before + 1, 1)
    );
    house.assert_all_decrypt();
}

#[test]
fn probing_with_what_came_reaches_nobody_and_counts_as_nothing() {
    let mut house = House::on_air(1);
    house.enter(attendee(2, 1), 0);
    let rtx = |house: &mut House, payload: &[u8]| {
        let guest = house.guests.get_mut(&1).unwrap();
        let seq = guest.number(150);
        let media = Media {
            repaired: true,
            payload,
            ..guest.media(150, Pt(97), CAMERA, "q", seq)
        };
        let datagram = guest.client.rtp(&media).unwrap();
        house.deliver(1, datagram);
    };
    // Before there is anything to repeat.
    rtx(&mut house, &[0, 1, 0x10, 0, 0]);
    assert_eq!(house.dropped(Drop::UnknownSsrc), 1);
    for frame in 0..30u8 {
        house.frame(1, 0, frame == 0, 1);
        let seq = Seq(house.guest(1).next_seq[&110]);
        let mut again = seq.wire().to_be_bytes().to_vec();
        again.extend(vp8_payload(frame == 0, true, 1, 200));
        rtx(&mut house, &again);
        rtx(&mut house, &again);
        rtx(&mut house, &[0]);
        house.pass(33);
    }
    assert_eq!(house.guest(2).video().len(), 30);
    assert_eq!(
        (house.dropped(Drop::Duplicate), house.dropped(Drop::Padding)),
        (60, 30)
    );
    let (_, publisher) = house.engines[0]
        .peers
        .iter()
        .find(|(_, p)| p.id == PeerId(1))
        .unwrap();
    assert_eq!(publisher.counters.video_in, 30);
    let seat = house.engines[0].halls[&HALL].seats.iter();
    assert_eq!(seat.map(|s| s.counters.video_in).sum::<u64>(), 30);
}

#[test]
fn reports_that_nobody_reads_change_nothing() {
    let mut house = House::on_air(1);
    house.enter(attendee(2, 1), 0);
    house.frame(1, 0, true, 1);
    let drops = |house: &House| Drop::ALL.iter().map(|why| house.dropped(*why)).sum::<u64>();
    let before = drops(&house);
    let unread = [
        // Goodbye of the camera, with a reason; of nobody.
        "81cb0002 0000006e 03627965",
        "80cb0000 80cb0000",
        // Names of two sources, APP, and an extended report on reference time (RFC 3611 section 4.4).
        "82ca0004 0000006e 01016100 00000064 01016200",
        "80cc0002 0000006e 6e616d65",
        "80cf0004 0000006e 04000002 00000001 00000002",
        // Feedback of unknown formats; types of nothing; a length that leads nowhere.
        "9fcd0002 00000001 0000006e",
        "9fce0002 00000001 0000006e",
        "80c00001 0000006e",
        "80df0001 0000006e",
        "80cbffff 0000006e",
    ];
    for packet in unread {
        for peer in [1, 2] {
            house.rtcp(peer, |out| out.extend(hex(packet)));
            house.rtcp(peer, |out| {
                rtcp::write_rr(out, Ssrc(1), &[]);
                out.extend(hex(packet));
            });
        }
    }
    assert_eq!(drops(&house), before);
    house.frame(1, 0, false, 2);
    house.speak(1, 20);
    let viewer = house.guest(2);
    assert_eq!((viewer.video().len(), viewer.audio().len()), (3, 1));
    house.assert_all_decrypt();
}
