//! Reports, round trips, estimates.

use super::*;
use crate::distribution::Figure;
use crate::peer::FEEDBACK_SSRC;
use crate::rtcp::{self, Packet};

/// Every RTCP packet that a peer got.
pub(super) fn compounds(house: &House, peer: u32) -> impl Iterator<Item = Packet<'_>> {
    house
        .guest(peer)
        .compounds
        .iter()
        .flat_map(|c| rtcp::packets(c))
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
