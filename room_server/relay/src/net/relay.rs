//! The handle: starts the workers, places peers, sends commands to the worker that owns a peer
//! or to all, and collects events. Used by the Python module and by the bench alike.

use crate::command::{Assignment, Command, Event, Named};
use crate::distribution::{Figure, Reading};
use crate::ids::{HallId, PeerId};
use crate::net::clock::Clock;
use crate::net::udp;
use crate::net::wake::Wake;
use crate::net::worker::{Links, Mailbox, Worker};
use crate::spec::PeerSpec;
use crate::stats::Count;
use crate::time::Duration;
use crossbeam_queue::SegQueue;
use rustc_hash::FxHashMap;
use std::collections::BTreeMap;
use std::io;
use std::net::{IpAddr, SocketAddr, UdpSocket};
use std::os::fd::RawFd;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, mpsc};
use std::thread::JoinHandle;

/// A worker answers within a loop turn; one that does not is about to be rebuilt.
const ANSWER: Duration = Duration::from_secs(1);

/// Packets on their way from one worker to another: a 50-packet keyframe of each of 16 seats, five times.
const CROSSING: usize = 4096;

/// More threads than this cannot be woken from one poll, and no machine has so many cores to give.
pub const MAX_WORKERS: usize = 64;

/// More addresses than this do not fit a worker's poll.
pub const MAX_ADDRESSES: usize = 8;

/// Events on their way up, and the eventfd that tells of them.
#[derive(Debug)]
pub struct Events {
    pub(super) queue: SegQueue<Event>,
    pub(super) wake: Wake,
}

#[derive(Clone, Copy)]
struct Home {
    worker: usize,
    hall: HallId,
    echo_group: u32,
}

/// The relay's worker threads.
pub struct Relay {
    mailboxes: Vec<Arc<Mailbox>>,
    threads: Mutex<Vec<JoinHandle<()>>>,
    events: Arc<Events>,
    ports: Vec<u16>,
    homes: Mutex<FxHashMap<PeerId, Home>>,
}

impl Relay {
    /// Bind `workers` x `bind` sockets, worker i on `port + i` (0: the kernel chooses), and start.
    pub fn start(bind: &[IpAddr], port: u16, workers: usize) -> io::Result<Relay> {
        let events = Arc::new(Events {
            queue: SegQueue::new(),
            wake: Wake::new()?,
        });
        let clock = Clock::start();
        let mut mailboxes = Vec::new();
        let mut sockets = Vec::new();
        for index in 0..workers {
            let wanted = if port == 0 { 0 } else { port + index as u16 };
            sockets.push(bind_all(bind, wanted)?);
            mailboxes.push(Arc::new(Mailbox::new()?));
        }
        let ports = sockets.iter().map(|s| {
            Ok(s.first()
                .ok_or(io::ErrorKind::InvalidInput)?
                .local_addr()?
                .port())
        });
        let ports = ports.collect::<io::Result<Vec<_>>>()?;
        let mut links = links(&mailboxes);
        let mut threads = Vec::new();
        for (index, sockets) in sockets.into_iter().enumerate().rev() {
            let Some((links, mailbox)) = links.pop().zip(mailboxes.get(index)) else {
                break;
            };
            let worker = Worker::new(
                index,
                clock,
                sockets,
                links,
                mailbox.clone(),
                events.clone(),
            );
            let name = format!("relay-{index}");
            threads.push(
                std::thread::Builder::new()
                    .name(name)
                    .spawn(move || worker.run())?,
            );
        }
        Ok(Relay {
            mailboxes,
            threads: Mutex::new(threads),
            events,
            ports,
            homes: Mutex::default(),
        })
    }

    /// The UDP port of each worker.
    pub fn ports(&self) -> &[u16] {
        &self.ports
    }

    /// Readable while there are events.
    pub fn event_fd(&self) -> RawFd {
        self.events.wake.raw()
    }

    /// Events since the last call, oldest first.
    pub fn poll(&self) -> Vec<Event> {
        self.events.wake.clear();
        let mut events = Vec::new();
        while let Some(event) = self.events.queue.pop() {
            if let Event::Gone(peer, _) = event {
                self.homes().remove(&peer);
            }
            events.push(event);
        }
        events
    }

    /// Tell every worker.
    pub fn tell_all(&self, command: &Command) {
        if let Command::HallClose(hall) = command {
            self.homes().retain(|_, home| home.hall != *hall);
        }
        for mailbox in &self.mailboxes {
            mailbox.put(command.clone());
        }
    }

    /// Tell the worker that has `peer`, if any.
    pub fn tell(&self, peer: PeerId, command: Command) {
        let home = self.homes().get(&peer).copied();
        if let Some(mailbox) = home.and_then(|h| self.mailboxes.get(h.worker)) {
            mailbox.put(command);
        }
    }

    /// Make a transport on the least loaded worker, whose index is returned. The error says what
    /// is wrong with the spec.
    pub fn peer_open(&self, spec: PeerSpec) -> Result<usize, String> {
        spec.check()?;
        let mut homes = self.homes();
        if homes.contains_key(&spec.peer) {
            return Err(format!("peer {} is open already", spec.peer.0));
        }
        let loaded = |index: &usize| homes.values().filter(|h| h.worker == *index).count();
        let worker = (0..self.mailboxes.len()).min_by_key(loaded).unwrap_or(0);
        homes.insert(
            spec.peer,
            Home {
                worker,
                hall: spec.hall,
                echo_group: spec.echo_group,
            },
        );
        drop(homes);
        self.tell(spec.peer, Command::PeerOpen(Box::new(spec)));
        Ok(worker)
    }

    /// Free a transport.
    pub fn peer_close(&self, peer: PeerId) {
        self.tell(peer, Command::PeerClose(peer));
        self.homes().remove(&peer);
    }

    /// Feed a seat; the peer's worker and echo group are filled in here. Ignored for an unknown peer.
    pub fn seat_assign(&self, mut assignment: Assignment) {
        let Some(home) = self.homes().get(&assignment.peer).copied() else {
            return;
        };
        assignment.worker = home.worker;
        assignment.echo_group = home.echo_group;
        self.tell_all(&Command::SeatAssign(assignment));
    }

    /// Counters over all workers.
    pub fn metrics(&self) -> BTreeMap<String, u64> {
        let mut sum = BTreeMap::new();
        for mailbox in &self.mailboxes {
            for (name, value) in mailbox.published.read() {
                // Every worker knows every hall: the one gauge that is not a sum.
                let once = name == Count::Halls.label();
                let entry = sum.entry(name).or_insert(0);
                *entry = if once {
                    value.max(*entry)
                } else {
                    value + *entry
                };
            }
        }
        sum
    }

    /// Distributions over all workers.
    pub fn distributions(&self) -> Vec<Reading> {
        let mut sum: Vec<_> = Figure::ALL.map(Reading::empty).into();
        for mailbox in &self.mailboxes {
            for (to, from) in sum.iter_mut().zip(mailbox.published.figures.read()) {
                to.add(&from);
            }
        }
        sum
    }

    /// A hall's seats and their counters over all workers. Waits for them, at most 1 s.
    pub fn seat_counters(&self, hall: HallId) -> BTreeMap<u16, Named> {
        if self.is_closed() {
            return BTreeMap::new();
        }
        let (reply, answers) = mpsc::channel();
        self.tell_all(&Command::SeatCounters(hall, reply));
        let mut seats: BTreeMap<u16, Named> = BTreeMap::new();
        while let Ok(answer) = answers.recv_timeout(ANSWER) {
            for (seat, counters) in answer {
                let sum = seats.entry(seat).or_default();
                for (name, value) in counters {
                    *sum.entry(name).or_insert(0) += value;
                }
            }
        }
        seats
    }

    /// A peer's counters; empty for an unknown one. Waits for its worker, at most 1 s.
    pub fn peer_counters(&self, peer: PeerId) -> Named {
        if self.is_closed() {
            return Named::new();
        }
        let (reply, answer) = mpsc::channel();
        self.tell(peer, Command::PeerCounters(peer, reply));
        answer.recv_timeout(ANSWER).unwrap_or_default()
    }

    /// Make a worker panic, for tests of the recovery.
    pub fn panic_worker(&self, worker: usize) {
        if let Some(mailbox) = self.mailboxes.get(worker) {
            mailbox.put(Command::Panic);
        }
    }

    /// Begin further peers' slots close to every wrap, for tests of their receivers.
    pub fn near_wraps(&self) {
        self.tell_all(&Command::NearWraps);
    }

    /// Stop the workers and free the ports.
    pub fn close(&self) {
        for mailbox in &self.mailboxes {
            mailbox.stop.store(true, Ordering::Release);
            mailbox.wake.wake();
        }
        let threads =
            std::mem::take(&mut *self.threads.lock().unwrap_or_else(PoisonError::into_inner));
        for thread in threads {
            // A worker that panicked outside its own net has nothing left to free.
            let _ = thread.join();
        }
    }

    /// Nobody answers any more.
    fn is_closed(&self) -> bool {
        let stopped = |m: &Arc<Mailbox>| m.stop.load(Ordering::Acquire);
        self.mailboxes.iter().all(stopped)
    }

    fn homes(&self) -> MutexGuard<'_, FxHashMap<PeerId, Home>> {
        self.homes.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Relay {
    fn drop(&mut self) {
        self.close();
    }
}

/// One socket per address, all on one port.
fn bind_all(bind: &[IpAddr], port: u16) -> io::Result<Vec<UdpSocket>> {
    let mut port = port;
    let mut sockets = Vec::new();
    for address in bind {
        let socket = udp::bind(SocketAddr::new(*address, port))?;
        port = socket.local_addr()?.port();
        sockets.push(socket);
    }
    Ok(sockets)
}

/// A ring from every worker to every other.
fn links(mailboxes: &[Arc<Mailbox>]) -> Vec<Links> {
    let mut links: Vec<Links> = mailboxes
        .iter()
        .map(|_| Links::new(mailboxes.to_vec()))
        .collect();
    for from in 0..mailboxes.len() {
        for to in (0..mailboxes.len()).filter(|to| *to != from) {
            let (producer, consumer) = rtrb::RingBuffer::new(CROSSING);
            if let Some(sender) = links.get_mut(from) {
                sender.outgoing.insert(to, producer);
            }
            if let Some(receiver) = links.get_mut(to) {
                receiver.incoming.push(consumer);
            }
        }
    }
    links
}
