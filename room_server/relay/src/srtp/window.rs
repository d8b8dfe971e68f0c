//! Which indices of a stream have been used: the replay window of RFC 3711 section 3.3.2, and its mirror on
//! the sending side. A bitmap ring, so that moving on never shifts it (RFC 6479).

const WORDS: usize = 8;
const BITS: u64 = 64;

/// Indices below the highest that are still told apart; more than the packets of a keyframe that a slow
/// link reorders or repairs.
pub const SIZE: u64 = (WORDS as u64 - 1) * BITS;

/// The highest index used and which of the [`SIZE`] below it were.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Window {
    /// One above the highest; 0 before the first.
    next: u64,
    used: [u64; WORDS],
}

impl Window {
    /// The highest index used.
    pub(super) fn highest(&self) -> Option<u64> {
        self.next.checked_sub(1)
    }

    /// Whether an index is neither used nor too old to tell.
    #[inline]
    pub(super) fn is_fresh(&self, index: u64) -> bool {
        match self.next.checked_sub(index + 1) {
            None => true,
            Some(behind) => behind < SIZE && self.word(index) & bit(index) == 0,
        }
    }

    /// Marks an index used; one too old to tell changes nothing.
    #[inline]
    pub(super) fn mark(&mut self, index: u64) {
        if !self.is_fresh(index) {
            return;
        }
        if index >= self.next {
            let (top, new) = (self.next.saturating_sub(1) / BITS, index / BITS);
            // What the ring's words held is further back than the window once they are reused.
            for word in (top + 1..=new).rev().take(WORDS) {
                *self.word_mut(word * BITS) = 0;
            }
            self.next = index + 1;
        }
        *self.word_mut(index) |= bit(index);
    }

    #[allow(clippy::indexing_slicing)] // modulo its length
    fn word(&self, index: u64) -> u64 {
        self.used[(index / BITS) as usize % WORDS]
    }

    #[allow(clippy::indexing_slicing)] // modulo its length
    fn word_mut(&mut self, index: u64) -> &mut u64 {
        &mut self.used[(index / BITS) as usize % WORDS]
    }
}

fn bit(index: u64) -> u64 {
    1 << (index % BITS)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::HashSet;

    #[test]
    fn each_index_once() {
        let mut window = Window::default();
        assert_eq!(window.highest(), None);
        for index in [0, 5, 3, 4, 1000] {
            assert!(window.is_fresh(index));
            window.mark(index);
            assert!(!window.is_fresh(index));
        }
        assert_eq!(window.highest(), Some(1000));
        assert!(window.is_fresh(1000 - SIZE + 1));
        assert!(!window.is_fresh(1000 - SIZE));
        assert!(!window.is_fresh(2));
    }

    #[test]
    fn the_bits_of_reused_words_are_cleared() {
        let mut window = Window::default();
        (0..WORDS as u64 * BITS).for_each(|index| window.mark(index));
        let jump = WORDS as u64 * BITS * 3 + 17;
        window.mark(jump);
        for index in jump - SIZE + 1..jump {
            assert!(window.is_fresh(index), "{index}");
        }
    }

    proptest! {
        /// Against the definition: fresh is "not used before, and less than SIZE behind the highest".
        #[test]
        fn as_a_set(start in 0u64..1 << 48, steps in proptest::collection::vec(
            prop_oneof![-600i64..600, -3i64..8, Just(100_000)], 1..300)) {
            let mut window = Window::default();
            let (mut used, mut highest) = (HashSet::new(), None::<u64>);
            let mut at = start;
            for step in steps {
                at = at.saturating_add_signed(step);
                let fresh = highest.is_none_or(|h| at > h || h - at < SIZE) && !used.contains(&at);
                prop_assert_eq!(window.is_fresh(at), fresh);
                window.mark(at);
                if fresh {
                    used.insert(at);
                    highest = highest.max(Some(at));
                }
                prop_assert_eq!(window.highest(), highest);
            }
        }
    }
}
