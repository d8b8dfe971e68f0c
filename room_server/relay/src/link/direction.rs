//! One direction of a link: a bottleneck with a queue in front of it, then the way.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::time::Duration;

use super::conditions::Conditions;
use super::inspect::{End, flip_port, udp_at};
use super::rng::Rng;
use crate::time::Time;

/// A packet waits no longer than this for the rate where no condition bounds the queue.
const DEFAULT_QUEUE: Duration = Duration::from_secs(1);

/// What has become of the packets so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Packets that came in.
    pub packets: u64,
    /// Their bytes.
    pub bytes: u64,
    /// Packets that left.
    pub delivered: u64,
    /// Their bytes.
    pub delivered_bytes: u64,
    /// Lost by `loss` or in a burst.
    pub lost: u64,
    /// Dropped before a full queue.
    pub queue_full: u64,
    /// Dropped because UDP, or everything, does not pass.
    pub blocked: u64,
    /// Held back so that others overtake.
    pub reordered: u64,
}

/// One direction of a link.
#[derive(Debug)]
pub struct Direction {
    /// May be changed at any time; holds for packets that come from then on.
    pub conditions: Conditions,
    end: End,
    rng: Rng,
    /// In the bad state of `burst`.
    bad: bool,
    /// When the bottleneck has sent what it has accepted.
    busy_until: Time,
    /// When the last packet in order arrives.
    last_due: Time,
    under_way: BinaryHeap<Reverse<Packet>>,
    counts: Counts,
    accepted: u64,
}

/// By when it arrives, then by when it came.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Packet {
    due: Time,
    number: u64,
    bytes: Vec<u8>,
}

impl Direction {
    /// From whoever is behind the NAT, if there is one, to the others.
    pub fn up(seed: u64, conditions: Conditions) -> Self {
        Self::new(seed, conditions, End::Source)
    }

    /// Towards whoever is behind the NAT.
    pub fn down(seed: u64, conditions: Conditions) -> Self {
        Self::new(seed, conditions, End::Destination)
    }

    fn new(seed: u64, conditions: Conditions, end: End) -> Self {
        Self {
            conditions,
            end,
            rng: Rng::new(seed),
            bad: false,
            busy_until: Time(0),
            last_due: Time(0),
            under_way: BinaryHeap::new(),
            counts: Counts::default(),
            accepted: 0,
        }
    }

    /// What has become of the packets so far.
    pub fn counts(&self) -> Counts {
        self.counts
    }

    /// A packet enters at `now`.
    pub fn push(&mut self, now: Time, packet: &[u8]) {
        self.counts.packets += 1;
        self.counts.bytes += packet.len() as u64;
        let udp = udp_at(packet);
        if self.conditions.cut || (self.conditions.udp_blocked && udp.is_some()) {
            self.counts.blocked += 1;
            return;
        }
        if self.loses() {
            self.counts.lost += 1;
            return;
        }
        let Some(sent) = self.through_the_bottleneck(now, packet.len()) else {
            self.counts.queue_full += 1;
            return;
        };
        let mut bytes = packet.to_vec();
        if let (Some(at), flip @ 1..) = (udp, self.conditions.rebind) {
            flip_port(&mut bytes, at, self.end, flip);
        }
        let due = self.arrival(sent);
        self.accepted += 1;
        self.under_way.push(Reverse(Packet {
            due,
            number: self.accepted,
            bytes,
        }));
    }

    /// When the next packet arrives.
    pub fn deadline(&self) -> Option<Time> {
        self.under_way.peek().map(|Reverse(packet)| packet.due)
    }

    /// The next packet that has arrived by `now`.
    pub fn pop(&mut self, now: Time) -> Option<Vec<u8>> {
        if self.deadline()? > now {
            return None;
        }
        let Reverse(packet) = self.under_way.pop()?;
        self.counts.delivered += 1;
        self.counts.delivered_bytes += packet.bytes.len() as u64;
        Some(packet.bytes)
    }

    fn loses(&mut self) -> bool {
        let mut lost = self.rng.chance(self.conditions.loss);
        if let Some(burst) = self.conditions.burst {
            let turn = if self.bad { burst.leave } else { burst.enter };
            self.bad ^= self.rng.chance(turn);
            lost |= self.rng.chance(burst.loss) && self.bad;
        }
        lost
    }

    /// When the last bit of the packet is on the wire; None if the queue is full.
    fn through_the_bottleneck(&mut self, now: Time, length: usize) -> Option<Time> {
        let Some(rate) = self.conditions.rate else {
            return Some(now);
        };
        let starts = self.busy_until.max(now);
        let wait = starts.since(now);
        let by_time = self.conditions.queue;
        let by_bytes = self.conditions.queue_bytes;
        if let Some(most) = by_bytes {
            // What the bottleneck still has to send is its queue.
            let waiting = wait.as_nanos() * u128::from(rate) / 8_000_000_000;
            if waiting + length as u128 > most as u128 {
                return None;
            }
        }
        let longest = match (by_time, by_bytes) {
            (Some(time), _) => time,
            (None, Some(_)) => Duration::MAX,
            (None, None) => DEFAULT_QUEUE,
        };
        if wait > longest {
            return None;
        }
        let takes = Duration::from_nanos(length as u64 * 8_000_000_000 / rate);
        self.busy_until = starts + takes;
        Some(self.busy_until)
    }

    fn arrival(&mut self, sent: Time) -> Time {
        let jitter = self.conditions.jitter.mul_f64(self.rng.unit());
        let due = (sent + self.conditions.delay + jitter).max(self.last_due);
        if self.rng.chance(self.conditions.reorder) {
            self.counts.reordered += 1;
            return due + self.conditions.reorder_by;
        }
        self.last_due = due;
        due
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: u64 = 1_000_000;

    fn link(words: &str) -> Direction {
        let mut conditions = Conditions::default();
        conditions.change(words).unwrap();
        Direction::up(7, conditions)
    }

    /// Send `count` packets of 100 bytes, one per millisecond; number and time in milliseconds of what arrives.
    fn run(link: &mut Direction, count: u32) -> Vec<(u32, f64)> {
        let mut seen = Vec::new();
        for number in 0..count {
            let mut packet = vec![0x40; 100];
            packet[96..].copy_from_slice(&number.to_be_bytes());
            link.push(Time(u64::from(number) * MS), &packet);
        }
        while let Some(due) = link.deadline() {
            let packet = link.pop(due).unwrap();
            let number = u32::from_be_bytes(packet[96..100].try_into().unwrap());
            seen.push((number, due.0 as f64 / MS as f64));
        }
        seen
    }

    #[test]
    fn a_perfect_link_carries_everything_at_once() {
        let seen = run(&mut link(""), 1000);
        assert!(
            seen.iter()
                .enumerate()
                .all(|(i, s)| *s == (i as u32, i as f64))
        );
    }

    #[test]
    fn delay_and_jitter_keep_the_order() {
        let seen = run(&mut link("delay=20 jitter=10"), 1000);
        assert!(seen.is_sorted());
        let late: Vec<f64> = seen.iter().map(|(i, at)| at - f64::from(*i)).collect();
        assert!(late.iter().all(|late| (20.0..=30.0).contains(late)));
        assert!(late.iter().any(|late| *late > 29.0) && late.iter().any(|late| *late < 23.0));
    }

    #[test]
    fn random_loss_is_the_share_and_repeats_with_the_seed() {
        let (mut first, mut second) = (link("loss=0.05"), link("loss=0.05"));
        let seen = run(&mut first, 20_000);
        assert_eq!(seen, run(&mut second, 20_000));
        assert!(
            (900..1100).contains(&first.counts().lost),
            "{:?}",
            first.counts()
        );
        assert_eq!(first.counts().delivered + first.counts().lost, 20_000);
    }

    #[test]
    fn bursts_lose_runs_of_the_length_that_leave_says() {
        let mut link = link("burst=0.01,0.2,1");
        let seen = run(&mut link, 50_000);
        let lost = link.counts().lost as f64;
        let gaps = seen.windows(2).filter(|w| w[1].0 > w[0].0 + 1).count() as f64;
        // In the bad state for 0.01 / (0.01 + 0.2) of the time, five packets at a stretch.
        assert!((lost / 50_000.0 - 0.0476).abs() < 0.008, "{lost}");
        assert!((lost / gaps - 5.0).abs() < 0.6, "{lost} in {gaps}");
    }

    #[test]
    fn a_rate_spaces_packets_and_a_full_queue_drops_the_last() {
        // 100 bytes per 2 ms: half of what comes.
        let mut slow = link("rate=400000 queue=10");
        let seen = run(&mut slow, 200);
        assert!(
            seen.windows(2)
                .all(|w| (w[1].1 - w[0].1 - 2.0).abs() < 1e-6)
        );
        assert!(seen.iter().all(|(i, at)| at - f64::from(*i) <= 12.0));
        assert_eq!(slow.counts().delivered + slow.counts().queue_full, 200);
        assert!((95..=106).contains(&seen.len()), "{}", seen.len());

        let mut small = link("rate=400000 queue_bytes=250");
        let seen = run(&mut small, 200);
        assert!(seen.iter().all(|(i, at)| at - f64::from(*i) <= 5.0));
    }

    #[test]
    fn reordered_packets_are_overtaken() {
        let mut link = link("delay=5 reorder=0.1 reorder_by=3");
        let seen = run(&mut link, 1000);
        assert_eq!(seen.len(), 1000);
        let overtaken = seen.windows(2).filter(|w| w[1].0 < w[0].0).count() as u64;
        assert!((60..140).contains(&overtaken) && overtaken <= link.counts().reordered);
        assert!(
            seen.iter()
                .all(|(i, at)| [5.0, 8.0].contains(&(at - f64::from(*i))))
        );
    }

    #[test]
    fn blocked_udp_leaves_the_rest_and_a_cut_leaves_nothing() {
        let mut udp = vec![0x45, 0, 0, 28, 0, 0, 0, 0, 64, 17];
        udp.resize(28, 0);
        let mut tcp = udp.clone();
        tcp[9] = 6;
        let mut link = link("udp_blocked=1");
        link.push(Time(0), &udp);
        link.push(Time(0), &tcp);
        assert_eq!(link.pop(Time(0)), Some(tcp.clone()));
        link.conditions.change("cut=1").unwrap();
        link.push(Time(1), &tcp);
        assert_eq!((link.pop(Time(9)), link.counts().blocked), (None, 2));
    }

    #[test]
    fn a_rebinding_shows_another_port_and_finds_the_way_back() {
        let mut out = vec![0x45, 0, 0, 28, 0, 0, 0, 0, 64, 17];
        out.resize(20, 0);
        out.extend([0x03, 0xe8, 0x07, 0xd0, 0, 8, 0, 0]);
        let (mut up, mut down) = (link("rebind=5"), Direction::down(7, Conditions::default()));
        down.conditions.change("rebind=5").unwrap();
        up.push(Time(0), &out);
        let seen = up.pop(Time(0)).unwrap();
        assert_eq!(&seen[20..24], &[0x03, 0xed, 0x07, 0xd0]);
        let mut back = seen.clone();
        back[20..22].copy_from_slice(&seen[22..24]);
        back[22..24].copy_from_slice(&seen[20..22]);
        down.push(Time(0), &back);
        assert_eq!(
            &down.pop(Time(0)).unwrap()[20..24],
            &[0x07, 0xd0, 0x03, 0xe8]
        );
    }
}
