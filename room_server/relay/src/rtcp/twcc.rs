//! Transport-wide congestion control feedback (draft-holmer-rmcat-transport-wide-cc-extensions-01 section 3.1).

use super::{kind, put_ssrc, ssrc_at, write};
use crate::bytes::{array, u16_at, u24_at};
use crate::ids::Ssrc;
use crate::time::{Duration, Time};

/// Most packets one message reports: it then stays below 900 bytes whatever the chunks and deltas.
pub const MAX_COVERED: usize = 384;

/// Unit of a delta.
const TICK_NANOS: u64 = 250_000;
/// Ticks in the reference time's unit of 64 ms.
const REFERENCE_TICKS: u64 = 256;

const VECTOR_ONE_BIT: u16 = 0x8000;
const VECTOR_TWO_BITS: u16 = 0xc000;
const MAX_RUN: usize = 0x1fff;

/// How a packet arrived, as a chunk says it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Status {
    Lost = 0,
    /// Delta in one byte, 0..=255 ticks.
    Small = 1,
    /// Delta in two bytes, signed.
    Large = 2,
}

/// Who reports on what, and the message's number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TwccHeader {
    /// Who reports.
    pub sender: Ssrc,
    /// Any stream of the transport; libwebrtc reads only the transport-wide numbers.
    pub media: Ssrc,
    /// Counts the messages of this transport, modulo 256.
    pub count: u8,
}

/// A feedback message.
#[derive(Clone, Copy, Debug)]
pub struct TransportFeedback<'a> {
    /// Who reports on what.
    pub header: TwccHeader,
    /// First transport-wide number reported.
    pub base: u16,
    /// How many numbers are reported.
    pub covered: u16,
    /// Reference time, 24 bits of 64 ms.
    pub reference: u32,
    /// Chunks, then deltas.
    rest: &'a [u8],
}

impl<'a> TransportFeedback<'a> {
    pub(super) fn parse(body: &'a [u8]) -> Option<Self> {
        Some(TransportFeedback {
            header: TwccHeader {
                sender: ssrc_at(body, 0)?,
                media: ssrc_at(body, 4)?,
                count: *body.get(15)?,
            },
            base: u16_at(body, 8)?,
            covered: u16_at(body, 10)?,
            reference: u24_at(body, 12)?,
            rest: body.get(16..)?,
        })
    }

    /// (number, arrival on the reporter's clock since its 24-bit zero, or `None` for lost), ascending.
    /// Ends early where the message is cut short.
    pub fn arrivals(&self) -> impl Iterator<Item = (u16, Option<Duration>)> + use<'a> {
        let base = self.base;
        let mut ticks = i64::from(self.reference) * REFERENCE_TICKS as i64;
        let mut deltas = self.deltas();
        // In this order, for a message may cover all numbers and the count has none after the last.
        self.statuses().zip(0u16..).map_while(move |(status, i)| {
            let delta = match status {
                Status::Lost => return Some((base.wrapping_add(i), None)),
                Status::Small => i64::from(take::<1>(&mut deltas)?[0]),
                Status::Large => i64::from(i16::from_be_bytes(take(&mut deltas)?)),
            };
            ticks += delta;
            let since = Duration::from_nanos(ticks.max(0) as u64 * TICK_NANOS);
            Some((base.wrapping_add(i), Some(since)))
        })
    }

    fn statuses(&self) -> impl Iterator<Item = Status> + use<'a> {
        self.rest
            .chunks_exact(2)
            .filter_map(|bytes| u16_at(bytes, 0))
            .flat_map(Chunk::of)
            .take(usize::from(self.covered))
    }

    /// What follows the chunks.
    fn deltas(&self) -> &'a [u8] {
        let mut left = usize::from(self.covered);
        let mut rest = self.rest;
        while left > 0 {
            let Some([a, b]) = array(rest, 0) else {
                return &[];
            };
            left = left.saturating_sub(Chunk::of(u16::from_be_bytes([a, b])).left);
            rest = rest.get(2..).unwrap_or_default();
        }
        rest
    }
}

/// Iterates over the statuses of one chunk.
struct Chunk {
    word: u16,
    left: usize,
}

impl Chunk {
    fn of(word: u16) -> Chunk {
        let left = match word & VECTOR_TWO_BITS {
            VECTOR_TWO_BITS => 7,
            VECTOR_ONE_BIT => 14,
            _ => usize::from(word) & MAX_RUN,
        };
        Chunk { word, left }
    }
}

impl Iterator for Chunk {
    type Item = Status;

    fn next(&mut self) -> Option<Status> {
        self.left = self.left.checked_sub(1)?;
        let symbol = match self.word & VECTOR_TWO_BITS {
            VECTOR_TWO_BITS => self.word >> (self.left * 2) & 3,
            VECTOR_ONE_BIT => self.word >> self.left & 1,
            _ => self.word >> 13 & 3,
        };
        Some(match symbol {
            1 => Status::Small,
            2 => Status::Large,
            // 3 is reserved and has no delta.
            _ => Status::Lost,
        })
    }
}

/// Appends feedback on the numbers `base`, `base + 1`, ... with their arrivals (`None`: lost); returns how
/// many it covers, so that the caller goes on from there. It covers fewer than given beyond [`MAX_COVERED`],
/// or where two arrivals are further apart than a delta can say (8 s). Leading losses are covered; if
/// nothing has arrived, nothing is written and 0 returned.
pub fn write_twcc(
    out: &mut Vec<u8>,
    header: &TwccHeader,
    base: u16,
    arrivals: &[Option<Time>],
) -> usize {
    let arrivals = arrivals.get(..MAX_COVERED).unwrap_or(arrivals);
    let Some(first) = arrivals.iter().flatten().next() else {
        return 0;
    };
    let reference = ticks(*first) / REFERENCE_TICKS;
    let mut plan = [(Status::Lost, 0i16); MAX_COVERED];
    let covered = deltas(&mut plan, reference * REFERENCE_TICKS, arrivals);
    let plan = plan.get(..covered).unwrap_or_default();
    write(out, kind::FMT_TWCC, kind::RTPFB, |out| {
        put_ssrc(out, header.sender);
        put_ssrc(out, header.media);
        out.extend_from_slice(&base.to_be_bytes());
        out.extend_from_slice(&(covered as u16).to_be_bytes());
        let [_, .., r0, r1, r2] = reference.to_be_bytes();
        out.extend_from_slice(&[r0, r1, r2, header.count]);
        write_chunks(out, plan);
        write_deltas(out, plan);
    });
    covered
}

/// Fills `plan` with statuses and deltas; how many before a delta overflows.
fn deltas(plan: &mut [(Status, i16)], mut last: u64, arrivals: &[Option<Time>]) -> usize {
    for (covered, (entry, arrival)) in plan.iter_mut().zip(arrivals).enumerate() {
        let Some(arrival) = arrival else { continue };
        // Differences of absolute ticks, so that rounding does not add up.
        let Ok(delta) = i16::try_from(ticks(*arrival) as i64 - last as i64) else {
            return covered;
        };
        let small = u8::try_from(delta).is_ok();
        *entry = (if small { Status::Small } else { Status::Large }, delta);
        last = ticks(*arrival);
    }
    arrivals.len()
}

fn write_chunks(out: &mut Vec<u8>, plan: &[(Status, i16)]) {
    let mut rest = plan;
    while let Some(&(status, _)) = rest.first() {
        let run = rest.iter().take_while(|(s, _)| *s == status).count();
        let one_bit = rest.iter().take(14).all(|(s, _)| *s != Status::Large);
        let (word, used) = if run >= 14 || run == rest.len() || run >= 7 && !one_bit {
            let run = run.min(MAX_RUN);
            ((status as u16) << 13 | run as u16, run)
        } else if one_bit {
            (VECTOR_ONE_BIT | vector(rest, 14, 1), 14)
        } else {
            (VECTOR_TWO_BITS | vector(rest, 7, 2), 7)
        };
        out.extend_from_slice(&word.to_be_bytes());
        rest = rest.get(used..).unwrap_or_default();
    }
}

/// The first `count` statuses, `bits` each, first highest; missing ones are zero.
fn vector(plan: &[(Status, i16)], count: usize, bits: usize) -> u16 {
    (0..count).fold(0, |word, i| {
        word << bits | plan.get(i).map_or(0, |(status, _)| *status as u16)
    })
}

fn write_deltas(out: &mut Vec<u8>, plan: &[(Status, i16)]) {
    for (status, delta) in plan {
        match status {
            Status::Lost => {}
            Status::Small => out.push(*delta as u8),
            Status::Large => out.extend_from_slice(&delta.to_be_bytes()),
        }
    }
}

fn ticks(time: Time) -> u64 {
    time.0 / TICK_NANOS
}

fn take<const N: usize>(bytes: &mut &[u8]) -> Option<[u8; N]> {
    let (head, tail) = bytes.split_first_chunk()?;
    *bytes = tail;
    Some(*head)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bytes::hex;
    use crate::rtcp::{Packet, packets};
    use proptest::prelude::*;

    const HEADER: TwccHeader = TwccHeader {
        sender: Ssrc(1),
        media: Ssrc(2),
        count: 3,
    };
    const MS: u64 = 1_000_000;

    fn written(base: u16, arrivals: &[Option<Time>]) -> (usize, Vec<u8>) {
        let mut out = Vec::new();
        let covered = write_twcc(&mut out, &HEADER, base, arrivals);
        (covered, out)
    }

    fn read(bytes: &[u8]) -> Vec<(u16, Option<Duration>)> {
        let Some(Packet::TransportFeedback(feedback)) = packets(bytes).next() else {
            panic!()
        };
        assert_eq!(feedback.header, HEADER);
        feedback.arrivals().collect()
    }

    fn at_ms(ms: u64) -> Time {
        Time(ms * MS)
    }

    #[test]
    fn bytes_of_a_short_message() {
        // 64 ms is one unit of reference; 65 ms then is 4 ticks on, 165 ms 400 more: two bytes.
        let (covered, out) = written(
            0xffff,
            &[Some(at_ms(65)), None, Some(at_ms(165)), Some(at_ms(160))],
        );
        assert_eq!(covered, 4);
        assert_eq!(
            out,
            hex("afcd0006 00000001 00000002 ffff 0004 000001 03 d280 04 0190 ffec 01")
        );
        let ms = |ms| Some(Duration::from_millis(ms));
        assert_eq!(
            read(&out),
            [(0xffff, ms(65)), (0, None), (1, ms(165)), (2, ms(160))]
        );
    }

    #[test]
    fn a_steady_stream_is_one_run() {
        let arrivals: Vec<_> = (0..100).map(|ms| Some(at_ms(ms))).collect();
        let (covered, out) = written(0, &arrivals);
        assert_eq!(covered, 100);
        // Header 4, fixed part 16, one chunk, one byte for each packet, padding.
        assert_eq!(out.len(), (4 + 16 + 2 + 100_usize).next_multiple_of(4));
        assert_eq!(read(&out).len(), 100);
    }

    #[test]
    fn nothing_arrived_is_no_message() {
        assert_eq!(written(0, &[None, None]), (0, Vec::new()));
        assert_eq!(written(0, &[]), (0, Vec::new()));
    }

    #[test]
    fn leading_losses_are_told() {
        let (covered, out) = written(10, &[None, None, Some(at_ms(1))]);
        assert_eq!(covered, 3);
        assert_eq!(
            read(&out),
            [(10, None), (11, None), (12, Some(Duration::from_millis(1)))]
        );
    }

    #[test]
    fn a_gap_no_delta_can_say_ends_the_message() {
        let (covered, out) = written(
            0,
            &[
                Some(at_ms(0)),
                Some(at_ms(8_191)),
                None,
                Some(at_ms(16_400)),
                Some(at_ms(16_401)),
            ],
        );
        assert_eq!(covered, 3);
        assert_eq!(read(&out).len(), 3);
    }

    #[test]
    fn the_longest_message_stays_small() {
        let arrivals: Vec<_> = (0..2000).map(|i| Some(at_ms(1000 + i % 2 * 100))).collect();
        let (covered, out) = written(0, &arrivals);
        assert_eq!(covered, MAX_COVERED);
        assert!(out.len() < 1000, "{}", out.len());
    }

    #[test]
    fn a_message_cut_short_ends_early() {
        // A run of a hundred, two deltas.
        let bytes = hex("8fcd0005 00000001 00000002 0000 0064 000000 03 2064 0400");
        assert_eq!(read(&bytes).len(), 2);
    }

    #[test]
    fn reserved_statuses_have_no_delta() {
        // A run of three of them, then one small.
        let bytes = hex("8fcd0006 00000001 00000002 0000 0004 000000 03 6003 2001 04 000000");
        let arrived: Vec<_> = read(&bytes).iter().map(|(_, at)| at.is_some()).collect();
        assert_eq!(arrived, [false, false, false, true]);
    }

    proptest! {
        #[test]
        fn arrivals_survive_the_wire(
            base: u16,
            start in 0u64..1 << 40,
            steps in proptest::collection::vec(
                prop_oneof![Just(None), (-20_000_000i64..80_000_000).prop_map(Some), (0i64..2_000_000).prop_map(Some)],
                1..600,
            ),
        ) {
            let mut now = start + 1_000_000_000_000;
            let arrivals: Vec<_> = steps
                .iter()
                .map(|step| step.map(|step| { now = now.strict_add_signed(step); Time(now) }))
                .collect();
            let (covered, out) = written(base, &arrivals);
            if arrivals.iter().take(MAX_COVERED).all(Option::is_none) {
                prop_assert_eq!(covered, 0);
                return Ok(());
            }
            prop_assert_eq!(covered, arrivals.len().min(MAX_COVERED));
            let read = read(&out);
            prop_assert_eq!(read.len(), covered);
            // Reference time wraps after 2^24 units of 64 ms.
            let wrap = (1u64 << 24) * REFERENCE_TICKS;
            for (i, (seq, since)) in read.into_iter().enumerate() {
                prop_assert_eq!(seq, base.wrapping_add(i as u16));
                let expected = arrivals[i].map(|at| ticks(at) % wrap);
                prop_assert_eq!(since.map(|since| since.as_nanos() as u64 / TICK_NANOS % wrap), expected);
            }
        }
    }
}
