//! Carries IP packets between two TUN devices as a link of given conditions would: the network
//! that tests put between two namespaces.
//!
//! `link SEED`: standard input is the client's TUN device, standard output the server's, both
//! non-blocking; standard error is a Unix stream socket with whoever commands. A line `up`, `down`
//! or `both` with conditions (see [`Conditions::change`]) changes them, `counts` asks for figures;
//! each is answered by one line of JSON: `{}`, `{"error": ...}`, or both directions' counts. Ends
//! when the socket does.

use std::fmt::Write as _;
use std::fs::File;
use std::io::{self, BufRead, BufReader, ErrorKind, Read, Write};
use std::os::fd::AsFd;
use std::os::unix::net::UnixStream;
use std::process::ExitCode;

use _relay::link::{Conditions, Counts, Direction};
use _relay::net::clock::Clock;
use _relay::time::Time;
use rustix::event::{PollFd, PollFlags, Timespec, poll};

/// Larger than any packet of a TUN device.
const LARGEST: usize = 65_536;

/// Packets read from one device before the other, and what is due, is looked at.
const BATCH: usize = 64;

/// Apart from the seed of the other direction, so that both do not lose the same packets.
const DOWN_SEED: u64 = 0x5eed;

fn main() -> ExitCode {
    let Some(seed) = std::env::args().nth(1).and_then(|word| word.parse().ok()) else {
        eprintln!("link takes one argument, a seed of 0 to 2^64 - 1");
        return ExitCode::FAILURE;
    };
    match Link::open(seed).and_then(|mut link| link.run()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("link: {error}");
            ExitCode::FAILURE
        }
    }
}

/// What one loop needs.
struct Link {
    client: File,
    server: File,
    commands: BufReader<UnixStream>,
    line: String,
    up: Direction,
    down: Direction,
    clock: Clock,
}

impl Link {
    fn open(seed: u64) -> io::Result<Self> {
        let commands = UnixStream::from(io::stderr().as_fd().try_clone_to_owned()?);
        commands.set_nonblocking(true)?;
        Ok(Self {
            client: io::stdin().as_fd().try_clone_to_owned()?.into(),
            server: io::stdout().as_fd().try_clone_to_owned()?.into(),
            commands: BufReader::new(commands),
            line: String::new(),
            up: Direction::up(seed, Conditions::default()),
            down: Direction::down(seed ^ DOWN_SEED, Conditions::default()),
            clock: Clock::start(),
        })
    }

    fn run(&mut self) -> io::Result<()> {
        let mut buffer = vec![0; LARGEST];
        loop {
            let [client, server, commands] = self.wait()?;
            if client {
                take(&mut self.client, &mut self.up, self.clock, &mut buffer)?;
            }
            if server {
                take(&mut self.server, &mut self.down, self.clock, &mut buffer)?;
            }
            let at = self.clock.now();
            deliver(&mut self.up, at, &mut self.server)?;
            deliver(&mut self.down, at, &mut self.client)?;
            if commands && !self.obey()? {
                return Ok(());
            }
        }
    }

    /// Until something is to be read or due; what is to be read.
    fn wait(&self) -> io::Result<[bool; 3]> {
        let due = [self.up.deadline(), self.down.deadline()];
        let timeout = due.into_iter().flatten().min().map(|due| {
            let left = due.since(self.clock.now());
            Timespec {
                tv_sec: left.as_secs() as i64,
                tv_nsec: left.subsec_nanos().into(),
            }
        });
        let mut fds = [
            PollFd::new(&self.client, PollFlags::IN),
            PollFd::new(&self.server, PollFlags::IN),
            PollFd::new(self.commands.get_ref(), PollFlags::IN),
        ];
        poll(&mut fds, timeout.as_ref())?;
        Ok(fds.each_ref().map(|fd| !fd.revents().is_empty()))
    }

    /// Read and answer commands; false once nobody commands any more.
    fn obey(&mut self) -> io::Result<bool> {
        loop {
            match self.commands.read_line(&mut self.line) {
                Ok(0) => return Ok(false),
                Ok(_) => {
                    let line = std::mem::take(&mut self.line);
                    let answer = match self.command(&line) {
                        Ok(answer) => answer,
                        Err(error) => format!("{{\"error\": {error:?}}}"),
                    };
                    self.commands
                        .get_mut()
                        .write_all(format!("{answer}\n").as_bytes())?;
                }
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(true),
                Err(error) => return Err(error),
            }
        }
    }

    fn command(&mut self, line: &str) -> Result<String, String> {
        let (verb, words) = line.trim().split_once(' ').unwrap_or((line.trim(), ""));
        match verb {
            "up" => self.up.conditions.change(words)?,
            "down" => self.down.conditions.change(words)?,
            "both" => {
                self.up.conditions.change(words)?;
                self.down.conditions.change(words)?;
            }
            "counts" => {
                let (up, down) = (json(self.up.counts()), json(self.down.counts()));
                return Ok(format!("{{\"up\": {up}, \"down\": {down}}}"));
            }
            _ => return Err(format!("{verb:?} is no command: up, down, both or counts")),
        }
        Ok("{}".into())
    }
}

/// Read a batch of what the device has sent.
fn take(from: &mut File, into: &mut Direction, clock: Clock, buffer: &mut [u8]) -> io::Result<()> {
    for _ in 0..BATCH {
        match from.read(buffer) {
            Ok(length) => into.push(clock.now(), buffer.get(..length).unwrap_or_default()),
            Err(error) if error.kind() == ErrorKind::WouldBlock => break,
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

/// Write what has arrived by `at`.
fn deliver(from: &mut Direction, at: Time, to: &mut File) -> io::Result<()> {
    while let Some(packet) = from.pop(at) {
        match to.write(&packet) {
            Ok(_) => {}
            // The device is set down (EIO), or refuses this packet (EINVAL): so would a cable.
            Err(error) if matches!(error.raw_os_error(), Some(5 | 22)) => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

fn json(counts: Counts) -> String {
    let fields = [
        ("packets", counts.packets),
        ("bytes", counts.bytes),
        ("delivered", counts.delivered),
        ("delivered_bytes", counts.delivered_bytes),
        ("lost", counts.lost),
        ("queue_full", counts.queue_full),
        ("blocked", counts.blocked),
        ("reordered", counts.reordered),
    ];
    let mut text = String::new();
    for (name, value) in fields {
        let _ = write!(
            text,
            "{}\"{name}\": {value}",
            if text.is_empty() { "" } else { ", " }
        );
    }
    format!("{{{text}}}")
}
