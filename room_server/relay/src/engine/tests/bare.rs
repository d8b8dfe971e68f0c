//! Clients that offer less than browsers do: no layers, no transport-wide numbers, no retransmission format.

use super::*;
use crate::rtcp::{self, Packet};
use crate::spec::Feedback;

/// A publisher with one stream on each section, as aiortc offers it: SSRC lines, mid on every packet.
fn plain(peer: u32, feedback: Feedback) -> PeerSpec {
    let mut spec = publisher(peer);
    spec.extensions.transport_cc = 0;
    spec.extensions.rid = 0;
    spec.extensions.rrid = 0;
    for map in &mut spec.codecs {
        map.rtx = None;
    }
    for send in &mut spec.sends {
        send.rids.clear();
        send.feedback = feedback;
    }
    spec.sends[1].ssrcs = vec![Ssrc(peer * 100 + 10)];
    for slot in &mut spec.slots {
        slot.rtx_ssrc = None;
    }
    spec
}

fn compounds(house: &House, peer: u32) -> impl Iterator<Item = Packet<'_>> {
    let compounds = &house.guest(peer).compounds;
    compounds.iter().flat_map(|c| rtcp::packets(c))
}

#[test]
fn one_stream_with_its_mid_for_ever_is_forwarded_and_steered_by_an_estimate() {
    let mut house = House::new(1);
    house.tell_all(&Command::HallAir(HALL, Air::OnAir));
    house.enter(plain(1, Feedback::GoogRemb), 0);
    house.seat(1, 1);
    house.enter(attendee(2, 1), 0);
    for n in 0..100 {
        house.frame(1, 0, n % 30 == 0, 3);
        house.speak(1, 30);
        house.pass(33);
    }
    let guest = house.guest(2);
    assert_eq!((guest.video().len(), guest.audio().len()), (300, 100));
    assert!(guest.packets.iter().all(|(h, _)| h.extension.is_some()));
    let (mut estimates, mut reports, mut feedback) = (0, 0, 0);
    for packet in compounds(&house, 1) {
        match packet {
            Packet::Remb(_) => estimates += 1,
            Packet::ReceiverReport(_) => reports += 1,
            Packet::TransportFeedback(_) => feedback += 1,
            _ => {}
        }
    }
    assert!(estimates >= 3 && reports >= 3, "{estimates} {reports}");
    assert_eq!(feedback, 0);
    assert!(
        house
            .events
            .contains(&Event::Layers(PeerId(1), CAMERA, vec![String::new()]))
    );
    house.assert_all_decrypt();
}

#[test]
fn without_any_estimate_negotiated_only_reports_come() {
    let mut house = House::new(1);
    house.tell_all(&Command::HallAir(HALL, Air::OnAir));
    house.enter(plain(1, Feedback::None), 0);
    house.seat(1, 1);
    for _ in 0..100 {
        house.frame(1, 0, false, 1);
        house.pass(33);
    }
    let unwanted = |p: &Packet<'_>| matches!(p, Packet::Remb(_) | Packet::TransportFeedback(_));
    assert!(!compounds(&house, 1).any(|p| unwanted(&p)));
    assert!(compounds(&house, 1).any(|p| matches!(p, Packet::ReceiverReport(_))));
}

#[test]
fn a_publisher_without_rtx_repeats_its_packet() {
    let mut house = House::new(1);
    house.tell_all(&Command::HallAir(HALL, Air::OnAir));
    house.enter(plain(1, Feedback::GoogRemb), 0);
    house.seat(1, 1);
    house.enter(attendee(2, 1), 0);
    house.frame(1, 0, true, 1);
    let lost = house.encode(1, 0, false, 1).remove(0);
    house.frame(1, 0, false, 1);
    house.pass(30);
    let number = u16::from_be_bytes([lost[2], lost[3]]);
    let asked = |p: Packet<'_>| matches!(p, Packet::Nack(n) if n.seqs().any(|s| s == number));
    assert!(compounds(&house, 1).any(asked));
    house.deliver(1, lost.clone());
    let numbers: Vec<u16> = house.guest(2).video().iter().map(|(h, _)| h.seq).collect();
    assert_eq!(numbers, [0, 2, 1].map(|n| numbers[0] + n));
    house.deliver(1, lost);
    assert_eq!(
        (house.guest(2).video().len(), house.dropped(Drop::Replay)),
        (3, 1)
    );
}

#[test]
fn a_viewer_without_rtx_gets_nothing_twice() {
    let mut house = House::on_air(1);
    house.enter(plain(2, Feedback::None), 0);
    house.frame(1, 0, true, 5);
    let (media, sent) = (
        house.guest(2).spec.slots[1].ssrc,
        house.guest(2).packets.len(),
    );
    assert_eq!(sent, 5);
    let numbers: Vec<u16> = house.guest(2).video().iter().map(|(h, _)| h.seq).collect();
    house.pass(10);
    house.rtcp(2, |out| {
        rtcp::write_nack(out, Ssrc(1), media, numbers.iter().copied());
    });
    house.pass(50);
    assert_eq!(house.guest(2).packets.len(), sent);
    assert_eq!(
        (house.dropped(Drop::NotCached), house.count(Count::RtxOut)),
        (5, 0)
    );
    house.assert_all_decrypt();
}

/// The m-line of its slots has the format, but this codec of theirs has none.
#[test]
fn a_codec_without_rtx_on_a_slot_that_has_it_is_not_repeated_either() {
    let mut house = House::on_air(1);
    let mut spec = attendee(2, 1);
    for map in &mut spec.codecs {
        map.rtx = None;
    }
    house.enter(spec, 0);
    house.frame(1, 0, true, 2);
    let (media, seq) = (
        house.guest(2).spec.slots[1].ssrc,
        house.guest(2).video()[1].0.seq,
    );
    house.pass(10);
    house.rtcp(2, |out| rtcp::write_nack(out, Ssrc(1), media, [seq]));
    assert_eq!(
        (house.guest(2).packets.len(), house.count(Count::RtxOut)),
        (2, 0)
    );
    assert_eq!(house.dropped(Drop::NotCached), 1);
    house.assert_all_decrypt();
}
