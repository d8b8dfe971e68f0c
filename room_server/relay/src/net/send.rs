//! What to do when the kernel refuses: rule by rule, so that one message's trouble is not
//! another's. `UDP_SEGMENT` cannot be probed for: the option succeeds and sends fail later, per route.

use crate::arena::Arena;
use crate::drop::Drop;
use crate::net::udp::{self, Outgoing, SEND_BATCH};
use crate::stats::{Count, Counters};
use crate::time::Duration;
use rustc_hash::FxHashSet;
use std::io;
use std::net::{IpAddr, UdpSocket};

/// The two calls that sending needs, so that tests can refuse them.
pub trait Kernel {
    /// Hand over messages; how many were taken, or the error of the first.
    fn send(&mut self, socket: u8, messages: &[Outgoing<'_>]) -> io::Result<usize>;
    /// Wait a bounded time until the socket takes datagrams again.
    fn wait(&mut self, socket: u8);
}

/// The real one: a worker's sockets.
impl Kernel for &[UdpSocket] {
    fn send(&mut self, socket: u8, messages: &[Outgoing<'_>]) -> io::Result<usize> {
        let socket = self
            .get(usize::from(socket))
            .ok_or(io::ErrorKind::NotConnected)?;
        udp::send(socket, messages)
    }

    fn wait(&mut self, socket: u8) {
        if let Some(socket) = self.get(usize::from(socket)) {
            let _ = udp::wait_writable(socket, BACKPRESSURE);
        }
    }
}

/// A full socket buffer drains in a millisecond or two; longer, and the packets are better dropped.
const BACKPRESSURE: Duration = Duration::from_millis(2);

/// How often a full buffer is waited for in one fill: the sockets have to be looked at again, and
/// what does not fit by then is dropped message by message.
const WAITS: usize = 3;

/// Destinations remembered as unable to take runs; beyond, runs are off for everybody.
const MAX_SINGLE_ROUTES: usize = 1024;

/// Sends arenas and remembers which destinations cannot take runs.
#[derive(Debug, Default)]
pub struct Sender {
    single_routes: FxHashSet<IpAddr>,
    /// Waits left in this fill.
    waits: usize,
}

impl Sender {
    /// Send all of `arena`. What the kernel refuses for good is counted and left out.
    pub fn send(&mut self, arena: &Arena, kernel: &mut impl Kernel, counters: &mut Counters) {
        self.waits = WAITS;
        let mut rest = arena.messages();
        while let Some(first) = rest.first() {
            let socket = first.route.socket;
            let mut batch: Vec<Outgoing<'_>> = Vec::with_capacity(rest.len());
            let same = rest.iter().take_while(|m| m.route.socket == socket);
            for message in same {
                let bytes = arena.bytes(message);
                let to = message.route.addr;
                let single = message.datagrams() == 1;
                if single || self.may_run(to.ip()) {
                    let segment = (!single).then_some(message.segment as u16);
                    batch.push(Outgoing { to, bytes, segment });
                } else {
                    batch.extend(bytes.chunks(message.segment).map(|bytes| Outgoing {
                        to,
                        bytes,
                        segment: None,
                    }));
                }
                rest = rest.get(1..).unwrap_or_default();
            }
            self.send_batch(socket, &batch, kernel, counters);
        }
    }

    fn may_run(&self, to: IpAddr) -> bool {
        self.single_routes.len() < MAX_SINGLE_ROUTES && !self.single_routes.contains(&to)
    }

    fn send_batch(
        &mut self,
        socket: u8,
        mut rest: &[Outgoing<'_>],
        kernel: &mut impl Kernel,
        counters: &mut Counters,
    ) {
        while let Some(first) = rest.first() {
            let part = rest.get(..rest.len().min(SEND_BATCH)).unwrap_or(rest);
            counters.add(Count::SendCalls, 1);
            match kernel.send(socket, part) {
                Ok(taken) if taken > 0 => {
                    count_sent(part.get(..taken).unwrap_or(part), counters);
                    rest = rest.get(taken..).unwrap_or_default();
                    continue;
                }
                Err(error) if is_full(&error) && self.waits > 0 => {
                    self.waits -= 1;
                    kernel.wait(socket);
                    continue;
                }
                Err(error) if is_about_runs(&error) && first.segment.is_some() => {
                    counters.add(Count::GsoFallback, 1);
                    self.single_routes.insert(first.to.ip());
                    let singles = singly(first);
                    self.send_batch(socket, &singles, kernel, counters);
                }
                _ => counters.drop_many(Drop::SendFailed, datagrams(first)),
            }
            rest = rest.get(1..).unwrap_or_default();
        }
    }
}

fn singly<'a>(run: &Outgoing<'a>) -> Vec<Outgoing<'a>> {
    let size = run.segment.map_or(run.bytes.len(), usize::from).max(1);
    run.bytes
        .chunks(size)
        .map(|bytes| Outgoing {
            to: run.to,
            bytes,
            segment: None,
        })
        .collect()
}

fn datagrams(message: &Outgoing<'_>) -> u64 {
    message.segment.map_or(1, |size| {
        message.bytes.len().div_ceil(usize::from(size).max(1)) as u64
    })
}

fn count_sent(sent: &[Outgoing<'_>], counters: &mut Counters) {
    counters.add(Count::Messages, sent.len() as u64);
    counters.add(
        Count::BytesOut,
        sent.iter().map(|m| m.bytes.len() as u64).sum(),
    );
}

fn is_full(error: &io::Error) -> bool {
    error.kind() == io::ErrorKind::WouldBlock || error.raw_os_error() == Some(libc::ENOBUFS)
}

/// No checksum offload on the route (EIO), an old kernel (EINVAL), a smaller MTU (EMSGSIZE).
fn is_about_runs(error: &io::Error) -> bool {
    matches!(
        error.raw_os_error(),
        Some(libc::EIO | libc::EINVAL | libc::EMSGSIZE)
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ice::Route;
    use std::net::SocketAddr;

    /// A kernel that takes at most `most` messages a call and answers as the script says first.
    #[derive(Default)]
    struct Fake {
        script: Vec<Option<i32>>,
        refuses_runs_to: Option<u16>,
        most: usize,
        waits: usize,
        sent: Vec<(u16, Vec<u8>)>,
    }

    impl Kernel for Fake {
        fn send(&mut self, _: u8, messages: &[Outgoing<'_>]) -> io::Result<usize> {
            if let Some(Some(code)) = (!self.script.is_empty()).then(|| self.script.remove(0)) {
                return Err(io::Error::from_raw_os_error(code));
            }
            let mut taken = 0;
            for message in messages.iter().take(self.most) {
                if message.segment.is_some() && self.refuses_runs_to == Some(message.to.port()) {
                    return if taken == 0 {
                        Err(io::Error::from_raw_os_error(libc::EIO))
                    } else {
                        Ok(taken)
                    };
                }
                for single in singly(message) {
                    self.sent.push((message.to.port(), single.bytes.to_vec()));
                }
                taken += 1;
            }
            Ok(taken)
        }

        fn wait(&mut self, _: u8) {
            self.waits += 1;
        }
    }

    /// Three runs of two to ports 1, 2, 3, each on a host of its own.
    fn arena() -> Arena {
        let mut arena = Arena::default();
        for host in 1..=3u8 {
            let route = Route {
                addr: SocketAddr::from(([127, 0, 0, host], u16::from(host))),
                socket: 0,
            };
            for n in 0..2u8 {
                arena.push(route, |room| {
                    room[..2].copy_from_slice(&[host, n]);
                    Some(2)
                });
            }
        }
        arena
    }

    fn all() -> Vec<(u16, Vec<u8>)> {
        (1..=3u8)
            .flat_map(|host| (0..2u8).map(move |n| (u16::from(host), vec![host, n])))
            .collect()
    }

    fn run(fake: &mut Fake, times: usize) -> Counters {
        let (mut sender, mut counters) = (Sender::default(), Counters::default());
        for _ in 0..times {
            sender.send(&arena(), fake, &mut counters);
        }
        counters
    }

    #[test]
    fn a_partial_send_goes_on_where_it_stopped() {
        let mut fake = Fake {
            most: 1,
            ..Fake::default()
        };
        let counters = run(&mut fake, 1);
        assert_eq!(fake.sent, all());
        assert_eq!(counters.get(Count::BytesOut), 12);
    }

    #[test]
    fn a_route_that_refuses_runs_gets_singles_from_then_on() {
        let mut fake = Fake {
            most: 64,
            refuses_runs_to: Some(2),
            ..Fake::default()
        };
        let counters = run(&mut fake, 2);
        assert_eq!(fake.sent, [all(), all()].concat());
        assert_eq!(counters.get(Count::GsoFallback), 1);
        assert_eq!(counters.dropped(Drop::SendFailed), 0);
    }

    #[test]
    fn each_error_that_may_mean_no_runs_falls_back() {
        for code in [libc::EIO, libc::EINVAL, libc::EMSGSIZE] {
            let mut fake = Fake {
                most: 64,
                script: vec![Some(code)],
                ..Fake::default()
            };
            let counters = run(&mut fake, 1);
            assert_eq!(fake.sent, all());
            assert_eq!(
                (
                    counters.get(Count::GsoFallback),
                    counters.dropped(Drop::SendFailed)
                ),
                (1, 0)
            );
        }
    }

    #[test]
    fn a_full_buffer_is_waited_for_and_then_given_up() {
        for code in [libc::EAGAIN, libc::ENOBUFS] {
            let mut fake = Fake {
                most: 64,
                script: vec![Some(code); 2],
                ..Fake::default()
            };
            let counters = run(&mut fake, 1);
            assert_eq!(
                (fake.waits, fake.sent, counters.dropped(Drop::SendFailed)),
                (2, all(), 0)
            );

            let mut fake = Fake {
                most: 64,
                script: vec![Some(code); 4],
                ..Fake::default()
            };
            let counters = run(&mut fake, 1);
            assert_eq!((fake.waits, fake.sent), (3, all()[2..].to_vec()));
            assert_eq!(counters.dropped(Drop::SendFailed), 2);

            let mut fake = Fake {
                most: 64,
                script: vec![Some(code); 100],
                ..Fake::default()
            };
            let counters = run(&mut fake, 1);
            assert_eq!(
                (fake.waits, fake.sent),
                (3, vec![]),
                "one bound for the whole fill"
            );
            assert_eq!(counters.dropped(Drop::SendFailed), 6);
        }
    }

    #[test]
    fn one_unreachable_destination_costs_only_its_own() {
        let mut fake = Fake {
            most: 64,
            script: vec![Some(libc::ENETUNREACH)],
            ..Fake::default()
        };
        let counters = run(&mut fake, 1);
        assert_eq!(fake.sent, all()[2..]);
        assert_eq!(counters.dropped(Drop::SendFailed), 2);
    }
}
