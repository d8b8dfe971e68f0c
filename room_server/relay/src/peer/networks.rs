//! How much everybody behind one network may make the control side do, whoever they are: what one peer may is no bound
//! where one attacker opens many.
//!
//! Spent by what comes from addresses that a check has validated, so that nobody else can spend it. Checks
//! themselves are not counted: an address can be forged, and to see that one is worthless costs less than its delivery.

use super::budget::Bucket;
use crate::drop::Drop;
use crate::time::Time;
use std::collections::hash_map::RandomState;
use std::hash::BuildHasher;
use std::net::IpAddr;

/// Networks that are told apart; more share these places, by a hash that nobody can foresee. 32 kB.
const PLACES: usize = 1024;

/// The networks of one worker's peers.
#[derive(Debug)]
pub struct Networks {
    hash: RandomState,
    handshakes: Box<[Bucket]>,
}

impl Networks {
    /// Nothing spent yet.
    pub fn new(now: Time) -> Networks {
        Networks {
            hash: RandomState::new(),
            handshakes: vec![Bucket::handshakes(now); PLACES].into(),
        }
    }

    /// One more DTLS datagram from there; `NetworkLimit`.
    pub fn handshake(&mut self, now: Time, from: IpAddr) -> Result<(), Drop> {
        let place = self.hash.hash_one(prefix(from)) as usize % PLACES;
        let within = self
            .handshakes
            .get_mut(place)
            .is_none_or(|bucket| bucket.allows(now));
        within.then_some(()).ok_or(Drop::NetworkLimit)
    }
}

/// What one holder commonly has: an IPv4 /24, an IPv6 /64 (RFC 6177 section 2).
fn prefix(address: IpAddr) -> u64 {
    match address.to_canonical() {
        IpAddr::V4(address) => u64::from(address.to_bits() >> 8),
        IpAddr::V6(address) => (address.to_bits() >> 64) as u64,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::forward::packet::testing::at;

    fn prefix_of(address: &str) -> u64 {
        prefix(address.parse().unwrap())
    }

    #[test]
    fn neighbours_are_one_network() {
        assert_eq!(prefix_of("192.0.2.1"), prefix_of("192.0.2.254"));
        assert_eq!(prefix_of("192.0.2.1"), prefix_of("::ffff:192.0.2.7"));
        assert_ne!(prefix_of("192.0.2.1"), prefix_of("192.0.3.1"));
        assert_eq!(prefix_of("2001:db8:0:1::1"), prefix_of("2001:db8:0:1:f::"));
        assert_ne!(prefix_of("2001:db8:0:1::1"), prefix_of("2001:db8:0:2::1"));
    }

    #[test]
    fn one_network_has_its_rate_however_many_addresses_it_has() {
        let mut networks = Networks::new(at(0));
        let mut through = 0;
        for ms in 0..1_000 {
            for host in 0..20 {
                let from = IpAddr::from([192, 0, 2, host]);
                through += u64::from(networks.handshake(at(ms), from).is_ok());
            }
        }
        assert!((5_990..=6_000).contains(&through), "{through}");
    }

    #[test]
    fn a_network_that_has_spent_everything_leaves_others_theirs() {
        let mut networks = Networks::new(at(0));
        let crowd = IpAddr::from([192, 0, 2, 1]);
        while networks.handshake(at(0), crowd).is_ok() {}
        // At most a few of them have its place.
        let others = (0..=255u8).map(|n| IpAddr::from([198, 51, n, 1]));
        let refused = others
            .filter(|from| networks.handshake(at(0), *from).is_err())
            .count();
        assert!(refused <= 8, "{refused} of 256");
    }
}
