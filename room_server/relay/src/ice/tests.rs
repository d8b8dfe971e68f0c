use super::*;
use proptest::prelude::*;
use std::collections::HashMap;

const A: u16 = 1;
const B: u16 = 2;

fn route(port: u16) -> Route {
    Route {
        addr: SocketAddr::from(([127, 0, 0, 1], port)),
        socket: 0,
    }
}

fn ms(n: u64) -> Time {
    Time(n * 1_000_000)
}

fn id(n: u64) -> TransactionId {
    let mut id = [0; 12];
    id[..8].copy_from_slice(&n.to_be_bytes());
    TransactionId(id)
}

fn ice() -> Ice {
    Ice::new(Credentials {
        ufrag: "us".into(),
        pwd: "secret".into(),
        remote_ufrag: "them".into(),
    })
}

#[test]
fn two_live_pairs_never_move() {
    let mut ice = ice();
    assert!(ice.on_check(ms(0), route(A), true).moved);
    for t in 1..300 {
        assert!(!ice.on_check(ms(t * 100), route(A), true).moved);
        assert!(!ice.on_check(ms(t * 100), route(B), true).moved);
        assert!(!ice.on_authentic(ms(t * 100 + 5), route(A)).moved);
    }
    assert_eq!(ice.current(), Some(route(A)));
}

#[test]
fn media_from_a_nominated_address_moves() {
    let mut ice = ice();
    ice.on_check(ms(0), route(A), true);
    ice.on_check(ms(500), route(B), false);
    assert!(
        !ice.on_authentic(ms(510), route(B)).moved,
        "not nominated yet"
    );
    ice.on_check(ms(520), route(B), true);
    assert!(ice.on_authentic(ms(530), route(B)).moved);
    assert!(
        !ice.on_authentic(ms(540), route(A)).moved,
        "a late packet of the old path"
    );
    assert_eq!(ice.current(), Some(route(B)));
}

#[test]
fn media_from_an_address_that_is_not_nominated_moves_once_the_current_one_speaks_no_more() {
    let mut ice = ice();
    ice.on_check(ms(0), route(A), true);
    ice.on_check(ms(0), route(B), false);
    ice.on_authentic(ms(500), route(A));
    assert!(!ice.on_authentic(ms(1500), route(B)).moved);
    // Checks of the old pair go on where only the way back is lost.
    ice.on_check(ms(1501), route(A), true);
    assert!(ice.on_authentic(ms(1501), route(B)).moved);
    assert_eq!((ice.current(), ice.poll_timeout()), (Some(route(B)), None));
    assert!(
        ice.on_authentic(ms(1700), route(A)).moved,
        "nominated, and it speaks"
    );
}

#[test]
fn media_from_an_address_that_was_never_checked_moves_nothing() {
    let mut ice = ice();
    ice.on_check(ms(0), route(A), true);
    assert_eq!(ice.on_authentic(ms(9000), route(B)), Outcome::default());
    assert_eq!(ice.current(), Some(route(A)));
}

#[derive(Clone, Copy, Debug)]
enum Step {
    Check(u16, bool),
    Speak(u16),
    Timeout,
}

fn step() -> impl Strategy<Value = Step> {
    // Four addresses are checked, a fifth is not.
    prop_oneof![
        3 => (1u16..5, any::<bool>()).prop_map(|(port, nominate)| Step::Check(port, nominate)),
        3 => (1u16..6).prop_map(Step::Speak),
        1 => Just(Step::Timeout),
    ]
}

/// What is known of an address: when it was last heard, when it last spoke, whether it was nominated.
#[derive(Clone, Copy, Debug)]
struct Known {
    heard: Time,
    spoke: Time,
    nominated: bool,
}

proptest! {
    #[test]
    fn nothing_moves_but_for_a_reason(steps in prop::collection::vec((0u64..700, step()), 1..200)) {
        let mut ice = ice();
        let mut known: HashMap<Route, Known> = HashMap::new();
        let mut now = ms(0);
        for (later, step) in steps {
            now = now + Duration::from_millis(later);
            let before = ice.current();
            let current = before.and_then(|route| known.get(&route).copied());
            match step {
                Step::Check(port, nominate) => {
                    let moved = ice.on_check(now, route(port), nominate).moved;
                    let silent = current.is_none_or(|c| nominate && now.since(c.heard) > SILENT);
                    prop_assert!(!moved || silent, "a check moved {before:?}, which was alive");
                    let fresh = Known { heard: now, spoke: now, nominated: false };
                    let address = known.entry(route(port)).or_insert(fresh);
                    address.heard = now;
                    address.nominated |= nominate;
                }
                Step::Speak(port) => {
                    let moved = ice.on_authentic(now, route(port)).moved;
                    let address = known.get_mut(&route(port));
                    let chosen = address.as_ref().is_some_and(|a| a.nominated)
                        || current.is_some_and(|c| now.since(c.spoke) > SILENT);
                    prop_assert!(!moved || (address.is_some() && chosen), "{before:?} spoke, too");
                    if let Some(address) = address {
                        address.heard = now;
                        address.spoke = now;
                    }
                }
                Step::Timeout => {
                    ice.on_timeout(now);
                }
            }
            prop_assert!(ice.current().is_none_or(|route| known.contains_key(&route)));
        }
    }
}

#[test]
fn a_replayed_check_moves_nothing_even_when_the_current_address_is_silent() {
    let mut ice = ice();
    assert_eq!(ice.seen(id(0), route(A)), Seen::Never);
    ice.on_check(ms(0), route(A), true);
    assert_eq!(ice.seen(id(0), route(B)), Seen::Elsewhere);
    assert_eq!(ice.seen(id(0), route(A)), Seen::Here);
    for n in 1..TRANSACTIONS as u64 {
        assert_eq!(ice.seen(id(n), route(A)), Seen::Never);
    }
    assert_eq!(ice.seen(id(0), route(B)), Seen::Elsewhere);
    assert_eq!(ice.seen(id(999), route(A)), Seen::Never);
    assert_eq!(ice.seen(id(0), route(B)), Seen::Never, "forgotten by now");
}

#[test]
fn forgotten_checks_that_are_repeated_soon_move_nothing() {
    let mut ice = ice();
    ice.on_check(ms(0), route(A), true);
    let mut away = 0;
    // The peer is silent but for a check every 2.5 s; somebody else repeats old ones all the time.
    for t in 1..1_200 {
        let now = ms(t * 50);
        if t % 50 == 0 {
            ice.on_check(now, route(A), true);
        }
        ice.on_check(now, route(B), true);
        ice.on_timeout(now);
        away += u64::from(ice.current() == Some(route(B)));
    }
    // Three trials of 2 s in a minute.
    assert!((100..=121).contains(&away), "{away}");
    // The peer itself moves by what it sends, as ever.
    assert!(ice.on_authentic(ms(60_000), route(B)).moved);
}

#[test]
fn trials_that_succeed_are_not_held_against_anybody() {
    let mut ice = ice();
    ice.on_check(ms(0), route(A), true);
    for n in 1..10u64 {
        let (now, to) = (ms(n * 10_000), route(1 + (n % 2) as u16));
        assert!(ice.on_check(now, to, true).moved, "{n}");
        ice.on_authentic(now + TRIAL / 2, to);
    }
}

#[test]
fn silence_moves_on_trial_and_back() {
    let mut ice = ice();
    ice.on_check(ms(0), route(A), true);
    assert!(ice.on_check(ms(1001), route(B), true).moved);
    assert_eq!(ice.poll_timeout(), Some(ms(3001)));
    assert!(!ice.on_timeout(ms(3000)));
    assert!(ice.on_timeout(ms(3001)), "no authenticated packet followed");
    assert_eq!(ice.current(), Some(route(A)));

    assert!(ice.on_check(ms(4100), route(B), true).moved);
    ice.on_authentic(ms(4200), route(B));
    assert!(!ice.on_timeout(ms(9000)));
    assert_eq!(ice.current(), Some(route(B)));
}

#[test]
fn at_most_four_addresses_and_never_the_current_one_goes() {
    let mut ice = ice();
    ice.on_check(ms(0), route(1), true);
    for n in 2..=4 {
        assert_eq!(ice.on_check(ms(n), route(n as u16), false).evicted, None);
    }
    assert_eq!(ice.on_check(ms(5), route(5), false).evicted, Some(route(2)));
    assert_eq!(ice.routes().count(), 4);
    assert!(ice.knows(route(1)));
}

#[test]
fn a_restart_keeps_the_old_credentials_until_a_check_on_the_new() {
    let mut ice = ice();
    let fresh = Credentials {
        ufrag: "new".into(),
        pwd: "secret2".into(),
        remote_ufrag: "them2".into(),
    };
    assert!(ice.restart(fresh).is_empty());
    assert!(ice.key("us", "them").is_some() && ice.key("new", "them2").is_some());
    assert!(ice.key("us", "them2").is_none() && ice.key("new", "them").is_none());
    assert!(ice.settle("us").is_empty());
    assert_eq!(ice.settle("new"), ["us"]);
    assert!(ice.key("us", "them").is_none());
}
