//! The ICE-lite side of one peer: its credentials, the few addresses that STUN has validated,
//! and which of them the relay sends to. MESSAGE-INTEGRITY does not cover the source address,
//! so a check alone never moves a peer whose current address is alive.

use crate::stun::{Key, TransactionId};
use crate::time::{Duration, Time};
use std::net::SocketAddr;

/// Where a datagram came from, and through which of the worker's sockets.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Route {
    /// The peer's address.
    pub addr: SocketAddr,
    /// Index of the worker's socket.
    pub socket: u8,
}

/// Our short-term credentials and the peer's user name fragment (RFC 8445 section 5.3).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Credentials {
    /// Ours; the peer's checks begin with it.
    pub ufrag: String,
    /// Ours; keys MESSAGE-INTEGRITY.
    pub pwd: String,
    /// The peer's.
    pub remote_ufrag: String,
}

/// Credentials in force, prepared for the checks that come on them every few seconds.
#[derive(Debug)]
struct Login {
    ufrag: String,
    remote_ufrag: String,
    key: Key,
}

/// What became of a check or an authenticated packet.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Outcome {
    /// The send address is another one now.
    pub moved: bool,
    /// This address is no longer one of the peer's.
    pub evicted: Option<Route>,
}

/// Clients with Wi-Fi and mobile, IPv4 and IPv6, check four pairs in turn.
const MAX_ADDRESSES: usize = 4;

/// A current address that has been silent for this long gives way to another nominated one.
const SILENT: Duration = Duration::from_secs(1);

/// After a move for silence an authenticated packet must follow within this time.
const TRIAL: Duration = Duration::from_secs(2);

/// Between moves: packets of the old path still arrive while a client changes over.
const DWELL: Duration = Duration::from_millis(100);

/// Transactions remembered, to tell a replayed check: four pairs, checked every 50 ms at worst, over 1.6 s.
const TRANSACTIONS: usize = 128;

#[derive(Clone, Copy, Debug)]
struct Address {
    route: Route,
    /// Last authenticated check.
    checked: Time,
    nominated: bool,
    /// Last authenticated packet of any kind.
    heard: Time,
}

/// One peer's ICE state.
#[derive(Debug)]
pub struct Ice {
    /// Credentials in force, the newest first; after a restart the old ones hold until a check on the new.
    logins: Vec<Login>,
    addresses: Vec<Address>,
    current: Option<Route>,
    moved_at: Time,
    /// After a move for silence: where to go back to, and until when the new address has to prove itself.
    trial: Option<(Route, Time)>,
    transactions: Vec<(TransactionId, Route)>,
    next_transaction: usize,
}

impl Ice {
    /// A peer that has not been heard of.
    pub fn new(credentials: Credentials) -> Ice {
        Ice {
            logins: vec![Login::new(credentials)],
            addresses: Vec::new(),
            current: None,
            moved_at: Time::default(),
            trial: None,
            transactions: Vec::new(),
            next_transaction: 0,
        }
    }

    /// What authenticates a check on these user name fragments, ours and theirs.
    pub fn key(&self, ours: &str, theirs: &str) -> Option<&Key> {
        let login = self
            .logins
            .iter()
            .find(|l| l.ufrag == ours && l.remote_ufrag == theirs)?;
        Some(&login.key)
    }

    /// All our user name fragments that hold now.
    pub fn ufrags(&self) -> impl Iterator<Item = &str> {
        self.logins.iter().map(|l| l.ufrag.as_str())
    }

    /// ICE restart. Returns user name fragments that no longer hold.
    pub fn restart(&mut self, fresh: Credentials) -> Vec<String> {
        self.logins.insert(0, Login::new(fresh));
        // Only one generation back: a restart that is itself replaced never had a check.
        let dropped = self.logins.split_off(self.logins.len().min(2));
        dropped.into_iter().map(|l| l.ufrag).collect()
    }

    /// A check on `ufrag` has authenticated: if it is the newest, the older ones end here.
    pub fn settle(&mut self, ufrag: &str) -> Vec<String> {
        if self.logins.first().is_some_and(|l| l.ufrag == ufrag) {
            return self.logins.drain(1..).map(|l| l.ufrag).collect();
        }
        Vec::new()
    }

    /// An authenticated check came from `route`.
    pub fn on_check(
        &mut self,
        now: Time,
        route: Route,
        id: TransactionId,
        nominate: bool,
    ) -> Outcome {
        if self.is_replay(id, route) {
            return Outcome::default();
        }
        let evicted = self.note_check(now, route, nominate);
        let moved = match self.current {
            None => self.move_to(now, route),
            Some(current) if current != route && nominate && self.silent(now, current) => {
                let moved = self.move_to(now, route);
                self.trial = Some((current, now + TRIAL));
                moved
            }
            Some(_) => false,
        };
        Outcome { moved, evicted }
    }

    /// An authenticated SRTP, SRTCP or DTLS packet came from `route`, which STUN has validated.
    pub fn on_authentic(&mut self, now: Time, route: Route) -> Outcome {
        let Some(address) = self.addresses.iter_mut().find(|a| a.route == route) else {
            return Outcome::default();
        };
        address.heard = now;
        if self.current == Some(route) {
            self.trial = None;
            return Outcome::default();
        }
        let may_move = address.nominated && now.since(self.moved_at) >= DWELL;
        Outcome {
            moved: may_move && self.move_to(now, route),
            evicted: None,
        }
    }

    /// Go back from an address that did not prove itself. Returns whether the send address changed.
    pub fn on_timeout(&mut self, now: Time) -> bool {
        match self.trial {
            Some((before, until)) if now >= until => {
                self.trial = None;
                let known = self.addresses.iter().any(|a| a.route == before);
                known && self.move_to(now, before)
            }
            _ => false,
        }
    }

    /// When [`Ice::on_timeout`] wants to be called.
    pub fn poll_timeout(&self) -> Option<Time> {
        self.trial.map(|(_, until)| until)
    }

    /// Whether STUN has validated this route for this peer.
    pub fn knows(&self, route: Route) -> bool {
        self.addresses.iter().any(|a| a.route == route)
    }

    /// All validated routes.
    pub fn routes(&self) -> impl Iterator<Item = Route> + '_ {
        self.addresses.iter().map(|a| a.route)
    }

    /// Where to send.
    pub fn current(&self) -> Option<Route> {
        self.current
    }

    /// The same transaction from another address: somebody repeats what it has overheard.
    fn is_replay(&mut self, id: TransactionId, route: Route) -> bool {
        if let Some((_, first)) = self.transactions.iter().find(|(seen, _)| *seen == id) {
            return *first != route;
        }
        match self.transactions.get_mut(self.next_transaction) {
            Some(oldest) => *oldest = (id, route),
            None => self.transactions.push((id, route)),
        }
        self.next_transaction = (self.next_transaction + 1) % TRANSACTIONS;
        false
    }

    fn note_check(&mut self, now: Time, route: Route, nominate: bool) -> Option<Route> {
        if let Some(address) = self.addresses.iter_mut().find(|a| a.route == route) {
            address.checked = now;
            address.heard = now;
            address.nominated |= nominate;
            return None;
        }
        let mut evicted = None;
        if self.addresses.len() >= MAX_ADDRESSES {
            let oldest = self
                .addresses
                .iter()
                .enumerate()
                .filter(|(_, a)| Some(a.route) != self.current);
            if let Some((index, _)) = oldest.min_by_key(|(_, a)| a.checked) {
                evicted = Some(self.addresses.swap_remove(index).route);
            }
        }
        self.addresses.push(Address {
            route,
            checked: now,
            nominated: nominate,
            heard: now,
        });
        evicted
    }

    fn silent(&self, now: Time, route: Route) -> bool {
        self.addresses
            .iter()
            .find(|a| a.route == route)
            .is_none_or(|a| now.since(a.heard) > SILENT)
    }

    fn move_to(&mut self, now: Time, route: Route) -> bool {
        self.trial = None;
        self.current = Some(route);
        self.moved_at = now;
        true
    }
}

impl Login {
    fn new(credentials: Credentials) -> Login {
        Login {
            key: Key::new(credentials.pwd.as_bytes()),
            ufrag: credentials.ufrag,
            remote_ufrag: credentials.remote_ufrag,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
        assert!(ice.on_check(ms(0), route(A), id(0), true).moved);
        for t in 1..300 {
            assert!(!ice.on_check(ms(t * 100), route(A), id(2 * t), true).moved);
            assert!(
                !ice.on_check(ms(t * 100), route(B), id(2 * t + 1), true)
                    .moved
            );
            assert!(!ice.on_authentic(ms(t * 100 + 5), route(A)).moved);
        }
        assert_eq!(ice.current(), Some(route(A)));
    }

    #[test]
    fn media_from_a_nominated_address_moves() {
        let mut ice = ice();
        ice.on_check(ms(0), route(A), id(0), true);
        ice.on_check(ms(500), route(B), id(1), false);
        assert!(
            !ice.on_authentic(ms(510), route(B)).moved,
            "not nominated yet"
        );
        ice.on_check(ms(520), route(B), id(2), true);
        assert!(ice.on_authentic(ms(530), route(B)).moved);
        assert!(
            !ice.on_authentic(ms(540), route(A)).moved,
            "a late packet of the old path"
        );
        assert_eq!(ice.current(), Some(route(B)));
    }

    #[test]
    fn a_replayed_check_moves_nothing_even_when_the_current_address_is_silent() {
        let mut ice = ice();
        ice.on_check(ms(0), route(A), id(0), true);
        let outcome = ice.on_check(ms(1500), route(B), id(0), true);
        assert_eq!(outcome, Outcome::default());
        assert!(!ice.knows(route(B)));
        assert_eq!(ice.current(), Some(route(A)));
    }

    #[test]
    fn silence_moves_on_trial_and_back() {
        let mut ice = ice();
        ice.on_check(ms(0), route(A), id(0), true);
        assert!(ice.on_check(ms(1001), route(B), id(1), true).moved);
        assert_eq!(ice.poll_timeout(), Some(ms(3001)));
        assert!(!ice.on_timeout(ms(3000)));
        assert!(ice.on_timeout(ms(3001)), "no authenticated packet followed");
        assert_eq!(ice.current(), Some(route(A)));

        assert!(ice.on_check(ms(4100), route(B), id(2), true).moved);
        ice.on_authentic(ms(4200), route(B));
        assert!(!ice.on_timeout(ms(9000)));
        assert_eq!(ice.current(), Some(route(B)));
    }

    #[test]
    fn at_most_four_addresses_and_never_the_current_one_goes() {
        let mut ice = ice();
        ice.on_check(ms(0), route(1), id(0), true);
        for n in 2..=4 {
            assert_eq!(
                ice.on_check(ms(n), route(n as u16), id(n), false).evicted,
                None
            );
        }
        assert_eq!(
            ice.on_check(ms(5), route(5), id(5), false).evicted,
            Some(route(2))
        );
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
}
