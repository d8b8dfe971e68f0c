//! One slot of one subscriber: which source flows, which one is wanted, and when it may change.

use super::packet::{Packet, Source};
use super::rewrite::{Rewriter, Rewritten};
use crate::drop::Drop;
use crate::ids::Kind;
use crate::time::Time;

/// What a sender report of the slot says (RFC 3550 section 6.4.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SenderInfo {
    /// The relay's NTP time.
    pub ntp: u64,
    /// The same instant on the slot's RTP clock.
    pub rtp: u32,
    /// Packets sent, modulo 2^32.
    pub packets: u32,
    /// Payload octets sent, modulo 2^32.
    pub octets: u32,
}

/// The state of one slot; lives as long as the slot's SSRC.
#[derive(Clone, Debug)]
pub struct Outgoing {
    kind: Kind,
    current: Option<Source>,
    wanted: Option<Source>,
    rewriter: Rewriter,
    packets: u64,
    octets: u64,
}

impl Outgoing {
    /// A slot that nothing flows through yet. `random`: see [`Rewriter::new`].
    pub fn new(kind: Kind, random: u64) -> Outgoing {
        Outgoing {
            kind,
            current: None,
            wanted: None,
            rewriter: Rewriter::new(kind, random),
            packets: 0,
            octets: 0,
        }
    }

    /// The source that shall flow. What flows now goes on until the wanted source can take over:
    /// audio with its next packet, video with its next keyframe. `None` pauses at once.
    pub fn want(&mut self, source: Option<Source>) {
        self.wanted = source;
        if source.is_none() {
            self.current = None;
        }
    }

    /// Stop what flows now; the wanted source starts afresh. For a shut gate, a cleared seat, or a hole
    /// in the base layer: what comes next is numbered without a gap, video from a keyframe on.
    pub fn cut(&mut self) {
        self.current = None;
    }

    /// The source that flows now.
    pub fn current(&self) -> Option<Source> {
        self.current
    }

    /// The source that shall flow.
    pub fn wanted(&self) -> Option<Source> {
        self.wanted
    }

    /// The source whose keyframe this slot waits for, if any: ask its publisher for one.
    pub fn waits_for(&self) -> Option<Source> {
        self.wanted
            .filter(|_| self.kind == Kind::Video && self.wanted != self.current)
    }

    /// How the packet goes out of this slot, if it does. Offer every packet of any source that the slot's
    /// seat had or has; also padding, over which numbering closes up. After a switch (`switched`) offer the
    /// later packets of that source which the cache already holds: a keyframe's first packet may have come last.
    pub fn offer(&mut self, packet: &Packet) -> Result<Rewritten, Drop> {
        let flows = self.current == Some(packet.source);
        if packet.payload.is_empty() {
            if flows {
                self.rewriter.swallow(packet.seq);
            }
            return Err(Drop::Padding);
        }
        let rewritten = if flows && !self.rewriter.restarted(packet.seq) {
            self.rewriter.forward(packet)?
        } else {
            self.admit(packet)?;
            self.rewriter.switch(packet)
        };
        self.packets += 1;
        self.octets += packet.payload.len() as u64;
        Ok(rewritten)
    }

    /// Packets sent, not counting retransmissions.
    pub fn packets(&self) -> u64 {
        self.packets
    }

    /// What to report at `now`; none before the first packet or while nothing flows.
    pub fn sender_info(&self, now: Time) -> Option<SenderInfo> {
        self.current?;
        Some(SenderInfo {
            ntp: now.ntp(),
            rtp: self.rewriter.timestamp_at(now)?,
            packets: self.packets as u32,
            octets: self.octets as u32,
        })
    }

    /// The gate: which packet may be the first of a source.
    fn admit(&mut self, packet: &Packet) -> Result<(), Drop> {
        if self.wanted != Some(packet.source) {
            return Err(Drop::LayerNotWanted);
        }
        // A decoder that starts on anything else shows garbage and rarely complains.
        if self.kind == Kind::Video && !packet.key_start {
            return Err(Drop::NotKeyframe);
        }
        self.current = self.wanted;
        Ok(())
    }
}
