//! Many peers behind one network.

use super::*;

#[test]
fn a_crowd_of_handshakes_takes_nothing_from_other_networks_and_nothing_from_who_has_keys() {
    let mut house = House::on_air(1);
    house.enter(attendee(2, 1), 0);
    for peer in 10..70 {
        house.open(attendee(peer, 1), 0);
        house.check(peer, true);
        for _ in 0..90 {
            house.deliver(peer, vec![22; 100]);
        }
    }
    assert_eq!(
        (
            house.count(Count::DtlsIn),
            house.dropped(Drop::NetworkLimit)
        ),
        (4_000, 60 * 90 - 4_000)
    );
    // Of networks one in a thousand shares the crowd's place.
    for peer in 70..73u8 {
        house.open(attendee(u32::from(peer), 1), 0);
        let guest = house.guests.get_mut(&u32::from(peer)).unwrap();
        guest.address = SocketAddr::from(([198, 51, peer, 1], 1000));
        house.check(u32::from(peer), true);
        house.deliver(u32::from(peer), vec![22; 100]);
    }
    assert!(house.count(Count::DtlsIn) >= 4_002);
    house.frame(1, 0, true, 3);
    house.speak(1, 20);
    let viewer = house.guest(2);
    assert_eq!((viewer.video().len(), viewer.audio().len()), (3, 1));
    // Nobody waits for longer than until a handshake is tried again.
    house.pass(1_000);
    let before = house.count(Count::DtlsIn);
    house.deliver(10, vec![22; 100]);
    assert_eq!(house.count(Count::DtlsIn), before + 1);
}
