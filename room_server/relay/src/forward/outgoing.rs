//! One slot of one subscriber: which source flows, which one is wanted, and when it may change.

use super::packet::{Codec, Packet, Source};
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
    /// Of what flows, or flowed last.
    codec: Option<Codec>,
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
            codec: None,
            wanted: None,
            rewriter: Rewriter::new(kind, random),
            packets: 0,
            octets: 0,
        }
    }

    /// For drills: [`Rewriter::near_wraps`].
    pub fn near_wraps(kind: Kind) -> Outgoing {
        Outgoing {
            rewriter: Rewriter::near_wraps(kind),
            ..Outgoing::new(kind, 0)
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
        let mut flows = self.flows(packet)?;
        if packet.payload.is_empty() {
            if flows {
                self.rewriter.swallow(packet.seq);
            }
            return Err(Drop::Padding);
        }
        if flows && !self.rewriter.continues(packet.seq) {
            // What lies between cannot be repaired, or it is another stream altogether.
            flows = false;
            self.cut();
        }
        let rewritten = if flows {
            self.rewriter.forward(packet)?
        } else {
            self.admit(packet)?;
            self.rewriter.switch(packet)
        };
        let own = rewritten
            .preceding(packet)
            .and(packet.parameter_sets.as_ref());
        self.packets += 1 + u64::from(own.is_some());
        self.octets += (packet.payload.len() + own.map_or(0, |sets| sets.len())) as u64;
        Ok(rewritten)
    }

    /// The subscriber cannot decode the packet: if its source has changed to that codec, the slot shuts until
    /// a keyframe of another comes.
    pub fn refuse(&mut self, packet: &Packet) {
        self.flows(packet).ok();
    }

    /// Whether the packet goes on what flows. A source that changes its codec passes the gate again; what comes
    /// late of the codec before is `TooOld`.
    #[inline]
    fn flows(&mut self, packet: &Packet) -> Result<bool, Drop> {
        if self.current != Some(packet.source) {
            return Ok(false);
        }
        if self.codec == Some(packet.codec) || packet.payload.is_empty() {
            return Ok(true);
        }
        if self.rewriter.is_behind(packet.seq) {
            return Err(Drop::TooOld);
        }
        self.cut();
        Ok(false)
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
        self.codec = Some(packet.codec);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::forward::packet::testing::{at, audio, source, video};
    use proptest::prelude::*;
    use std::collections::HashSet;

    const FIRST: u64 = 100;

    fn from(peer: u32, layer: u8, packet: Packet) -> Packet {
        Packet {
            source: source(peer, layer),
            ..packet
        }
    }

    fn key(seq: u64) -> Packet {
        Packet {
            key_start: true,
            ..video(seq, 0)
        }
    }

    fn padding(seq: u64) -> Packet {
        Packet {
            payload: Box::new([]),
            ..video(seq, 0)
        }
    }

    /// The outgoing number counted from the first, or why there is none.
    fn offer(slot: &mut Outgoing, packet: &Packet) -> Result<u64, Drop> {
        slot.offer(packet).map(|rewritten| rewritten.seq.0 - FIRST)
    }

    fn slot(kind: Kind, wanted: Option<crate::forward::packet::Source>) -> Outgoing {
        let mut slot = Outgoing::new(kind, FIRST);
        slot.want(wanted);
        slot
    }

    #[test]
    fn video_switches_at_a_keyframe_and_flows_until_then() {
        let (small, large) = (source(1, 0), source(1, 2));
        let mut slot = slot(Kind::Video, Some(small));
        assert_eq!(slot.waits_for(), Some(small));
        assert_eq!(offer(&mut slot, &video(1, 0)), Err(Drop::NotKeyframe));
        assert_eq!(offer(&mut slot, &key(2)), Ok(0));
        assert_eq!(offer(&mut slot, &video(3, 0)), Ok(1));
        assert_eq!(slot.waits_for(), None);

        slot.want(Some(large));
        assert_eq!(
            (slot.waits_for(), slot.current()),
            (Some(large), Some(small))
        );
        assert_eq!(offer(&mut slot, &video(5, 0)), Ok(3));
        assert_eq!(
            offer(&mut slot, &from(1, 2, video(70, 0))),
            Err(Drop::NotKeyframe)
        );
        assert_eq!(
            offer(&mut slot, &from(1, 1, key(40))),
            Err(Drop::LayerNotWanted)
        );
        let switched = slot.offer(&from(1, 2, key(71))).unwrap();
        assert_eq!((switched.seq.0 - FIRST, switched.switched), (4, true));
        assert_eq!(offer(&mut slot, &video(4, 0)), Err(Drop::LayerNotWanted)); // late, of the old one
        assert_eq!(
            offer(&mut slot, &from(1, 2, video(70, 0))),
            Err(Drop::TooOld)
        );
        assert_eq!(offer(&mut slot, &from(1, 2, video(73, 0))), Ok(6));
        assert_eq!(offer(&mut slot, &from(1, 2, video(72, 0))), Ok(5)); // late, of the new one
        assert_eq!((slot.packets(), slot.waits_for()), (6, None));
    }

    #[test]
    fn a_wish_withdrawn_changes_nothing() {
        let mut slot = slot(Kind::Video, Some(source(1, 0)));
        offer(&mut slot, &key(1)).unwrap();
        slot.want(Some(source(2, 0)));
        slot.want(Some(source(1, 0)));
        assert_eq!(slot.waits_for(), None);
        assert_eq!(offer(&mut slot, &video(2, 0)), Ok(1));
    }

    #[test]
    fn audio_switches_at_once() {
        let mut slot = slot(Kind::Audio, Some(source(1, 0)));
        assert_eq!(slot.waits_for(), None);
        assert_eq!(offer(&mut slot, &audio(7, 0)), Ok(0));
        slot.want(Some(source(2, 0)));
        assert_eq!(offer(&mut slot, &audio(8, 960)), Ok(1));
        let first = slot.offer(&from(2, 0, audio(900, 0))).unwrap();
        assert!(first.marker && first.switched);
        assert_eq!(
            offer(&mut slot, &audio(9, 1_920)),
            Err(Drop::LayerNotWanted)
        );
    }

    #[test]
    fn pause_and_cut_leave_no_gap() {
        let mut slot = slot(Kind::Video, Some(source(1, 0)));
        offer(&mut slot, &key(1)).unwrap();
        slot.want(None);
        assert_eq!((slot.current(), slot.sender_info(at(9))), (None, None));
        assert_eq!(offer(&mut slot, &key(2)), Err(Drop::LayerNotWanted));
        slot.want(Some(source(1, 0)));
        assert_eq!(offer(&mut slot, &video(50, 0)), Err(Drop::NotKeyframe));
        assert_eq!(offer(&mut slot, &key(51)), Ok(1));
        slot.cut();
        assert_eq!(slot.waits_for(), Some(source(1, 0)));
        assert_eq!(offer(&mut slot, &video(52, 0)), Err(Drop::NotKeyframe));
        assert_eq!(offer(&mut slot, &key(53)), Ok(2));
    }

    #[test]
    fn padding_closes_up_and_opens_nothing() {
        let mut slot = slot(Kind::Audio, Some(source(1, 0)));
        assert_eq!(offer(&mut slot, &padding(1)), Err(Drop::Padding));
        assert_eq!(offer(&mut slot, &audio(2, 0)), Ok(0));
        assert_eq!(offer(&mut slot, &padding(3)), Err(Drop::Padding));
        assert_eq!(
            offer(&mut slot, &from(2, 0, padding(4))),
            Err(Drop::Padding)
        );
        assert_eq!(offer(&mut slot, &audio(4, 0)), Ok(1));
    }

    #[test]
    fn a_source_that_counts_anew_passes_the_gate_again() {
        let mut slot = slot(Kind::Video, Some(source(1, 0)));
        offer(&mut slot, &key(50_000)).unwrap();
        assert_eq!(offer(&mut slot, &video(3, 0)), Err(Drop::NotKeyframe));
        assert_eq!(slot.waits_for(), Some(source(1, 0)));
        assert_eq!(offer(&mut slot, &key(4)), Ok(1));
        assert_eq!(offer(&mut slot, &video(5, 0)), Ok(2));
    }

    #[test]
    fn a_keyframe_whose_begin_came_last_is_caught_up_from_the_cache() {
        let mut slot = slot(Kind::Video, Some(source(1, 0)));
        for seq in [11, 12] {
            assert_eq!(offer(&mut slot, &video(seq, 0)), Err(Drop::NotKeyframe));
        }
        assert!(slot.offer(&key(10)).unwrap().switched);
        assert_eq!(offer(&mut slot, &video(13, 0)), Ok(3));
        for (seq, number) in [(11, 1), (12, 2)] {
            assert_eq!(offer(&mut slot, &video(seq, 0)), Ok(number));
        }
    }

    #[test]
    fn reports_what_was_sent() {
        let mut slot = slot(Kind::Video, Some(source(1, 0)));
        assert_eq!(slot.sender_info(at(0)), None);
        let mut out = slot.offer(&key(1)).unwrap();
        for seq in 2..5 {
            out = slot.offer(&video(seq, 9_000)).unwrap();
        }
        let info = slot.sender_info(at(100)).unwrap();
        assert_eq!(
            (info.packets, info.octets, info.ntp),
            (4, 16, at(100).ntp())
        );
        assert_eq!(info.rtp, out.timestamp.wrapping_add(9_000));
    }

    #[derive(Clone, Copy, Debug)]
    enum Step {
        Want(Option<(u32, u8)>),
        Cut,
        /// Peer, layer, advance of that source's number, keyframe, padding.
        Packet(u32, u8, i64, bool, bool),
    }

    fn step() -> impl Strategy<Value = Step> {
        let packet = (
            1u32..3,
            0u8..2,
            -5i64..6,
            prop::bool::weighted(0.2),
            prop::bool::weighted(0.05),
        );
        prop_oneof![
            1 => prop::option::weighted(0.8, (1u32..3, 0u8..2)).prop_map(Step::Want),
            1 => Just(Step::Cut),
            15 => packet.prop_map(|(peer, layer, by, key, padding)| Step::Packet(peer, layer, by, key, padding)),
            1 => (1u32..3, 0u8..2, -70_000i64..70_000).prop_map(|(peer, layer, by)| Step::Packet(peer, layer, by, true, false)),
        ]
    }

    proptest! {
        /// Over switch, pause, cut, loss, reordering, duplicates and sources that begin anew: no number is given
        /// twice, each new run begins with a keyframe right behind what was sent, and only what is wanted begins.
        #[test]
        fn any_sequence_of_operations(steps in prop::collection::vec(step(), 1..300), random: u64) {
            let mut slot = Outgoing::new(Kind::Video, random);
            let mut given = HashSet::new();
            let mut numbers = [[100_000i64; 2]; 2];
            for step in steps {
                match step {
                    Step::Want(wanted) => slot.want(wanted.map(|(peer, layer)| source(peer, layer))),
                    Step::Cut => slot.cut(),
                    Step::Packet(peer, layer, by, key_start, is_padding) => {
                        let number = &mut numbers[peer as usize - 1][layer as usize];
                        *number = (*number + by).max(0);
                        let seq = *number as u64;
                        let packet = if is_padding { padding(seq) } else { Packet { key_start, ..video(seq, 0) } };
                        let highest = given.iter().max().copied();
                        let Ok(out) = slot.offer(&from(peer, layer, packet)) else { continue };
                        prop_assert!(!is_padding);
                        prop_assert!(given.insert(out.seq.0));
                        if out.switched {
                            prop_assert!(key_start);
                            prop_assert_eq!(slot.wanted(), Some(source(peer, layer)));
                            prop_assert_eq!(out.seq.0, highest.map_or(random & 0x7fff, |highest| highest + 1));
                        }
                    }
                }
            }
            prop_assert_eq!(slot.packets(), given.len() as u64);
        }
    }
}
