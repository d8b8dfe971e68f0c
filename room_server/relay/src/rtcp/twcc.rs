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
        (0u16..).zip(self.statuses()).map_while(move |(i, status)| {
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
            0 => Status::Lost,
            1 => Status::Small,
            // 3 is reserved; libwebrtc writes none, and its delta has no length.
            _ => Status::Large,
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
