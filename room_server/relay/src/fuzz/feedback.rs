//! Transport-wide feedback: what was recorded is what the publisher reads.

use super::reader::Reader;
use crate::bwe::twcc::Recorder;
use crate::ids::Ssrc;
use crate::rtcp::{self, Packet, TwccHeader};
use crate::time::{Duration, Time};
use std::collections::HashMap;

/// Unit of a delta, in which arrivals are rounded down.
const TICK: u64 = 250_000;
/// Fits any path together with the headers around it.
const MAX_MESSAGE: usize = 1_000;

/// Arrivals in any order and at any distance: each message is covered by one write, fits a datagram, and says of
/// each number when it arrived; nothing is told that was not received.
pub fn feedback(bytes: &[u8]) {
    let mut reader = Reader::new(bytes);
    let Some(mut number) = reader.word() else {
        return;
    };
    let mut recorder = Recorder::new();
    let mut now = Time(64_000_000 * 1_000);
    let mut arrived: HashMap<u16, Vec<Time>> = HashMap::new();
    while let Some((operation, value)) = reader.byte().zip(reader.byte()) {
        match operation & 7 {
            0..5 => {
                let by = i16::from(value as i8);
                let by = if operation >> 6 == 3 {
                    by * 99
                } else {
                    by / 32
                };
                number = number.wrapping_add_signed(by);
                recorder.receive(number, now);
                arrived.entry(number).or_default().push(now);
            }
            5 => now = now + Duration::from_micros(u64::from(value) * 333),
            6 => now = now + Duration::from_millis(u64::from(value) * u64::from(operation)),
            _ => tell(&mut recorder, now, &arrived),
        }
    }
}

fn tell(recorder: &mut Recorder, now: Time, arrived: &HashMap<u16, Vec<Time>>) {
    // Each message tells of at least one number more: what is remembered bounds them.
    for _ in 0..1_025 {
        let Some(message) = recorder.feedback(now) else {
            return;
        };
        let header = TwccHeader {
            sender: Ssrc(1),
            media: Ssrc(2),
            count: message.count,
        };
        let mut out = Vec::new();
        let covered = rtcp::write_twcc(&mut out, &header, message.base, message.arrivals);
        assert_eq!(covered, message.arrivals.len());
        assert!(covered > 0 && out.len() <= MAX_MESSAGE);
        let Some(Packet::TransportFeedback(read)) = rtcp::packets(&out).next() else {
            panic!("our own message is not understood")
        };
        assert_eq!((read.header, read.base), (header, message.base));
        let told: Vec<_> = read.arrivals().collect();
        assert_eq!(told.len(), covered);
        for ((number, told), kept) in told.into_iter().zip(message.arrivals) {
            assert_eq!(told.is_some(), kept.is_some());
            let Some((told, kept)) = told.zip(*kept) else {
                continue;
            };
            assert!(arrived[&number].contains(&kept));
            // The reference has 24 bits of 64 ms.
            let ticks = kept.0 / TICK % (256 << 24);
            assert_eq!(told.as_nanos() as u64 / TICK, ticks, "{number}");
        }
    }
    panic!("feedback without end");
}
