//! What an outage has cost a viewer.

use super::*;

#[test]
fn a_viewer_needs_what_was_sent_since_the_latest_keyframe() {
    let mut house = House::on_air(1);
    house.enter(attendee(2, 1), 0);
    let film = |house: &mut House| {
        for n in 0..60 {
            house.frame(1, 0, n == 0, 2);
            house.pass(33);
        }
        house.guest(2).video().last().unwrap().0.seq
    };
    let needs = |house: &House, seq: u16| {
        let viewer = &house.engines[0].peers[house.engines[0].by_id[&PeerId(2)]];
        viewer.video[0].decodes_on(seq)
    };
    let latest = film(&mut house);
    let old = latest.wrapping_sub(100);
    assert!(needs(&house, latest) && needs(&house, old));
    assert!(!needs(&house, latest.wrapping_add(1)), "never sent");
    film(&mut house);
    assert!(needs(&house, latest.wrapping_add(1)));
    assert!(!needs(&house, old), "a keyframe has come since");
}
