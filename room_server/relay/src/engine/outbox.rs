//! Single datagrams that an engine owes: answers to checks, DTLS, RTCP, retransmissions. They
//! leave before any media.

use crate::arena::{Arena, MAX_DATAGRAM};
use crate::drop::Drop;
use crate::ice::Route;
use std::ops::Range;

/// More waiting than this means that somebody asks faster than can be answered.
const MAX_BYTES: usize = 1 << 20;

/// Datagrams in the order of their making, in one reused buffer.
#[derive(Debug, Default)]
pub struct Outbox {
    bytes: Vec<u8>,
    items: Vec<(Route, Range<usize>)>,
    next: usize,
}

impl Outbox {
    /// Append a datagram.
    pub fn push(&mut self, route: Route, datagram: &[u8]) -> Result<(), Drop> {
        self.write(route, datagram.len(), |room| {
            room.copy_from_slice(datagram);
            Some(datagram.len())
        })
        .map(|_| ())
    }

    /// Append a datagram of at most `most` bytes: `write` fills it and returns its length. `SendFailed` if
    /// that is more than a datagram holds, or too many wait.
    pub fn write(
        &mut self,
        route: Route,
        most: usize,
        write: impl FnOnce(&mut [u8]) -> Option<usize>,
    ) -> Result<usize, Drop> {
        let start = self.bytes.len();
        if most > MAX_DATAGRAM || start + most > MAX_BYTES {
            return Err(Drop::SendFailed);
        }
        self.bytes.resize(start + most, 0);
        let written = self
            .bytes
            .get_mut(start..)
            .and_then(write)
            .filter(|len| *len <= most);
        self.bytes.truncate(start + written.unwrap_or(0));
        let len = written.ok_or(Drop::SendFailed)?;
        self.items.push((route, start..start + len));
        Ok(len)
    }

    /// Move what fits into the arena. Whether nothing is left.
    pub fn drain(&mut self, arena: &mut Arena) -> bool {
        while let Some((route, range)) = self.items.get(self.next) {
            if arena.is_full() {
                return false;
            }
            let datagram = self.bytes.get(range.clone()).unwrap_or_default();
            arena.push(*route, |room| {
                room.get_mut(..datagram.len())?.copy_from_slice(datagram);
                Some(datagram.len())
            });
            self.next += 1;
        }
        self.bytes.clear();
        self.items.clear();
        self.next = 0;
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::SocketAddr;

    #[test]
    fn bounded_ordered_and_reusable() {
        let route = Route {
            addr: SocketAddr::from(([127, 0, 0, 1], 9)),
            socket: 0,
        };
        let (mut outbox, mut arena) = (Outbox::default(), Arena::default());
        let mut pushed = 0;
        while outbox.push(route, &[pushed as u8; 1000]).is_ok() {
            pushed += 1;
        }
        assert_eq!(pushed, MAX_BYTES / 1000);
        let mut got = 0;
        while !outbox.drain(&mut arena) {
            got += arena.datagrams();
            arena.clear();
        }
        assert_eq!(got + arena.datagrams(), pushed);
        assert_eq!(outbox.write(route, 10, |_| None), Err(Drop::SendFailed));
        assert_eq!(
            outbox.push(route, &[0; MAX_DATAGRAM + 1]),
            Err(Drop::SendFailed)
        );
        assert!(outbox.push(route, b"x").is_ok());
    }
}
