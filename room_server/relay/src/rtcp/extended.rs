//! Extended reports: the round trip of one who sends no media, and so gets no reports (RFC 3611 sections 4.4, 4.5).

use super::{kind, put_ssrc, ssrc_at, write};
use crate::bytes::{u16_at, u32_at, u64_at};
use crate::ids::Ssrc;

/// Block types.
const REFERENCE: u8 = 4;
const DELAYS: u8 = 5;
/// Of one answer.
const DELAY: usize = 12;

/// An XR.
#[derive(Clone, Copy, Debug)]
pub struct Extended<'a> {
    /// Who reports.
    pub sender: Ssrc,
    blocks: &'a [u8],
}

/// The answer to one receiver reference time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Delay {
    /// Whose reference time.
    pub ssrc: Ssrc,
    /// Middle 32 bits of it; 0 if none has come.
    pub last: u32,
    /// Between its arrival and this report, in 1/65536 s.
    pub delay: u32,
}

impl<'a> Extended<'a> {
    pub(super) fn parse(body: &'a [u8]) -> Option<Self> {
        Some(Extended {
            sender: ssrc_at(body, 0)?,
            blocks: body.get(4..)?,
        })
    }

    /// The receiver reference time, 64-bit NTP: the sender asks for its round trip.
    pub fn reference(&self) -> Option<u64> {
        self.blocks()
            .find(|(kind, _)| *kind == REFERENCE)
            .and_then(|(_, block)| u64_at(block, 0))
    }

    /// Answers, to us and to others.
    pub fn delays(&self) -> impl Iterator<Item = Delay> + use<'a> {
        self.blocks()
            .filter(|(kind, _)| *kind == DELAYS)
            .flat_map(|(_, block)| block.chunks_exact(DELAY))
            .filter_map(Delay::parse)
    }

    /// Types and contents of the blocks; one that is longer than the report ends them.
    fn blocks(&self) -> impl Iterator<Item = (u8, &'a [u8])> + use<'a> {
        let mut rest = self.blocks;
        std::iter::from_fn(move || {
            let kind = *rest.first()?;
            let end = 4 + usize::from(u16_at(rest, 2)?) * 4;
            let block = rest.get(4..end)?;
            rest = rest.get(end..)?;
            Some((kind, block))
        })
    }
}

impl Delay {
    fn parse(bytes: &[u8]) -> Option<Delay> {
        Some(Delay {
            ssrc: ssrc_at(bytes, 0)?,
            last: u32_at(bytes, 4)?,
            delay: u32_at(bytes, 8)?,
        })
    }
}

/// Appends an XR that asks whoever gets it for the round trip; `ntp` is when it is sent.
pub fn write_reference(out: &mut Vec<u8>, sender: Ssrc, ntp: u64) {
    write(out, 0, kind::XR, |out| {
        put_ssrc(out, sender);
        out.extend_from_slice(&[REFERENCE, 0, 0, 2]);
        out.extend_from_slice(&ntp.to_be_bytes());
    });
}

/// Appends an XR with one answer.
pub fn write_delay(out: &mut Vec<u8>, sender: Ssrc, answer: &Delay) {
    write(out, 0, kind::XR, |out| {
        put_ssrc(out, sender);
        out.extend_from_slice(&[DELAYS, 0, 0, 3]);
        put_ssrc(out, answer.ssrc);
        for word in [answer.last, answer.delay] {
            out.extend_from_slice(&word.to_be_bytes());
        }
    });
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bytes::hex;
    use crate::rtcp::{Packet, packets};

    fn read(bytes: &[u8]) -> Extended<'_> {
        match packets(bytes).next() {
            Some(Packet::Extended(extended)) => extended,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_question_and_its_answer_survive_the_wire() {
        let mut out = Vec::new();
        write_reference(&mut out, Ssrc(7), 0xe000_0001_8000_0002);
        assert_eq!(out, hex("80cf0004 00000007 04000002 e000000180000002"));
        let question = read(&out);
        assert_eq!(
            (question.sender, question.reference()),
            (Ssrc(7), Some(0xe000_0001_8000_0002))
        );
        assert_eq!(question.delays().count(), 0);

        let answer = Delay {
            ssrc: Ssrc(7),
            last: 0x0001_8000,
            delay: 655,
        };
        out.clear();
        write_delay(&mut out, Ssrc(1), &answer);
        assert_eq!(
            out,
            hex("80cf0005 00000001 05000003 00000007 00018000 0000028f")
        );
        assert_eq!(read(&out).delays().collect::<Vec<_>>(), [answer]);
        assert_eq!(read(&out).reference(), None);
    }

    #[test]
    fn other_blocks_are_passed_over_and_broken_ones_end_the_report() {
        let compound = hex("80cf000c 00000009
             09000001 ffffffff
             05000006 00000001 00000002 00000003 00000004 00000005 00000006
             04000009 00000000");
        let report = read(&compound);
        let asked: Vec<_> = report
            .delays()
            .map(|d| (d.ssrc.0, d.last, d.delay))
            .collect();
        assert_eq!(asked, [(1, 2, 3), (4, 5, 6)]);
        assert_eq!(report.reference(), None);
    }
}
