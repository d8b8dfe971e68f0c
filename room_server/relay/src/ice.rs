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

/// Moves for silence that may fail in a row. A client with audio only, whose network has given it another
/// port, proves its new address by a report that comes every 5 s: its checks bring it there three times.
const TRIALS: u8 = 3;

/// After so many failures somebody repeats checks that are no longer remembered: they move nothing for this long.
const DISTRUST: Duration = Duration::from_secs(60);

/// Transactions remembered, to tell a replayed check: ten minutes of Chromium's.
const TRANSACTIONS: usize = 256;

/// Whether a check's transaction is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Seen {
    /// It is new.
    Never,
    /// From the same address: the answer was lost.
    Here,
    /// From another address: somebody repeats what they have overheard.
    Elsewhere,
}

#[derive(Clone, Copy, Debug)]
struct Address {
    route: Route,
    /// Last authenticated check.
    checked: Time,
    nominated: bool,
    /// Last authenticated packet of any kind.
    heard: Time,
    /// Last authenticated packet that was no check; of a new address, its first check.
    spoke: Time,
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
    /// Trials that have failed since one succeeded.
    failures: u8,
    /// Until when nothing moves for silence.
    distrust: Time,
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
            failures: 0,
            distrust: Time::default(),
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

    /// Whether a check that has authenticated is one of before; remembers it.
    pub fn seen(&mut self, id: TransactionId, route: Route) -> Seen {
        if let Some((_, first)) = self.transactions.iter().find(|(seen, _)| *seen == id) {
            return if *first == route {
                Seen::Here
            } else {
                Seen::Elsewhere
            };
        }
        match self.transactions.get_mut(self.next_transaction) {
            Some(oldest) => *oldest = (id, route),
            None => self.transactions.push((id, route)),
        }
        self.next_transaction = (self.next_transaction + 1) % TRANSACTIONS;
        Seen::Never
    }

    /// An authenticated check, not seen elsewhere, came from `route`.
    pub fn on_check(&mut self, now: Time, route: Route, nominate: bool) -> Outcome {
        let evicted = self.note_check(now, route, nominate);
        let moved = match self.current {
            None => self.move_to(now, route),
            Some(current) if current != route && nominate && self.may_try(now, current) => {
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
        address.spoke = now;
        let nominated = address.nominated;
        if self.current == Some(route) {
            if self.trial.take().is_some() {
                self.failures = 0;
            }
            return Outcome::default();
        }
        // Clients speak over one pair at a time, from the moment they have chosen it; Chromium nominates it
        // with its next check, which is up to 2.5 s later.
        let chosen = nominated || self.speaks_no_more(now);
        let may_move = chosen && now.since(self.moved_at) >= DWELL;
        if may_move && self.trial.is_some() {
            self.failed(now);
        }
        Outcome {
            moved: may_move && self.move_to(now, route),
            evicted: None,
        }
    }

    /// Go back from an address that did not prove itself. Returns whether the send address changed.
    pub fn on_timeout(&mut self, now: Time) -> bool {
        match self.trial {
            Some((before, until)) if now >= until => {
                self.failed(now);
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

    fn failed(&mut self, now: Time) {
        self.trial = None;
        self.failures += 1;
        if self.failures == TRIALS {
            self.failures = 0;
            self.distrust = now + DISTRUST;
        }
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
            spoke: now,
        });
        evicted
    }

    fn may_try(&self, now: Time, current: Route) -> bool {
        now >= self.distrust && self.silent(now, current)
    }

    fn silent(&self, now: Time, route: Route) -> bool {
        self.addresses
            .iter()
            .find(|a| a.route == route)
            .is_none_or(|a| now.since(a.heard) > SILENT)
    }

    /// Whether what the current address sends is checks at most.
    fn speaks_no_more(&self, now: Time) -> bool {
        let current = self
            .addresses
            .iter()
            .find(|a| Some(a.route) == self.current);
        current.is_none_or(|a| now.since(a.spoke) > SILENT)
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
mod tests;
