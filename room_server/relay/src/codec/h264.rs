//! H.264 in packetization mode 1 (RFC 6184): single NAL units, STAP-A, FU-A. Where a keyframe's access unit
//! begins, and the parameter sets without which it cannot be decoded.

use crate::ids::Seq;
use std::sync::Arc;

/// NAL unit types (ITU-T H.264 table 7-1), and those of RFC 6184 section 5.2.
const IDR: u8 = 5;
const SPS: u8 = 7;
const PPS: u8 = 8;
const STAP_A: u8 = 24;
const FU_A: u8 = 28;

/// Importance of a parameter set: the highest (RFC 6184 section 5.3).
const NRI: u8 = 0x60;

/// Parameter sets kept of a source: encoders use one or two of each kind.
const MAX_SETS: usize = 8;
/// Longest set kept: with scaling lists and display information they reach about 100 bytes. All kept ones
/// fit one packet of 1200 bytes.
const MAX_SET: usize = 140;

/// One NAL unit of a payload, or the beginning of one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Unit<'a> {
    /// NAL unit type.
    pub kind: u8,
    /// What follows the NAL unit header.
    pub body: &'a [u8],
    /// Header and body; `None` if this is a fragment.
    pub whole: Option<&'a [u8]>,
}

impl<'a> Unit<'a> {
    fn of(bytes: &'a [u8]) -> Option<Unit<'a>> {
        let (header, body) = bytes.split_first()?;
        Some(Unit {
            kind: header & 0x1f,
            body,
            whole: Some(bytes),
        })
    }

    /// First slice of its picture: `first_mb_in_slice`, in Exp-Golomb code, is zero.
    fn begins_picture(&self) -> bool {
        self.body.first().is_some_and(|byte| byte & 0x80 != 0)
    }

    /// Id of a parameter set, the first number of a PPS and the first behind three bytes of an SPS
    /// (ITU-T H.264 sections 7.3.2.1.1 and 7.3.2.2).
    fn set_id(&self) -> Option<u32> {
        let skip = if self.kind == SPS { 3 } else { 0 };
        exp_golomb(self.body.get(skip..)?)
    }
}

/// The units that begin in a payload, none in a later fragment. `None` if it is not of mode 1, or cut short.
pub fn units(payload: &[u8]) -> Option<Units<'_>> {
    let (header, rest) = payload.split_first()?;
    rest.first()?;
    let units = match header & 0x1f {
        1..STAP_A => Units {
            single: Unit::of(payload),
            aggregate: &[],
        },
        STAP_A => Units {
            single: None,
            aggregate: rest,
        },
        FU_A => {
            let (fragment, body) = rest.split_first()?;
            body.first()?;
            let kind = fragment & 0x1f;
            Units {
                single: (fragment & 0x80 != 0).then_some(Unit {
                    kind,
                    body,
                    whole: None,
                }),
                aggregate: &[],
            }
        }
        _ => return None,
    };
    // Lengths are looked at once, here: an aggregate that does not end with its last unit is none.
    let mut walk = units.clone();
    walk.by_ref().for_each(drop);
    walk.aggregate.is_empty().then_some(units)
}

/// Iterates over the units of a payload.
#[derive(Clone, Debug)]
pub struct Units<'a> {
    single: Option<Unit<'a>>,
    aggregate: &'a [u8],
}

impl<'a> Iterator for Units<'a> {
    type Item = Unit<'a>;

    #[inline]
    fn next(&mut self) -> Option<Unit<'a>> {
        if let Some(single) = self.single.take() {
            return Some(single);
        }
        let (len, rest) = self.aggregate.split_first_chunk()?;
        let (unit, rest) = rest.split_at_checked(usize::from(u16::from_be_bytes(*len)))?;
        let unit = Unit::of(unit)?;
        self.aggregate = rest;
        Some(unit)
    }
}

/// An unsigned number in Exp-Golomb code of at most 16 bits after its zeros (ITU-T H.264 section 9.1).
fn exp_golomb(bytes: &[u8]) -> Option<u32> {
    let [a, b, c, d] = [0, 1, 2, 3].map(|at| bytes.get(at).copied().unwrap_or(0));
    let bits = u32::from_be_bytes([a, b, c, d]);
    let zeros = bits.leading_zeros();
    let length = 2 * zeros + 1;
    (zeros < 16 && length as usize <= bytes.len() * 8).then(|| (bits >> (32 - length)) - 1)
}

/// What one payload means to a slot.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Contents {
    /// A slot may open here.
    pub key_start: bool,
    /// What must go out before this packet where a slot opens with it: a STAP-A of the parameter sets,
    /// which this access unit came without.
    pub parameter_sets: Option<Arc<[u8]>>,
}

/// Reads the payloads of one source in the order of their arrival.
#[derive(Clone, Debug, Default)]
pub struct Reader {
    sets: ParameterSets,
    access: Option<Access>,
}

/// The newest access unit.
#[derive(Clone, Copy, Debug)]
struct Access {
    timestamp: u32,
    /// Its highest number so far.
    last: Seq,
    /// It has come from its first packet on, without a hole.
    whole: bool,
    /// An SPS was among it.
    sps: bool,
}

impl Reader {
    /// A payload of packet `seq`; `None` as [`units`].
    pub fn read(&mut self, seq: Seq, timestamp: u32, payload: &[u8]) -> Option<Contents> {
        let (mut sps, mut idr) = (false, false);
        for unit in units(payload)? {
            match unit.kind {
                SPS | PPS => {
                    sps |= unit.kind == SPS;
                    self.sets.keep(unit);
                }
                IDR => idr |= unit.begins_picture(),
                _ => {}
            }
        }
        let bare = self.follow(seq, timestamp, sps);
        // With a packet missing before the IDR its own sets may be in that: old ones would garble the picture.
        let parameter_sets = (idr && bare).then(|| self.sets.aggregate()).flatten();
        Some(Contents {
            key_start: sps || parameter_sets.is_some(),
            parameter_sets,
        })
    }

    /// Packet `seq` was padding.
    pub fn pass_over(&mut self, seq: Seq) {
        if let Some(access) = self.access.as_mut().filter(|a| a.last.0 + 1 == seq.0) {
            access.last = seq;
        }
    }

    /// Whether the packet's access unit is known to have had no SPS up to here.
    fn follow(&mut self, seq: Seq, timestamp: u32, sps: bool) -> bool {
        let before = self.access;
        if before.is_some_and(|a| seq <= a.last) {
            return false;
        }
        let next = before.is_some_and(|a| a.last.0 + 1 == seq.0);
        let same = before.filter(|a| a.timestamp == timestamp);
        let access = Access {
            timestamp,
            last: seq,
            whole: next && same.is_none_or(|a| a.whole),
            sps: sps || same.is_some_and(|a| a.sps),
        };
        self.access = Some(access);
        access.whole && !access.sps
    }
}

/// The latest parameter sets of a source, one for each id.
#[derive(Clone, Debug, Default)]
struct ParameterSets {
    /// Oldest first.
    sets: Vec<Set>,
    /// All of them in one payload, made when it is first needed.
    aggregate: Option<Arc<[u8]>>,
}

#[derive(Clone, Debug)]
struct Set {
    kind: u8,
    id: u32,
    bytes: Box<[u8]>,
}

impl ParameterSets {
    fn keep(&mut self, unit: Unit<'_>) {
        let Some((id, bytes)) = unit.set_id().zip(unit.whole) else {
            return;
        };
        let at = |set: &Set| (set.kind, set.id) == (unit.kind, id);
        // Encoders repeat them at every keyframe.
        if bytes.len() > MAX_SET || self.sets.iter().any(|s| at(s) && *s.bytes == *bytes) {
            return;
        }
        self.sets.retain(|set| !at(set));
        if self.sets.len() == MAX_SETS {
            self.sets.remove(0);
        }
        self.sets.push(Set {
            kind: unit.kind,
            id,
            bytes: bytes.into(),
        });
        self.aggregate = None;
    }

    /// A STAP-A of all, SPS first; `None` unless there is one of each kind.
    fn aggregate(&mut self) -> Option<Arc<[u8]>> {
        let of = |kind| self.sets.iter().filter(move |set| set.kind == kind);
        if of(SPS).next().is_none() || of(PPS).next().is_none() {
            return None;
        }
        let made = self.aggregate.get_or_insert_with(|| {
            let mut payload = vec![NRI | STAP_A];
            for set in of(SPS).chain(of(PPS)) {
                payload.extend((set.bytes.len() as u16).to_be_bytes());
                payload.extend_from_slice(&set.bytes);
            }
            payload.into()
        });
        Some(made.clone())
    }
}

#[cfg(test)]
mod tests;
