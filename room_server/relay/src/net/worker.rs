//! One worker: a thread with its sockets, its engine and nothing shared but queues. The loop
//! takes what has come, lets the engine fill one bounded chunk, sends it, and looks again.

use crate::arena::Arena;
use crate::command::{Command, Crossing, Event, Gone};
use crate::drop::Drop;
use crate::engine::Engine;
use crate::net::clock::Clock;
use crate::net::journal::Journal;
use crate::net::relay::Events;
use crate::net::send::Sender;
use crate::net::udp::{self, ReceiveBatch};
use crate::net::wake::Wake;
use crate::stats::{Count, Published};
use crate::time::Duration;
use crossbeam_queue::SegQueue;
use rustc_hash::FxHashMap;
use std::any::Any;
use std::io;
use std::net::UdpSocket;
use std::os::fd::{AsRawFd, RawFd};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// Datagrams taken from a socket before sending: a quarter of a millisecond's work. A batch that begins below it
/// is taken whole; one of nothing but runs is 2,048 datagrams at most.
const RECEIVED_PER_TURN: usize = 256;

/// DTLS waits for Python in a bounded queue: 2000 handshakes' flights.
const MAX_EVENTS: usize = 8192;

/// The counters are published at least this often while nothing happens.
const LONGEST_SLEEP: Duration = Duration::from_secs(1);

/// After a panic: no busy loop, should the engine panic for ever.
const PAUSE_AFTER_PANIC: Duration = Duration::from_millis(20);

/// How others reach a worker.
#[derive(Debug)]
pub struct Mailbox {
    commands: SegQueue<Command>,
    /// What other workers say besides media: rare, and must not be lost.
    notes: SegQueue<Crossing>,
    pub(super) wake: Wake,
    pub(super) stop: AtomicBool,
    pub(super) published: Published,
}

impl Mailbox {
    /// An empty one.
    pub fn new() -> io::Result<Mailbox> {
        Ok(Mailbox {
            commands: SegQueue::new(),
            notes: SegQueue::new(),
            wake: Wake::new()?,
            stop: AtomicBool::new(false),
            published: Published::default(),
        })
    }

    /// Queue a command and wake the worker.
    pub fn put(&self, command: Command) {
        self.commands.push(command);
        self.wake.wake();
    }
}

/// A worker's connections to the others.
#[derive(Debug)]
pub struct Links {
    mailboxes: Vec<Arc<Mailbox>>,
    pub(super) outgoing: FxHashMap<usize, rtrb::Producer<Crossing>>,
    pub(super) incoming: Vec<rtrb::Consumer<Crossing>>,
}

impl Links {
    /// Mailboxes of all workers; rings are added by the caller.
    pub fn new(mailboxes: Vec<Arc<Mailbox>>) -> Links {
        Links {
            mailboxes,
            outgoing: FxHashMap::default(),
            incoming: Vec::new(),
        }
    }
}

/// A worker thread's state.
pub struct Worker {
    index: usize,
    clock: Clock,
    sockets: Vec<UdpSocket>,
    links: Links,
    mailbox: Arc<Mailbox>,
    events: Arc<Events>,
    engine: Engine,
    journal: Journal,
    batch: ReceiveBatch,
    overflows: Vec<u32>,
    arena: Arena,
    sender: Sender,
    polled: Vec<RawFd>,
}

impl Worker {
    /// Worker `index`, whose mailbox is `mailbox`.
    pub fn new(
        index: usize,
        clock: Clock,
        sockets: Vec<UdpSocket>,
        links: Links,
        mailbox: Arc<Mailbox>,
        events: Arc<Events>,
    ) -> Worker {
        let mut polled: Vec<RawFd> = sockets.iter().map(AsRawFd::as_raw_fd).collect();
        polled.push(mailbox.wake.raw());
        Worker {
            index,
            clock,
            engine: Engine::new(index, links.mailboxes.len(), clock.now()),
            overflows: vec![0; sockets.len()],
            sockets,
            links,
            mailbox,
            events,
            journal: Journal::default(),
            batch: ReceiveBatch::default(),
            arena: Arena::default(),
            sender: Sender::default(),
            polled,
        }
    }

    /// Work until told to stop. A panic of the engine is named and the engine rebuilt.
    pub fn run(mut self) {
        loop {
            match catch_unwind(AssertUnwindSafe(|| self.work())) {
                Ok(()) => return,
                Err(payload) => self.rebuild(&describe(&*payload)),
            }
        }
    }

    fn work(&mut self) {
        while !self.mailbox.stop.load(Ordering::Acquire) {
            let received = self.receive();
            self.take_commands();
            self.take_crossings();
            self.engine.handle_timeout(self.clock.now());
            self.send_crossings();
            let more = self.transmit();
            self.pass_events();
            self.mailbox.published.publish(self.engine.counters());
            if !received && !more {
                self.sleep();
            }
        }
    }

    /// Until the sockets run dry, within bounds. Whether anything came.
    fn receive(&mut self) -> bool {
        let mut any = false;
        for index in 0..self.sockets.len() {
            let mut taken = 0;
            while taken < RECEIVED_PER_TURN {
                let Some(socket) = self.sockets.get(index) else {
                    break;
                };
                // An error here belongs to an earlier send (ICMP); the next call goes on.
                let Ok(1..) = self.batch.receive(socket) else {
                    break;
                };
                any = true;
                // Whoever sent one of these may have been told to by what was commanded before.
                self.take_commands();
                let moment = self.clock.moment();
                let engine = &mut self.engine;
                taken += self.batch.each(|r| {
                    engine.handle_datagram(moment.arrival(r.stamp), r.from, index as u8, r.bytes);
                });
                self.count_overflow(index);
                if !self.batch.was_full() {
                    break;
                }
            }
        }
        any
    }

    fn count_overflow(&mut self, index: usize) {
        let seen = self.overflows.get_mut(index);
        if let Some((total, seen)) = self.batch.overflow().zip(seen) {
            let fresh = u64::from(total.wrapping_sub(*seen));
            self.engine.counters_mut().add(Count::KernelDrops, fresh);
            *seen = total;
        }
    }

    fn take_commands(&mut self) {
        while let Some(command) = self.mailbox.commands.pop() {
            self.journal.note(&command);
            self.engine.handle_command(self.clock.now(), command);
        }
        while let Some(note) = self.mailbox.notes.pop() {
            self.engine.handle_crossing(self.clock.now(), note);
        }
    }

    fn take_crossings(&mut self) {
        let now = self.clock.now();
        for ring in &mut self.links.incoming {
            for _ in 0..ring.slots() {
                let Ok(crossing) = ring.pop() else { break };
                self.engine.handle_crossing(now, crossing);
            }
        }
    }

    /// Media by the bounded rings, all else by the mailbox; each target is woken once.
    fn send_crossings(&mut self) {
        let mut woken = 0u64;
        while let Some((target, crossing)) = self.engine.poll_crossing() {
            let Some(mailbox) = self.links.mailboxes.get(target) else {
                continue;
            };
            match (&crossing, self.links.outgoing.get_mut(&target)) {
                (Crossing::Media(..), Some(ring)) => {
                    if ring.push(crossing).is_err() {
                        self.engine.counters_mut().drop(Drop::QueueFull);
                    }
                }
                _ => mailbox.notes.push(crossing),
            }
            woken |= 1 << target;
        }
        for (target, mailbox) in self.links.mailboxes.iter().enumerate() {
            if woken & (1 << target) != 0 {
                mailbox.wake.wake();
            }
        }
    }

    /// One chunk. Whether there may be more.
    fn transmit(&mut self) -> bool {
        self.arena.clear();
        let more = self.engine.poll_transmit(self.clock.now(), &mut self.arena);
        let mut kernel = self.sockets.as_slice();
        self.sender
            .send(&self.arena, &mut kernel, self.engine.counters_mut());
        more
    }

    fn pass_events(&mut self) {
        let mut any = false;
        while let Some(event) = self.engine.poll_event() {
            match event {
                Event::Dtls(..) if self.events.queue.len() >= MAX_EVENTS => {
                    self.engine.counters_mut().drop(Drop::DtlsLimit);
                    continue;
                }
                Event::Gone(peer, _) => self.journal.forget(peer),
                _ => {}
            }
            self.events.queue.push(event);
            any = true;
        }
        if any {
            self.events.wake.wake();
        }
    }

    fn sleep(&mut self) {
        let now = self.clock.now();
        let until = self
            .engine
            .poll_timeout()
            .map_or(LONGEST_SLEEP, |at| at.since(now));
        // An error of poll would only make this turn of the loop shorter.
        let _ = udp::wait(&self.polled, Some(until.min(LONGEST_SLEEP)));
        self.mailbox.wake.clear();
    }

    fn rebuild(&mut self, reason: &str) {
        let counters = self.engine.counters().clone();
        let (now, workers) = (self.clock.now(), self.links.mailboxes.len());
        // The engine is in an unknown state; not even its destructors are trusted.
        std::mem::forget(std::mem::replace(
            &mut self.engine,
            Engine::new(self.index, workers, now),
        ));
        *self.engine.counters_mut() = counters;
        for command in self.journal.replay() {
            self.engine.handle_command(now, command);
        }
        self.events
            .queue
            .push(Event::Panic(self.index, reason.to_owned()));
        for peer in self.journal.take_peers() {
            self.events.queue.push(Event::Gone(peer, Gone::Worker));
        }
        self.events.wake.wake();
        std::thread::sleep(PAUSE_AFTER_PANIC);
    }
}

fn describe(payload: &(dyn Any + Send)) -> String {
    let text = payload.downcast_ref::<&str>().map(|s| (*s).to_owned());
    text.or_else(|| payload.downcast_ref::<String>().cloned())
        .unwrap_or_else(|| "unknown".to_owned())
}
