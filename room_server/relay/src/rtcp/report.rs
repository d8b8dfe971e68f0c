//! Sender and receiver reports, and the SDES that names their sender (RFC 3550 section 6.4, 6.5).

use super::{kind, put_ssrc, ssrc_at, write};
use crate::bytes::{array, u32_at, u64_at};
use crate::ids::Ssrc;

/// Blocks one report can hold: the count has five bits.
const MAX_BLOCKS: usize = 31;
const BLOCK: usize = 24;
const SENDER_INFO: usize = 24;

/// What a sender says of its own stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SenderInfo {
    /// Whose stream.
    pub ssrc: Ssrc,
    /// 64-bit NTP time of the report.
    pub ntp: u64,
    /// The same instant on the stream's RTP clock.
    pub rtp: u32,
    /// Packets sent since the start, modulo 2^32.
    pub packets: u32,
    /// Payload bytes sent since the start, modulo 2^32.
    pub octets: u32,
}

/// What a receiver says of one stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReportBlock {
    /// Whose stream.
    pub ssrc: Ssrc,
    /// Lost since the last report, in 1/256.
    pub fraction_lost: u8,
    /// Lost since the start; 24 bits signed on the wire, clamped when written.
    pub lost: i32,
    /// Highest sequence number received, cycles in the upper 16 bits.
    pub highest: u32,
    /// Interarrival jitter in RTP clock units.
    pub jitter: u32,
    /// Middle 32 bits of the last SR's NTP time; 0 if none has come.
    pub last_sr: u32,
    /// Between that SR and this report, in 1/65536 s.
    pub delay: u32,
}

/// A sender report.
#[derive(Clone, Copy, Debug)]
pub struct SenderReport<'a> {
    /// About its own stream.
    pub info: SenderInfo,
    blocks: &'a [u8],
}

/// A receiver report.
#[derive(Clone, Copy, Debug)]
pub struct ReceiverReport<'a> {
    /// Who reports.
    pub sender: Ssrc,
    blocks: &'a [u8],
}

impl<'a> SenderReport<'a> {
    pub(super) fn parse(body: &'a [u8], count: u8) -> Option<Self> {
        Some(SenderReport {
            info: SenderInfo {
                ssrc: ssrc_at(body, 0)?,
                ntp: u64_at(body, 4)?,
                rtp: u32_at(body, 12)?,
                packets: u32_at(body, 16)?,
                octets: u32_at(body, 20)?,
            },
            blocks: body.get(SENDER_INFO..SENDER_INFO + usize::from(count) * BLOCK)?,
        })
    }

    /// About the streams it receives.
    pub fn blocks(&self) -> impl Iterator<Item = ReportBlock> + use<'a> {
        self.blocks
            .chunks_exact(BLOCK)
            .filter_map(ReportBlock::parse)
    }
}

impl<'a> ReceiverReport<'a> {
    pub(super) fn parse(body: &'a [u8], count: u8) -> Option<Self> {
        Some(ReceiverReport {
            sender: ssrc_at(body, 0)?,
            blocks: body.get(4..4 + usize::from(count) * BLOCK)?,
        })
    }

    /// About the streams it receives.
    pub fn blocks(&self) -> impl Iterator<Item = ReportBlock> + use<'a> {
        self.blocks
            .chunks_exact(BLOCK)
            .filter_map(ReportBlock::parse)
    }
}

impl ReportBlock {
    fn parse(bytes: &[u8]) -> Option<ReportBlock> {
        let [fraction_lost, l0, l1, l2] = array(bytes, 4)?;
        Some(ReportBlock {
            ssrc: ssrc_at(bytes, 0)?,
            fraction_lost,
            // Sign-extends the 24 bits.
            lost: i32::from_be_bytes([l0, l1, l2, 0]) >> 8,
            highest: u32_at(bytes, 8)?,
            jitter: u32_at(bytes, 12)?,
            last_sr: u32_at(bytes, 16)?,
            delay: u32_at(bytes, 20)?,
        })
    }

    fn write(&self, out: &mut Vec<u8>) {
        let [_, l0, l1, l2] = self.lost.clamp(-0x80_0000, 0x7f_ffff).to_be_bytes();
        put_ssrc(out, self.ssrc);
        out.extend_from_slice(&[self.fraction_lost, l0, l1, l2]);
        for word in [self.highest, self.jitter, self.last_sr, self.delay] {
            out.extend_from_slice(&word.to_be_bytes());
        }
    }
}

/// Appends an SR with at most 31 blocks; further ones are left out.
pub fn write_sr(out: &mut Vec<u8>, info: &SenderInfo, blocks: &[ReportBlock]) {
    let blocks = blocks.get(..MAX_BLOCKS).unwrap_or(blocks);
    write(out, blocks.len() as u8, kind::SR, |out| {
        put_ssrc(out, info.ssrc);
        out.extend_from_slice(&info.ntp.to_be_bytes());
        for word in [info.rtp, info.packets, info.octets] {
            out.extend_from_slice(&word.to_be_bytes());
        }
        for block in blocks {
            block.write(out);
        }
    });
}

/// Appends an RR with at most 31 blocks; further ones are left out.
pub fn write_rr(out: &mut Vec<u8>, sender: Ssrc, blocks: &[ReportBlock]) {
    let blocks = blocks.get(..MAX_BLOCKS).unwrap_or(blocks);
    write(out, blocks.len() as u8, kind::RR, |out| {
        put_ssrc(out, sender);
        for block in blocks {
            block.write(out);
        }
    });
}

/// Appends an SDES with one chunk that holds a CNAME, cut after 255 bytes.
pub fn write_sdes(out: &mut Vec<u8>, ssrc: Ssrc, cname: &str) {
    const CNAME: u8 = 1;
    let cname = cname.as_bytes();
    let cname = cname.get(..255).unwrap_or(cname);
    write(out, 1, kind::SDES, |out| {
        put_ssrc(out, ssrc);
        out.extend_from_slice(&[CNAME, cname.len() as u8]);
        out.extend_from_slice(cname);
        // At least one zero ends the chunk, and it ends on 32 bits; this is not the P bit's padding.
        let unpadded = 2 + cname.len();
        out.resize(out.len() + (unpadded + 1).next_multiple_of(4) - unpadded, 0);
    });
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bytes::hex;
    use crate::rtcp::{Packet, packets};

    const BLOCK_A: ReportBlock = ReportBlock {
        ssrc: Ssrc(0x0102_0304),
        fraction_lost: 128,
        lost: -2,
        highest: 0x0001_fffe,
        jitter: 99,
        last_sr: 0xaabb_ccdd,
        delay: 65536,
    };

    #[test]
    fn sender_reports_survive_the_wire() {
        let info = SenderInfo {
            ssrc: Ssrc(7),
            ntp: 0xe000_0001_8000_0000,
            rtp: 90_000,
            packets: 3,
            octets: u32::MAX,
        };
        let mut out = Vec::new();
        write_sr(&mut out, &info, &[BLOCK_A]);
        assert_eq!(
            out,
            hex(
                "81c8000c 00000007 e000000180000000 00015f90 00000003 ffffffff
                 01020304 80fffffe 0001fffe 00000063 aabbccdd 00010000"
            )
        );
        let Some(Packet::SenderReport(report)) = packets(&out).next() else {
            panic!()
        };
        assert_eq!(report.info, info);
        assert_eq!(report.blocks().collect::<Vec<_>>(), [BLOCK_A]);
    }

    #[test]
    fn receiver_reports_survive_the_wire() {
        let mut out = Vec::new();
        let clamped = ReportBlock {
            lost: 0x0100_0000,
            ..BLOCK_A
        };
        write_rr(&mut out, Ssrc(9), &[BLOCK_A, clamped]);
        let Some(Packet::ReceiverReport(report)) = packets(&out).next() else {
            panic!()
        };
        assert_eq!(report.sender, Ssrc(9));
        let lost: Vec<_> = report.blocks().map(|block| block.lost).collect();
        assert_eq!(lost, [-2, 0x7f_ffff]);
    }

    #[test]
    fn a_report_holds_31_blocks() {
        let mut out = Vec::new();
        write_rr(&mut out, Ssrc(9), &[BLOCK_A; 40]);
        let Some(Packet::ReceiverReport(report)) = packets(&out).next() else {
            panic!()
        };
        assert_eq!(report.blocks().count(), 31);
        assert_eq!(out.len(), 8 + 31 * 24);
    }

    #[test]
    fn a_name_ends_in_zeros() {
        for (name, expected) in [
            ("", "81ca0002 00000001 0100 0000"),
            ("a", "81ca0002 00000001 0101 61 00"),
            ("ab", "81ca0003 00000001 0102 6162 00000000"),
            ("abc", "81ca0003 00000001 0103 616263 000000"),
        ] {
            let mut out = Vec::new();
            write_sdes(&mut out, Ssrc(1), name);
            assert_eq!(out, hex(expected), "{name}");
        }
        let mut out = Vec::new();
        write_sdes(&mut out, Ssrc(1), &"n".repeat(300));
        assert_eq!((out[9], out.len() % 4), (255, 0));
    }
}
