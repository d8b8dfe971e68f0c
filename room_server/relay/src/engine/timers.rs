//! One timer per peer. Setting it earlier is cheap; entries that no longer count are skipped.

use crate::time::Time;
use std::cmp::Reverse;
use std::collections::BinaryHeap;

/// Deadlines of peers, by key.
#[derive(Debug, Default)]
pub struct Timers {
    heap: BinaryHeap<Reverse<(Time, usize)>>,
}

impl Timers {
    /// Fire for `key` at `at`, unless `scheduled`, which is the peer's own note of it, is earlier.
    pub fn set(&mut self, key: usize, scheduled: &mut Option<Time>, at: Time) {
        if scheduled.is_none_or(|s| at < s) {
            *scheduled = Some(at);
            self.heap.push(Reverse((at, key)));
        }
    }

    /// The next entry that is due, to be checked against the peer's own note.
    pub fn pop(&mut self, now: Time) -> Option<(Time, usize)> {
        let Reverse((at, _)) = self.heap.peek()?;
        if *at > now {
            return None;
        }
        self.heap.pop().map(|Reverse(entry)| entry)
    }

    /// When the next entry is due.
    pub fn next(&self) -> Option<Time> {
        self.heap.peek().map(|Reverse((at, _))| *at)
    }
}
