//! The send arena: datagrams of one chunk back to back, grouped into messages. Consecutive
//! datagrams of equal size to one destination form one message, which the kernel cuts apart
//! again (`UDP_SEGMENT`); the last of a message may be shorter.

use crate::ice::Route;

/// One message for the kernel: `len` bytes from `start`, in datagrams of `segment` bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Message {
    /// Where to.
    pub route: Route,
    /// First byte in the arena.
    pub start: usize,
    /// Bytes in all.
    pub len: usize,
    /// Size of each datagram but perhaps the last.
    pub segment: usize,
}

impl Message {
    /// Number of datagrams in it.
    pub fn datagrams(&self) -> usize {
        self.len.div_ceil(self.segment.max(1))
    }
}

/// Largest datagram written: an Ethernet frame's worth, as browsers send at most 1200 byte packets.
pub const MAX_DATAGRAM: usize = 1500;

/// One fill: large enough for 60 messages of 4 in a sendmmsg, small enough (0.3 ms of a core) that
/// the socket is looked at in time, and that it stays in the second-level cache.
const MAX_DATAGRAMS: usize = 256;

/// A packet of a publisher may need one of the relay's own before it, after [`Arena::is_full`] was asked.
const SPARE: usize = 1;

/// `UDP_MAX_SEGMENTS` of kernels before 6.9.
const MAX_SEGMENTS: usize = 64;

/// Largest UDP payload over IPv4, less room for one more datagram's header.
const MAX_MESSAGE: usize = 65_000;

/// A reusable buffer of outgoing datagrams.
#[derive(Debug)]
pub struct Arena {
    bytes: Vec<u8>,
    used: usize,
    messages: Vec<Message>,
    datagrams: usize,
}

impl Default for Arena {
    fn default() -> Self {
        Arena {
            bytes: vec![0; (MAX_DATAGRAMS + SPARE) * MAX_DATAGRAM],
            used: 0,
            messages: Vec::with_capacity(MAX_DATAGRAMS + SPARE),
            datagrams: 0,
        }
    }
}

impl Arena {
    /// Whether no further packet should begin; one datagram more would be taken.
    pub fn is_full(&self) -> bool {
        self.datagrams >= MAX_DATAGRAMS
    }

    /// Append one datagram: `write` fills its beginning and returns its length, or `None` for
    /// nothing. Returns the length, `None` if nothing was written or there was no room.
    pub fn push(
        &mut self,
        route: Route,
        write: impl FnOnce(&mut [u8]) -> Option<usize>,
    ) -> Option<usize> {
        let room = self.bytes.get_mut(self.used..self.used + MAX_DATAGRAM)?;
        let len = write(room).filter(|len| (1..=MAX_DATAGRAM).contains(len))?;
        let joined = self
            .messages
            .last_mut()
            .is_some_and(|last| last.join(route, len));
        if !joined {
            self.messages.push(Message {
                route,
                start: self.used,
                len,
                segment: len,
            });
        }
        self.used += len;
        self.datagrams += 1;
        Some(len)
    }

    /// What is to be sent, oldest first.
    pub fn messages(&self) -> &[Message] {
        &self.messages
    }

    /// The bytes of a message.
    pub fn bytes(&self, message: &Message) -> &[u8] {
        self.bytes
            .get(message.start..message.start + message.len)
            .unwrap_or_default()
    }

    /// Number of datagrams in it.
    pub fn datagrams(&self) -> usize {
        self.datagrams
    }

    /// Forget everything.
    pub fn clear(&mut self) {
        self.used = 0;
        self.datagrams = 0;
        self.messages.clear();
    }
}

impl Message {
    /// Take one more datagram, which follows in the arena, if the kernel can cut it off again.
    fn join(&mut self, route: Route, len: usize) -> bool {
        let whole = self.len % self.segment == 0;
        let fits = self.route == route
            && whole
            && len <= self.segment
            && self.len / self.segment < MAX_SEGMENTS
            && self.len + len <= MAX_MESSAGE;
        if fits {
            self.len += len;
        }
        fits
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::SocketAddr;

    fn route(port: u16) -> Route {
        Route {
            addr: SocketAddr::from(([127, 0, 0, 1], port)),
            socket: 0,
        }
    }

    fn fill(sizes: &[(u16, usize)]) -> Vec<(u16, usize, usize)> {
        let mut arena = Arena::default();
        for (port, size) in sizes {
            assert_eq!(arena.push(route(*port), |_| Some(*size)), Some(*size));
        }
        assert_eq!(
            arena
                .messages()
                .iter()
                .map(Message::datagrams)
                .sum::<usize>(),
            sizes.len()
        );
        arena
            .messages()
            .iter()
            .map(|m| (m.route.addr.port(), m.datagrams(), m.segment))
            .collect()
    }

    #[test]
    fn equal_sizes_to_one_destination_become_one_message() {
        assert_eq!(
            fill(&[(1, 100), (1, 100), (1, 60), (1, 100)]),
            [(1, 3, 100), (1, 1, 100)]
        );
        assert_eq!(
            fill(&[(1, 100), (2, 100), (1, 100)]),
            [(1, 1, 100), (2, 1, 100), (1, 1, 100)]
        );
        assert_eq!(fill(&[(1, 100), (1, 101)]), [(1, 1, 100), (1, 1, 101)]);
        assert_eq!(fill(&[(1, 10); 70]), [(1, 64, 10), (1, 6, 10)]);
        assert_eq!(fill(&[(1, 1400); 50]), [(1, 46, 1400), (1, 4, 1400)]);
    }

    #[test]
    fn bounded_and_reusable() {
        let mut arena = Arena::default();
        while arena.push(route(1), |_| Some(MAX_DATAGRAM)).is_some() {}
        assert_eq!(arena.datagrams(), MAX_DATAGRAMS + SPARE);
        arena.clear();
        assert_eq!(arena.push(route(1), |_| None), None);
        assert!(arena.messages().is_empty());
    }
}
