//! Outgoing sequence numbers over any order of switches, packets and padding.

use super::reader::Reader;
use crate::forward::numbering::Numbering;
use crate::ids::Seq;
use crate::srtp::REPLAY_WINDOW;
use std::collections::{BTreeMap, HashSet};

/// No number is given twice, the first is the one asked for, a switch is right behind what went out, and the
/// numbers of a run have the order of its source's.
pub fn numbering(bytes: &[u8]) {
    let mut reader = Reader::new(bytes);
    let Some(first) = reader.word().map(|word| u64::from(word & 0x7fff)) else {
        return;
    };
    let mut numbering = Numbering::new(Seq(first));
    let (mut given, mut run) = (HashSet::new(), BTreeMap::new());
    let (mut source, mut highest) = (100_000_u64, None);
    while let Some((operation, step)) = reader.byte().zip(reader.byte()) {
        let step = i64::from(step as i8);
        // Mostly the next few packets, now and then a hole or a leap.
        let step = match operation >> 6 {
            0 | 1 => step / 32,
            2 => step,
            _ => step * 40,
        };
        source = source.saturating_add_signed(step);
        let seq = Seq(source);
        match operation & 15 {
            0 => {
                let number = numbering.switch(seq).0;
                assert_eq!(number, highest.map_or(first, |highest: u64| highest + 1));
                assert!(given.insert(number));
                highest = Some(number);
                run = BTreeMap::from([(source, number)]);
            }
            1..4 => numbering.swallow(seq),
            _ => {
                let Ok(numbered) = numbering.forward(seq) else {
                    continue;
                };
                let number = numbered.seq.0;
                assert!(given.insert(number), "{number} twice");
                assert!(highest.is_none_or(|h| h < number + REPLAY_WINDOW));
                assert_eq!(numbered.newest, highest.is_none_or(|h| number > h));
                highest = highest.max(Some(number));
                let below = run.range(..source).next_back();
                assert!(below.is_none_or(|(_, below)| *below < number));
                let above = run.range(source + 1..).next();
                assert!(above.is_none_or(|(_, above)| number < *above));
                run.insert(source, number);
            }
        }
    }
}
