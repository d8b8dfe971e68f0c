//! The sequence numbers of one slot, and with them its SRTP indices: none is ever given twice.
//!
//! Numbers are piecewise linear. A [`Piece`] begins at a switch or at a swallowed packet, and maps source
//! numbers from there on by a constant offset. A packet that comes late is numbered by the piece it belongs
//! to, so it gets the number that was left free for it.

use std::collections::VecDeque;

use super::window::{Insert, WINDOW, Window};
use crate::drop::Drop;
use crate::ids::Seq;
use crate::srtp::REPLAY_WINDOW;

/// Pieces kept: what lies before the oldest is too old to be worth forwarding.
const PIECES: usize = 16;

/// A source that is further ahead than this has lost more than any receiver repairs (Chromium gives up at
/// 200 missing packets) or counts anew; a hole near 2^15 would break the receiver's rollover guess.
const MAX_LEAP: u64 = 1000;

/// A number given out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Numbered {
    /// The outgoing number.
    pub seq: Seq,
    /// It is the highest so far; otherwise it fills a hole.
    pub newest: bool,
}

/// The numbering of one slot over all its sources.
#[derive(Clone, Debug)]
pub struct Numbering {
    used: Window,
    /// Oldest first; empty before the first switch.
    pieces: VecDeque<Piece>,
    /// Highest source number of this run, sent or swallowed.
    newest: Seq,
    first: Seq,
}

/// From source number `from` on, outgoing numbers count up from `to`.
#[derive(Clone, Copy, Debug)]
struct Piece {
    from: u64,
    to: u64,
}

impl Numbering {
    /// Nothing sent yet; the first number will be `first`.
    pub fn new(first: Seq) -> Numbering {
        Numbering {
            used: Window::default(),
            pieces: VecDeque::new(),
            newest: Seq(0),
            first,
        }
    }

    /// Continue with `seq` of another source, or of the same one after a pause: without a gap.
    pub fn switch(&mut self, seq: Seq) -> Seq {
        let next = self.next();
        self.pieces.clear();
        self.open_piece(seq.0, next.0);
        self.newest = seq;
        self.used.insert(next);
        next
    }

    /// A number for a packet of the relay's own, before a switch.
    pub fn insert(&mut self) -> Seq {
        let next = self.next();
        self.used.insert(next);
        next
    }

    /// The number for a further packet of the source switched to; it may be late. `TooOld` if none was
    /// left for it or SRTP would not protect it any more, `Duplicate` if it has had its number.
    pub fn forward(&mut self, seq: Seq) -> Result<Numbered, Drop> {
        let number = self.number(seq).ok_or(Drop::TooOld)?;
        let highest = self.used.highest().map_or(0, |highest| highest.0);
        if highest >= number.0 + REPLAY_WINDOW {
            return Err(Drop::TooOld);
        }
        let newest = match self.used.insert(number) {
            Insert::Ahead(_) => true,
            Insert::Behind => false,
            Insert::Duplicate => return Err(Drop::Duplicate),
            Insert::TooOld => return Err(Drop::TooOld),
        };
        self.newest = self.newest.max(seq);
        Ok(Numbered {
            seq: number,
            newest,
        })
    }

    /// `seq` of the source switched to is not sent: later numbers close up over it, unless one is out already.
    pub fn swallow(&mut self, seq: Seq) {
        if seq <= self.newest || !self.continues(seq) {
            return;
        }
        let Some(free) = self.number(seq) else { return };
        self.newest = seq;
        match self.pieces.back_mut() {
            // A burst of padding is one hole, not one piece each.
            Some(piece) if piece.from == seq.0 => piece.from += 1,
            _ => self.open_piece(seq.0 + 1, free.0),
        }
    }

    /// Whether `seq` can belong to the run: neither so far back that it is no late packet, nor so far ahead
    /// that what lies between is lost for good. If not, the source has to be switched to again.
    pub fn continues(&self, seq: Seq) -> bool {
        seq.0 + WINDOW >= self.newest.0 && seq.0 <= self.newest.0 + MAX_LEAP
    }

    /// Whether the run has come as far as `seq`.
    pub fn is_behind(&self, seq: Seq) -> bool {
        seq <= self.newest
    }

    fn next(&self) -> Seq {
        self.used
            .highest()
            .map_or(self.first, |highest| Seq(highest.0 + 1))
    }

    /// The number that belongs to source number `seq`, if any was left for it.
    fn number(&self, seq: Seq) -> Option<Seq> {
        let mut limit = u64::MAX;
        for piece in self.pieces.iter().rev() {
            if let Some(distance) = seq.0.checked_sub(piece.from) {
                return Some(Seq(piece.to + distance)).filter(|number| number.0 < limit);
            }
            limit = piece.to;
        }
        None
    }

    fn open_piece(&mut self, from: u64, to: u64) {
        if self.pieces.len() == PIECES {
            self.pieces.pop_front();
        }
        self.pieces.push_back(Piece { from, to });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::HashSet;

    #[derive(Clone, Copy, Debug)]
    enum Step {
        Switch(u64, u64),
        Forward(u64, u64),
        Refused(u64, Drop),
        Swallow(u64),
    }
    use Step::{Forward, Refused, Swallow, Switch};

    fn run(steps: &[Step]) {
        let mut numbering = Numbering::new(Seq(100));
        for (at, step) in steps.iter().enumerate() {
            match *step {
                Switch(seq, out) => assert_eq!(numbering.switch(Seq(seq)), Seq(out), "step {at}"),
                Forward(seq, out) => {
                    assert_eq!(
                        numbering.forward(Seq(seq)).map(|n| n.seq),
                        Ok(Seq(out)),
                        "step {at}"
                    );
                }
                Refused(seq, drop) => {
                    assert_eq!(numbering.forward(Seq(seq)), Err(drop), "step {at}");
                }
                Swallow(seq) => numbering.swallow(Seq(seq)),
            }
        }
    }

    #[test]
    fn switches_close_up_and_late_packets_keep_their_place() {
        run(&[
            Refused(7, Drop::TooOld),
            Switch(5_000, 100),
            Forward(5_001, 101),
            Forward(5_004, 104),
            Forward(5_002, 102),
            Refused(5_002, Drop::Duplicate),
            Refused(4_999, Drop::TooOld),
            Switch(9, 105),
            Refused(8, Drop::TooOld),
            Forward(11, 107),
            Forward(10, 106),
            Switch(5_010, 108),
            Refused(5_003, Drop::TooOld), // from before the other source
            Forward(5_011, 109),
        ]);
    }

    #[test]
    fn padding_closes_up() {
        run(&[
            Switch(10, 100),
            Swallow(11),
            Swallow(12),
            Forward(13, 101),
            Swallow(16), // 14 and 15 are still under way
            Forward(17, 104),
            Forward(15, 103),
            Forward(14, 102),
            Refused(16, Drop::TooOld),
            Refused(12, Drop::TooOld),
            Swallow(15), // sent already
            Forward(18, 105),
            Swallow(20),
            Forward(21, 107),
            Swallow(19), // its number was passed over and stays unused
            Forward(22, 108),
        ]);
    }

    #[test]
    fn what_srtp_would_refuse_gets_no_number() {
        let last = 5_000 + 2 + REPLAY_WINDOW;
        run(&[
            Switch(5_000, 100),
            Forward(last, 100 + 2 + REPLAY_WINDOW),
            Refused(5_002, Drop::TooOld),
            Forward(5_003, 103),
        ]);
    }

    #[test]
    fn notices_where_a_run_ends() {
        let mut numbering = Numbering::new(Seq(0));
        numbering.switch(Seq(60_000));
        for (seq, expect) in [
            (60_000 - WINDOW, true),
            (60_000 - WINDOW - 1, false),
            (60_000 + MAX_LEAP, true),
            (60_001 + MAX_LEAP, false),
            (5, false),
        ] {
            assert_eq!(numbering.continues(Seq(seq)), expect, "{seq}");
        }
        numbering.swallow(Seq(90_000));
        assert!(!numbering.continues(Seq(90_000)));
    }

    /// Operations as they come: which, and how far the source number moves.
    fn operations() -> impl Strategy<Value = Vec<(u8, i64)>> {
        let step = prop_oneof![8 => -6i64..8, 1 => -300i64..300, 1 => -5_000i64..5_000];
        prop::collection::vec((0u8..20, step), 1..400)
    }

    proptest! {
        /// An SRTP index used twice under one key gives both plaintexts away.
        #[test]
        fn no_number_is_given_twice(operations in operations(), first in 0u64..0x8000) {
            let mut numbering = Numbering::new(Seq(first));
            let mut given = HashSet::new();
            let mut source = 100_000i64;
            for (operation, step) in operations {
                source = (source + step).max(0);
                let seq = Seq(source as u64);
                let out = match operation {
                    0 => Some(numbering.switch(seq)),
                    1..4 => {
                        numbering.swallow(seq);
                        None
                    }
                    _ => numbering.forward(seq).ok().map(|numbered| numbered.seq),
                };
                prop_assert!(out.is_none_or(|out| given.insert(out)));
            }
        }

        /// What a decoder sees: the order of a run is that of its source, and what was not lost leaves no hole.
        #[test]
        fn a_run_keeps_its_order(lost in prop::collection::vec(0u8..6, 1..200), shuffle in 1usize..8) {
            let mut numbering = Numbering::new(Seq(7));
            numbering.switch(Seq(1_000));
            let mut packets: Vec<(u64, bool)> = (1_001..).zip(lost.iter().map(|l| *l == 0)).collect();
            packets.chunks_mut(shuffle).for_each(<[_]>::reverse);
            let mut out = Vec::new();
            for (seq, padding) in packets {
                if padding { numbering.swallow(Seq(seq)) } else { out.push((seq, numbering.forward(Seq(seq)))) }
            }
            out.sort_unstable_by_key(|(seq, _)| *seq);
            let numbers: Vec<_> = out.iter().filter_map(|(_, numbered)| Some(numbered.ok()?.seq.0)).collect();
            prop_assert!(numbers.is_sorted_by(|a, b| a < b));
            if shuffle == 1 {
                prop_assert_eq!(numbers, (8..8 + out.len() as u64).collect::<Vec<_>>());
            }
        }
    }
}
