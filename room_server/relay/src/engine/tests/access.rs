//! Who gets in: checks, addresses, handshakes, keys, silence; and what is refused by name.

use super::*;
use crate::command::Gone;

#[test]
fn checks_are_answered_only_if_they_authenticate() {
    let mut house = House::new(1);
    house.open(attendee(1, 1), 0);
    house.check(1, true);
    assert_eq!(house.guest(1).checks, 1);
    let mut forged = house.guests.get_mut(&1).unwrap().client.check(true);
    let at = forged.len() - 20;
    forged[at] ^= 1;
    house.deliver(1, forged);
    let mut stranger = attendee(9, 1);
    stranger.ufrag = "nobody".into();
    let mut stranger = Client::new(&stranger, Profile::AeadAes128Gcm, &[0; 28], &[0; 28]).unwrap();
    house.deliver(1, stranger.check(true));
    assert_eq!(house.guest(1).checks, 1);
    assert_eq!(house.dropped(Drop::StunUnknownUser), 1);
    assert_eq!(
        house.dropped(Drop::StunBadIntegrity) + house.dropped(Drop::Malformed),
        1
    );
    assert_eq!(
        house.events,
        [Event::Address(PeerId(1), house.guest(1).address)]
    );
}

#[test]
fn dtls_rises_from_validated_addresses_only_and_within_bounds() {
    let mut house = House::new(1);
    house.open(attendee(1, 1), 0);
    house.deliver(1, vec![22, 254, 253, 0]);
    assert_eq!(
        (
            house.count(Count::DtlsIn),
            house.dropped(Drop::UnknownAddress)
        ),
        (0, 1)
    );
    house.check(1, false);
    for _ in 0..150 {
        house.deliver(1, vec![22; 300]);
    }
    let risen = house
        .events
        .iter()
        .filter(|e| matches!(e, Event::Dtls(PeerId(1), bytes) if bytes.len() == 300))
        .count();
    assert_eq!((risen, house.dropped(Drop::DtlsLimit)), (100, 50));
    house.tell(1, Command::PeerDtls(PeerId(1), vec![22, 1, 2, 3]));
    assert_eq!(house.guest(1).dtls, [vec![22, 1, 2, 3]]);
}

#[test]
fn media_before_keys_and_what_is_damaged_or_repeated_is_dropped_by_name() {
    let mut house = House::new(1);
    house.open(publisher(1), 0);
    house.check(1, true);
    house.speak(1, 30);
    assert_eq!(house.dropped(Drop::NoKeys), 1);
    house.keys(1);
    let guest = house.guests.get_mut(&1).unwrap();
    let seq = guest.number(100);
    let media = guest.media(100, OPUS, MICROPHONE, "", seq);
    let good = guest.client.rtp(&media).unwrap();
    let media = guest.media(100, Pt(50), MICROPHONE, "", Seq(seq.0 + 1));
    let unknown_type = guest.client.rtp(&media).unwrap();
    let stray = Media {
        mid: "",
        ..guest.media(4711, OPUS, MICROPHONE, "", Seq(1))
    };
    let stray = guest.client.rtp(&stray).unwrap();
    // A slot's own SSRC, coming from the peer.
    let ours = Media {
        mid: "mic",
        ..guest.media(1010, OPUS, MICROPHONE, "", Seq(1))
    };
    let ours = guest.client.rtp(&ours).unwrap();
    let mut damaged = good.clone();
    *damaged.last_mut().unwrap() ^= 1;
    house.deliver(1, damaged);
    house.deliver(1, good.clone());
    house.deliver(1, good);
    house.deliver(1, unknown_type);
    house.deliver(1, stray);
    house.deliver(1, ours);
    house.deliver(1, vec![200, 1, 2]);
    let dropped = [
        (Drop::BadAuth, 1),
        (Drop::Replay, 1),
        (Drop::UnknownPayloadType, 1),
        (Drop::UnknownSsrc, 2),
        (Drop::NotOurs, 1),
        (Drop::OffStage, 1),
    ];
    for (why, times) in dropped {
        assert_eq!(house.dropped(why), times, "{}", why.label());
    }
}

#[test]
fn everything_is_authenticated_off_stage_too() {
    // Past 2^15 packets a receiver that has not counted along cannot decrypt any more.
    let mut house = House::new(1);
    house.enter(publisher(1), 0);
    for round in 0..5u64 {
        let guest = house.guests.get_mut(&1).unwrap();
        let seq = Seq(1 + round * 20_000);
        let media = guest.media(100, OPUS, MICROPHONE, "", seq);
        let datagram = guest.client.rtp(&media).unwrap();
        house.deliver(1, datagram);
    }
    assert_eq!(
        (house.dropped(Drop::OffStage), house.dropped(Drop::BadAuth)),
        (5, 0)
    );
}

#[test]
fn a_check_repeated_from_elsewhere_moves_nothing_and_gets_no_answer() {
    let mut house = House::on_air(1);
    house.enter(attendee(2, 1), 0);
    let check = house.guests.get_mut(&2).unwrap().client.check(true);
    house.deliver(2, check.clone());
    house.pass(1_500);
    let (checks, home) = (house.guest(2).checks, house.guest(2).address);
    // Silent for over a second: an honest check from elsewhere would move it.
    house.guests.get_mut(&2).unwrap().address = SocketAddr::from(([10, 6, 6, 6], 6));
    house.deliver(2, check);
    assert_eq!(
        (house.dropped(Drop::Replay), house.guest(2).checks),
        (1, checks)
    );
    house.speak(1, 20);
    assert_eq!(house.guest(2).audio().len(), 0);
    house.guests.get_mut(&2).unwrap().address = home;
    house.speak(1, 20);
    assert_eq!(house.guest(2).audio().len(), 1);
}

#[test]
fn a_new_address_is_followed_and_a_reused_port_belongs_to_the_newcomer() {
    let mut house = House::on_air(1);
    house.enter(attendee(2, 1), 0);
    house.enter(attendee(3, 1), 0);
    house.pass(200);
    let (old, new) = (house.guest(2).address, SocketAddr::from(([10, 9, 9, 9], 5)));
    house.guests.get_mut(&2).unwrap().address = new;
    house.rtcp(2, |out| crate::rtcp::write_rr(out, Ssrc(1), &[]));
    assert_eq!(house.dropped(Drop::UnknownAddress), 1);
    house.check(2, true);
    house.rtcp(2, |out| crate::rtcp::write_rr(out, Ssrc(1), &[]));
    assert_eq!(house.events.last(), Some(&Event::Address(PeerId(2), new)));
    house.speak(1, 20);
    assert_eq!(house.guest(2).audio().len(), 1);
    // Peer 3 now comes from where peer 2 was; peer 2's end leaves it alone.
    house.guests.get_mut(&3).unwrap().address = old;
    house.check(3, true);
    house.tell(2, Command::PeerClose(PeerId(2)));
    house.rtcp(3, |out| crate::rtcp::write_rr(out, Ssrc(1), &[]));
    house.speak(1, 20);
    assert_eq!(house.dropped(Drop::UnknownAddress), 1);
    assert_eq!(house.guest(3).audio().len(), 2);
}

#[test]
fn a_publisher_that_moves_is_asked_for_a_keyframe() {
    let mut house = House::on_air(1);
    house.enter(attendee(2, 1), 0);
    house.frame(1, 0, true, 1);
    house.pass(1_000);
    let before = house.count(Count::PliOut);
    house.guests.get_mut(&1).unwrap().address = SocketAddr::from(([10, 9, 9, 9], 5));
    house.check(1, true);
    house.frame(1, 0, false, 1);
    house.pass(50);
    assert_eq!(house.count(Count::PliOut) - before, 1);
}

#[test]
fn an_ice_restart_changes_nothing_but_the_credentials() {
    let mut house = House::on_air(1);
    house.enter(attendee(2, 1), 0);
    house.speak(1, 20);
    let fresh = PeerSpec {
        ufrag: "fresh".into(),
        pwd: "p".repeat(24),
        remote_ufrag: "again".into(),
        ..attendee(2, 1)
    };
    house.tell(
        2,
        Command::PeerRestart {
            peer: PeerId(2),
            ufrag: fresh.ufrag.clone(),
            pwd: fresh.pwd.clone(),
            remote_ufrag: fresh.remote_ufrag.clone(),
        },
    );
    house.check(2, true);
    assert_eq!(
        house.guest(2).checks,
        2,
        "the old ones hold until the first check on the new"
    );
    let mut restarted = Client::new(&fresh, Profile::AeadAes128Gcm, &[0; 28], &[0; 28]).unwrap();
    house.deliver(2, restarted.check(true));
    house.check(2, true);
    assert_eq!(house.dropped(Drop::StunUnknownUser), 1);
    house.speak(1, 20);
    assert_eq!(house.guest(2).audio().len(), 2);
}

#[test]
fn silence_is_told_and_then_the_peer_is_freed() {
    let mut house = House::new(2);
    house.open(attendee(1, 1), 0);
    house.enter(attendee(2, 1), 1);
    house.rtcp(2, |out| crate::rtcp::write_rr(out, Ssrc(1), &[]));
    assert_eq!(house.events.last(), Some(&Event::Media(PeerId(2), true)));
    house.pass(6_600);
    assert_eq!(house.events.last(), Some(&Event::Media(PeerId(2), false)));
    house.pass(25_000);
    let gone: Vec<_> = house
        .events
        .iter()
        .filter(|e| matches!(e, Event::Gone(..)))
        .collect();
    assert_eq!(
        gone,
        [
            &Event::Gone(PeerId(1), Gone::NoStun),
            &Event::Gone(PeerId(2), Gone::Silent)
        ]
    );
    assert_eq!(house.count(Count::Peers), 0);
}

#[test]
fn any_authenticated_packet_is_a_sign_of_life_and_no_other() {
    let mut house = House::new(1);
    house.enter(publisher(1), 0);
    house.enter(publisher(2), 0);
    for _ in 0..40 {
        house.speak(1, 30);
        let mut forged = vec![0; 40];
        forged[..2].copy_from_slice(&[0x80, 111]);
        house.deliver(2, forged);
        house.pass(1_000);
    }
    let gone: Vec<_> = house
        .events
        .iter()
        .filter(|e| matches!(e, Event::Gone(..) | Event::Media(_, false)))
        .collect();
    assert_eq!(gone, [&Event::Gone(PeerId(2), Gone::Silent)]);
}

#[test]
fn a_live_peer_stays_and_closing_the_hall_frees_it() {
    let mut house = House::new(1);
    house.enter(attendee(1, 1), 0);
    for _ in 0..30 {
        house.check(1, true);
        house.pass(5_000);
    }
    assert!(!house.events.iter().any(|e| matches!(e, Event::Gone(..))));
    house.tell_all(&Command::HallClose(HALL));
    assert_eq!(
        (house.count(Count::Peers), house.count(Count::Halls)),
        (0, 0)
    );
    house.check(1, true);
    assert_eq!(house.dropped(Drop::StunUnknownUser), 1);
}
