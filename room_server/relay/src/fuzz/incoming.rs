//! One received SSRC: what is missing, what is reported, whatever arrives in whatever order.

use super::reader::Reader;
use crate::forward::incoming::Incoming;
use crate::ids::Seq;
use crate::time::{Duration, Time};
use std::collections::HashSet;

/// Each number is new once; what is asked for again has not come, and ascends; reports stay within their fields
/// and count what came.
pub fn incoming(bytes: &[u8]) {
    let mut reader = Reader::new(bytes);
    let Some(first) = reader.word() else { return };
    let mut incoming = Incoming::new(90_000, true);
    let (mut seq, mut now) = (u64::from(first), Time(5_000_000_000));
    let (mut taken, mut asked, mut received) = (HashSet::new(), Vec::new(), 0_u64);
    while let Some(operation) = reader.byte() {
        let Some(value) = reader.byte() else { break };
        match operation & 15 {
            0..8 => {
                let by = i64::from(value as i8);
                let by = if operation >> 6 == 3 {
                    by * 50
                } else {
                    by / 16
                };
                seq = seq.saturating_add_signed(by.max(-(seq as i64)));
                let timestamp = u32::from(operation) << 20 ^ (seq as u32).wrapping_mul(3_000);
                if incoming.receive(Seq(seq), timestamp, 1_000, now).is_ok() {
                    assert!(taken.insert(seq), "{seq} twice");
                    received += 1;
                }
            }
            8 | 9 => {
                let wire = Seq(seq).wire().wrapping_sub(u16::from(value));
                if let Ok(repaired) = incoming.repaired(wire, 1_000, now) {
                    assert_eq!(repaired.wire(), wire);
                    assert!(taken.insert(repaired.0), "{} twice", repaired.0);
                }
            }
            10..13 => now = now + Duration::from_millis(u64::from(value)),
            13 => {
                asked.clear();
                incoming
                    .nacks
                    .due(now, Duration::from_millis(40), &mut asked);
                assert!(asked.is_sorted_by(|a, b| a < b));
                assert!(asked.iter().all(|seq| !taken.contains(&seq.0)));
            }
            14 => incoming.nacks.keyframe(Seq(seq)),
            _ => report(&mut incoming, now, received, value),
        }
        let highest = taken.iter().max().copied();
        assert_eq!(incoming.highest().map(|seq| seq.0), highest);
    }
}

fn report(incoming: &mut Incoming, now: Time, received: u64, value: u8) {
    incoming.sender_report(u64::from(value) << 56 | u64::from(value) << 20, now);
    let Some(report) = incoming.report(now) else {
        assert_eq!(received, 0);
        return;
    };
    assert!((-0x80_0000..=0x7f_ffff).contains(&report.cumulative_lost));
    assert_eq!(report.delay_since_last_sr, 0);
    // Interarrival jitter is bounded by the largest difference that is believed.
    assert!(report.jitter <= 90_000 * 5);
}
