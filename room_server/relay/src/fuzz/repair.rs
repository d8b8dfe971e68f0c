//! What was sent under which number, and the packets it is fetched from: both against plain maps.

use super::reader::Reader;
use crate::drop::Drop;
use crate::forward::cache::Ring;
use crate::forward::packet::testing::{source, video};
use crate::forward::packet::{Packet, Source};
use crate::forward::rewrite::{Counters, Rewritten};
use crate::ids::Seq;
use crate::repair::rtx::{RtxBudget, RtxMap};
use crate::time::{Duration, Time};
use std::collections::HashMap;
use std::sync::{Arc, Weak};

/// Packets that the rings of all sources may hold between them: 1,024 each.
const MOST_KEPT: usize = SOURCES * 1_024;
const SOURCES: usize = 3;
/// Between two retransmissions of one packet at least this.
const RTT: Duration = Duration::from_millis(50);
/// Bytes that may be sent again at once, and per second; a fifth of what is sent comes on top.
const BURST: u64 = 30_000;
const FLOOR: u64 = 6_250;

struct Model {
    map: RtxMap,
    rings: [Ring; SOURCES],
    numbers: [u64; SOURCES],
    budget: RtxBudget,
    now: Time,
    /// By outgoing number: whose packet it was, under which of its numbers.
    sent: HashMap<u64, (Source, Seq, Rewritten)>,
    resent: HashMap<u64, Time>,
    packets: HashMap<(Source, Seq), Weak<Packet>>,
    next: u64,
    bytes: (u64, u64),
    rtx: Vec<Seq>,
}

/// A request is answered with what went out under that number or not at all, at most once per round trip;
/// rings give back what was put in and hold no more than they may; repeats stay within their budget.
pub fn repair(bytes: &[u8]) {
    let mut reader = Reader::new(bytes);
    let Some(first) = reader.word() else { return };
    let begin = Time(1_000_000_000);
    let mut model = Model {
        map: RtxMap::new(u64::from(first)),
        rings: std::array::from_fn(|_| Ring::default()),
        numbers: [70_000; SOURCES],
        budget: RtxBudget::new(begin),
        now: begin,
        sent: HashMap::new(),
        resent: HashMap::new(),
        packets: HashMap::new(),
        next: u64::from(first),
        bytes: (0, 0),
        rtx: Vec::new(),
    };
    while model.step(&mut reader).is_some() {}
    let alive = model.packets.values().filter(|p| p.strong_count() > 0);
    assert!(alive.count() <= MOST_KEPT);
    assert!(
        model
            .rtx
            .iter()
            .all(|index| index.0 >= u64::from(first & 0x7fff))
    );
    assert!(model.rtx.is_sorted_by(|a, b| a < b));
    let elapsed = model.now.since(begin).as_micros() as u64;
    let most = BURST + model.bytes.0 / 5 + elapsed * FLOOR / 1_000_000 + 1;
    assert!(model.bytes.1 <= most, "{} of {most}", model.bytes.1);
}

impl Model {
    fn step(&mut self, reader: &mut Reader<'_>) -> Option<()> {
        match reader.byte()? & 15 {
            0..8 => self.send(reader.pick(SOURCES)?, i64::from(reader.byte()? as i8)),
            // Swallowed numbers, and a source that counts anew.
            8 => self.next += u64::from(reader.byte()?),
            9 => {
                let number = &mut self.numbers[reader.pick(SOURCES)?];
                *number = number.next_multiple_of(1 << 16) + (1 << 16);
            }
            10 => self.now = self.now + Duration::from_millis(u64::from(reader.byte()?)),
            11 => {
                let which = reader.pick(SOURCES)?;
                self.rings[which].expire(self.now);
            }
            _ => self.request(reader.word()? % 700),
        }
        Some(())
    }

    /// Mostly the next packet, sometimes a late one.
    fn send(&mut self, which: usize, by: i64) {
        let by = if by % 4 == 0 { by / 4 } else { 1 };
        let number = &mut self.numbers[which];
        *number = number.saturating_add_signed(by);
        let (source, seq) = (source(which as u32, 0), Seq(*number));
        let mut packet = video(seq.0, (seq.0 as u32).wrapping_mul(3_000));
        (packet.source, packet.arrival) = (source, self.now);
        packet.payload = [&seq.0.to_be_bytes()[..], &[which as u8]].concat().into();
        let packet = Arc::new(packet);
        self.rings[which].insert(packet.clone());
        let kept = self.rings[which].get(seq);
        assert!(kept.is_none_or(|kept| kept.seq == seq && kept.source == source));
        self.packets.insert((source, seq), Arc::downgrade(&packet));
        let rewritten = Rewritten {
            seq: Seq(self.next),
            timestamp: (self.next as u32).wrapping_mul(7),
            marker: self.next % 3 == 0,
            counters: (self.next % 2 == 0).then_some(Counters {
                picture: self.next as u16,
                tl0: self.next as u8,
            }),
            parameter_sets: self.next % 5 == 0,
            switched: false,
        };
        self.map.record(source, seq, &rewritten);
        self.sent.insert(self.next, (source, seq, rewritten));
        self.next += 1;
        self.budget.sent(1_000);
        self.bytes.0 += 1_000;
    }

    fn request(&mut self, back: u16) {
        let wire = Seq(self.next).wire().wrapping_sub(back);
        let resend = match self.map.request(wire, self.now, RTT) {
            Ok(resend) => resend,
            Err(reason) => {
                assert!(matches!(reason, Drop::NotCached | Drop::RepairLimit));
                return;
            }
        };
        let expected = (resend.source, resend.seq, resend.rewritten);
        assert_eq!(self.sent.get(&resend.rewritten.seq.0), Some(&expected));
        assert_eq!(resend.rewritten.seq.wire(), wire);
        let before = self.resent.insert(resend.rewritten.seq.0, self.now);
        assert!(before.is_none_or(|before| self.now.since(before) >= RTT));
        let ring = &self.rings[resend.source.track.peer.0 as usize];
        if let Some(packet) = ring.get(resend.seq) {
            assert_eq!(packet.payload[..8], resend.seq.0.to_be_bytes());
            self.rtx.push(self.map.next_index());
            if self.budget.take(1_000, self.now) {
                self.bytes.1 += 1_000;
            }
        }
    }
}
