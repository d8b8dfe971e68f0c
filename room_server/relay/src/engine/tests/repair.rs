//! Losses both ways, reports, estimates.

use super::*;
use crate::bytes::hex;
use crate::distribution::Figure;
use crate::peer::FEEDBACK_SSRC;
use crate::rtcp::{self, Packet};

fn compounds(house: &House, peer: u32) -> impl Iterator<Item = Packet<'_>> {
    house
        .guest(peer)
        .compounds
        .iter()
        .flat_map(|c| rtcp::packets(c))
}

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

#[test]
fn a_publisher_gets_arrival_times_and_reports() {
    let mut house = House::on_air(1);
    for _ in 0..60 {
        house.frame(1, 0, false, 1);
        house.speak(1, 30);
        house.pass(20);
    }
    let covered: usize = compounds(&house, 1)
        .filter_map(|p| {
            if let Packet::TransportFeedback(f) = p {
                Some(f.arrivals().count())
            } else {
                None
            }
        })
        .sum();
    assert!(covered >= 110, "{covered} of 120 told");
    let blocks: Vec<_> = compounds(&house, 1)
        .filter_map(|p| {
            if let Packet::ReceiverReport(r) = p {
                Some(r.blocks().count())
            } else {
                None
            }
        })
        .collect();
    assert_eq!(blocks, [2], "one report a second on both streams");
    assert!(house.count(Count::TwccOut) > 15);
    assert!(
        house
            .events
            .contains(&Event::Layers(PeerId(1), CAMERA, vec!["q".into()])),
        "{:?}",
        house.events
    );
    assert!(
        house
            .events
            .contains(&Event::Layers(PeerId(1), MICROPHONE, vec![String::new()]))
    );
    house.pass(2_100);
    assert_eq!(
        house
            .events
            .iter()
            .rev()
            .find(|e| matches!(e, Event::Layers(_, CAMERA, _))),
        Some(&Event::Layers(PeerId(1), CAMERA, vec![]))
    );
}

/// Six seconds of three layers and a voice, with an estimate and a report twice a second; audio and
/// video packets that peer 2 got.
fn play(house: &mut House, bps: Option<u64>, fraction_lost: u8) -> (usize, usize) {
    let (audio, video) = (house.guest(2).audio().len(), house.guest(2).video().len());
    let ssrc = house.guest(2).spec.slots[1].ssrc;
    for round in 0..300 {
        for layer in 0..3u8 {
            house.frame(1, layer, true, 1 + 4 * usize::from(layer));
        }
        house.speak(1, 30);
        if let (Some(bps), 0) = (bps, round % 25) {
            house.rtcp(2, |out| {
                rtcp::write_rr(out, Ssrc(1), &[block(ssrc, fraction_lost)]);
                rtcp::write_remb(out, Ssrc(1), bps, &[]);
            });
        }
        house.pass(20);
    }
    let guest = house.guest(2);
    (guest.audio().len() - audio, guest.video().len() - video)
}

fn block(ssrc: Ssrc, fraction_lost: u8) -> rtcp::ReportBlock {
    rtcp::ReportBlock {
        ssrc,
        fraction_lost,
        lost: 0,
        highest: 0,
        jitter: 0,
        last_sr: 0,
        delay: 0,
    }
}

#[test]
fn a_small_estimate_lowers_video_and_never_audio() {
    let mut house = House::on_air(1);
    house.enter(attendee(2, 1), 0);
    let (audio, all) = play(&mut house, None, 0);
    assert!(audio == 300 && all > 300 * 7, "{audio} {all}");
    let (audio, few) = play(&mut house, Some(200_000), 0);
    assert!(audio == 300 && few < all / 4, "{audio} {few}");
    let guest = &house.engines[0].peers[house.engines[0].by_id[&PeerId(2)]];
    assert_eq!(guest.named_counters(house.now)["remb_bps"], 200_000);
    house.assert_all_decrypt();
}

#[test]
fn the_smallest_picture_is_paused_for_losses_and_not_for_an_estimate_alone() {
    let mut house = House::on_air(1);
    house.enter(attendee(2, 1), 0);
    play(&mut house, None, 0);
    play(&mut house, Some(60_000), 0);
    let (audio, kept) = play(&mut house, Some(60_000), 0);
    assert!(audio == 300 && kept >= 300, "{kept}");
    play(&mut house, Some(60_000), 64);
    let (audio, paused) = play(&mut house, Some(60_000), 64);
    // Now and then it is tried again.
    assert!(audio == 300 && paused < 60, "{paused}");
    house.assert_all_decrypt();
}

#[test]
fn round_trips_come_from_report_blocks() {
    let mut house = House::on_air(1);
    house.enter(attendee(2, 1), 0);
    house.frame(1, 0, true, 1);
    house.pass(2);
    let report = compounds(&house, 2).find_map(|p| {
        if let Packet::SenderReport(r) = p {
            Some(r.info)
        } else {
            None
        }
    });
    let info = report.expect("a report right after the switch");
    for _ in 0..20 {
        house.pass(40);
        let told = rtcp::ReportBlock {
            last_sr: (info.ntp >> 16) as u32,
            delay: ((house.now.ntp() >> 16) as u32).wrapping_sub((info.ntp >> 16) as u32)
                - 65_536 * 30 / 1000,
            ..block(info.ssrc, 0)
        };
        house.rtcp(2, |out| rtcp::write_rr(out, Ssrc(1), &[told]));
    }
    let guest = &house.engines[0].peers[house.engines[0].by_id[&PeerId(2)]];
    let rtt = guest.rtt.as_millis();
    assert!((28..=32).contains(&rtt), "{rtt} ms");
}

#[test]
fn a_publisher_who_hears_nobody_tells_its_round_trip() {
    let mut house = House::on_air(1);
    for _ in 0..30 {
        house.speak(1, 30);
        house.pass(40);
    }
    let asked = compounds(&house, 1).find_map(|p| match p {
        Packet::Extended(question) => question.reference(),
        _ => None,
    });
    let last = (asked.expect("a question with the report") >> 16) as u32;
    house.pass(600);
    for _ in 0..20 {
        house.pass(40);
        let since = ((house.now.ntp() >> 16) as u32).wrapping_sub(last);
        for (ssrc, trip_ms) in [(FEEDBACK_SSRC, 40), (Ssrc(9), 500)] {
            let delay = since.wrapping_sub(65_536 * trip_ms / 1_000);
            house.rtcp(1, |out| {
                rtcp::write_delay(out, Ssrc(5), &rtcp::Delay { ssrc, last, delay });
            });
        }
    }
    let publisher = &house.engines[0].peers[house.engines[0].by_id[&PeerId(1)]];
    let rtt = publisher.rtt.as_millis();
    assert!((38..=42).contains(&rtt), "{rtt} ms");
}

#[test]
fn a_viewer_who_asks_for_its_round_trip_is_answered_with_the_next_report() {
    let mut house = House::on_air(1);
    house.enter(attendee(2, 1), 0);
    house.frame(1, 0, true, 1);
    house.pass(900);
    house.rtcp(2, |out| {
        rtcp::write_reference(out, Ssrc(77), 0x1122_3344_5566_7788);
    });
    let asked = house.now;
    for _ in 0..60 {
        house.frame(1, 0, false, 1);
        house.pass(20);
    }
    let answers: Vec<_> = compounds(&house, 2)
        .filter_map(|p| match p {
            Packet::Extended(answer) => Some(answer.delays()),
            _ => None,
        })
        .flatten()
        .collect();
    let [answer] = answers[..] else {
        panic!("one answer to one question: {answers:?}")
    };
    assert_eq!((answer.ssrc, answer.last), (Ssrc(77), 0x3344_5566));
    let most = house.now.since(asked).as_millis() as u32 * 65_536 / 1_000;
    assert!(answer.delay <= most, "{} of {most}", answer.delay);
    house.assert_all_decrypt();
}

#[test]
fn reports_in_both_directions_fill_the_distributions() {
    let mut house = House::on_air(1);
    house.enter(attendee(2, 1), 0);
    for _ in 0..60 {
        house.speak(1, 30);
        house.pass(20);
    }
    let ssrc = house.guest(2).spec.slots[0].ssrc;
    let block = rtcp::ReportBlock {
        ssrc,
        fraction_lost: 64,
        lost: 3,
        highest: 0,
        jitter: 480,
        last_sr: 0,
        delay: 0,
    };
    house.rtcp(2, |out| {
        rtcp::write_rr(
            out,
            Ssrc(1),
            &[
                block,
                rtcp::ReportBlock {
                    ssrc: Ssrc(9),
                    ..block
                },
            ],
        );
    });
    let published = crate::stats::Published::default();
    published.publish(house.engines[0].counters());
    let readings: Vec<_> = published.figures.read().collect();
    let seen = |figure: Figure| readings[figure as usize].counts;
    assert_eq!(
        seen(Figure::LossDown),
        [0, 0, 0, 0, 0, 0, 1, 0, 0],
        "a quarter, and no stream of others"
    );
    assert_eq!(seen(Figure::JitterDown)[2], 1, "ten milliseconds");
    assert_eq!(
        seen(Figure::LossUp)[0],
        1,
        "the publisher's one stream lost nothing"
    );
    assert_eq!(
        seen(Figure::Rtt),
        [0; 9],
        "without a sender report there is no round trip"
    );
}
