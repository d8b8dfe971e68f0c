//! Which of the latest sequence numbers have been used: a sliding bitmap.

use crate::ids::Seq;

/// Numbers remembered behind the highest: at the 1,000 packets per second of a large video
/// stream this is two seconds, twice what any retransmission is worth.
pub const WINDOW: u64 = 2048;

const WORDS: usize = (WINDOW / 64) as usize;

/// What [`Window::insert`] found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Insert {
    /// The highest so far; this many numbers below it were passed over for the first time.
    Ahead(u64),
    /// Below the highest and not seen before.
    Behind,
    /// Seen before.
    Duplicate,
    /// Too far below the highest to tell.
    TooOld,
}

/// A set of the latest [`WINDOW`] sequence numbers.
#[derive(Clone, Debug, Default)]
pub struct Window {
    highest: Option<u64>,
    bits: [u64; WORDS],
}

impl Window {
    /// Highest number inserted so far.
    pub fn highest(&self) -> Option<Seq> {
        self.highest.map(Seq)
    }

    /// Whether `seq` is remembered as inserted.
    pub fn contains(&self, seq: Seq) -> bool {
        let in_window = self
            .highest
            .is_some_and(|h| seq.0 <= h && h - seq.0 < WINDOW);
        let (word, bit) = place(seq.0);
        in_window && self.bits.get(word).is_some_and(|w| w & bit != 0)
    }

    /// Remember `seq`; says whether it was new. Each number is new exactly once.
    pub fn insert(&mut self, seq: Seq) -> Insert {
        let Some(highest) = self.highest else {
            self.advance(seq.0, seq.0);
            return Insert::Ahead(0);
        };
        if seq.0 > highest {
            self.advance(highest + 1, seq.0);
            return Insert::Ahead(seq.0 - highest - 1);
        }
        if highest - seq.0 >= WINDOW {
            return Insert::TooOld;
        }
        if self.contains(seq) {
            return Insert::Duplicate;
        }
        self.set(seq.0);
        Insert::Behind
    }

    fn advance(&mut self, from: u64, to: u64) {
        if to - from >= WINDOW {
            self.bits = [0; WORDS];
        } else {
            (from..=to).for_each(|seq| self.clear(seq));
        }
        self.highest = Some(to);
        self.set(to);
    }

    fn set(&mut self, seq: u64) {
        let (word, bit) = place(seq);
        if let Some(w) = self.bits.get_mut(word) {
            *w |= bit;
        }
    }

    fn clear(&mut self, seq: u64) {
        let (word, bit) = place(seq);
        if let Some(w) = self.bits.get_mut(word) {
            *w &= !bit;
        }
    }
}

fn place(seq: u64) -> (usize, u64) {
    (((seq % WINDOW) / 64) as usize, 1 << (seq % 64))
}

/// The 48-bit number nearest to `near` whose low 16 bits are `wire` (RFC 3711 section 3.3.1).
pub fn extend(wire: u16, near: Seq) -> Seq {
    let ahead = i64::from(wire.wrapping_sub(near.wire()) as i16);
    // Nothing lies below zero: before the first rollover such a number can only be ahead.
    Seq(near.0.checked_add_signed(ahead).unwrap_or(u64::from(wire)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::HashSet;

    #[test]
    fn rows() {
        let mut window = Window::default();
        for (seq, expect) in [
            (100, Insert::Ahead(0)),
            (101, Insert::Ahead(0)),
            (105, Insert::Ahead(3)),
            (103, Insert::Behind),
            (103, Insert::Duplicate),
            (105, Insert::Duplicate),
            (99, Insert::Behind),
            (105 + WINDOW, Insert::Ahead(WINDOW - 1)),
            (105, Insert::TooOld),
            (106, Insert::Behind),
            (1 << 40, Insert::Ahead((1 << 40) - 106 - WINDOW)),
            (200, Insert::TooOld),
        ] {
            assert_eq!(window.insert(Seq(seq)), expect, "{seq}");
        }
    }

    #[test]
    fn extending() {
        for (wire, near, expect) in [
            (5, 5, 5),
            (6, 5, 6),
            (0xffff, 0x1_0000, 0xffff),
            (0, 0xffff, 0x1_0000),
            (2, 0x2_fff0, 0x3_0002),
            (0xfff0, 0x3_0002, 0x2_fff0),
            (0xffff, 3, 0xffff),
        ] {
            assert_eq!(
                extend(wire, Seq(near)),
                Seq(expect),
                "{wire:x} near {near:x}"
            );
        }
    }

    proptest! {
        #[test]
        fn each_number_is_new_once(seqs in prop::collection::vec(0u64..6000, 0..400)) {
            let mut window = Window::default();
            let mut seen = HashSet::new();
            for seq in seqs {
                match window.insert(Seq(seq)) {
                    Insert::Ahead(_) | Insert::Behind => prop_assert!(seen.insert(seq)),
                    Insert::Duplicate => prop_assert!(seen.contains(&seq)),
                    Insert::TooOld => prop_assert!(seq + WINDOW <= window.highest().unwrap().0),
                }
            }
        }

        #[test]
        fn extend_keeps_the_wire_number_and_is_near(wire: u16, near in 0u64..1 << 40) {
            let seq = extend(wire, Seq(near));
            prop_assert_eq!(seq.wire(), wire);
            prop_assert!(seq.0.abs_diff(near) <= 0x8000 || near < 0x8000);
        }
    }
}
