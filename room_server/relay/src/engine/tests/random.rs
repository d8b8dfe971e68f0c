//! Whatever is commanded and whatever comes in, in any order: no number is used twice, and nobody gets
//! what the stage does not give them.

use super::world::{PUBLISHERS, Step, World};
use super::*;
use proptest::prelude::*;

fn step() -> impl Strategy<Value = Step> {
    let gate = || (1u16..3, any::<bool>(), prop::bool::weighted(0.8));
    let viewer = || 1u32..6;
    let layer = prop_oneof![
        Just(WantedLayer::Paused),
        Just(WantedLayer::Best),
        (0u8..3).prop_map(WantedLayer::Upto),
    ];
    let air = prop_oneof![1 => Just(Air::Off), 1 => Just(Air::Backstage), 3 => Just(Air::OnAir)];
    let frame = (
        PUBLISHERS,
        0u8..3,
        prop::bool::weighted(0.4),
        1usize..5,
        prop::bool::weighted(0.15),
    );
    prop_oneof![
        10 => (PUBLISHERS, 5u8..80).prop_map(|(p, level)| Step::Speak(p, level)),
        20 => frame.prop_map(|(p, layer, key, count, held)| Step::Frame(p, layer, key, count, held)),
        3 => Just(Step::Late),
        2 => (PUBLISHERS, 0u8..3, 1u64..3_000).prop_map(|(p, layer, n)| Step::Lost(p, layer, n)),
        1 => PUBLISHERS.prop_map(Step::NewSsrcs),
        1 => (PUBLISHERS, 0..Encoder::ALL.len()).prop_map(|(p, which)| Step::Codec(p, which)),
        4 => (1u16..3, PUBLISHERS).prop_map(|(seat, p)| Step::Seat(seat, p)),
        1 => (1u16..3).prop_map(Step::Clear),
        5 => gate().prop_map(|(seat, audio, video)| Step::Gate(seat, audio, video)),
        1 => air.prop_map(Step::Air),
        3 => (viewer(), 0u16..3, layer).prop_map(|(v, seat, layer)| Step::View(v, seat, layer)),
        8 => (viewer(), 0usize..4, 0u16..80).prop_map(|(v, slot, back)| Step::Nack(v, slot, back)),
        2 => (viewer(), 0usize..4).prop_map(|(v, slot)| Step::Pli(v, slot)),
        1 => (viewer(), 10_000u64..3_000_000).prop_map(|(v, bps)| Step::Remb(v, bps)),
        1 => viewer().prop_map(Step::Restart),
        1 => viewer().prop_map(Step::Moved),
        1 => viewer().prop_map(Step::Keys),
        10 => (1u64..120).prop_map(Step::Pass),
    ]
}

proptest! {
    #[test]
    fn no_nonce_twice_and_nothing_to_whom_it_may_not_reach(steps in prop::collection::vec(step(), 1..150)) {
        let mut world = World::new();
        for step in steps {
            world.check(step);
        }
        world.check_numbers();
    }
}
