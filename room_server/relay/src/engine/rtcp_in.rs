//! SRTCP in: a publisher's reports; a subscriber's reports, estimates, and what it asks for again.

use super::Engine;
use crate::distribution::Figure;
use crate::drop::Drop;
use crate::ice::Route;
use crate::ids::Ssrc;
use crate::peer::link::jitter_us;
use crate::peer::{FEEDBACK_SSRC, Peer};
use crate::rtcp::{self, Packet};
use crate::stats::{Count, Counters};
use crate::time::{Duration, Time};

/// Packets that one compound may ask for: browsers give up on gaps of more than 200.
const MAX_ASKED: u64 = 256;

/// Full intra requests that one compound may carry: more than a peer has slots.
const MAX_REQUESTS: usize = 64;

/// A keyframe this recent is still on its way to whoever asks for one.
const KEYFRAME_FRESH: Duration = Duration::from_millis(200);

impl Engine {
    pub(super) fn on_rtcp(
        &mut self,
        now: Time,
        route: Route,
        bytes: &mut [u8],
    ) -> Result<(), Drop> {
        let key = *self.by_route.get(&route).ok_or(Drop::UnknownAddress)?;
        let peer = self.peers.get_mut(key).ok_or(Drop::UnknownAddress)?;
        let srtp = peer.srtp.as_mut().ok_or(Drop::NoKeys)?;
        let len = srtp.inbound.unprotect_rtcp(bytes)?;
        peer.counters.bytes_in += bytes.len() as u64;
        let within = peer.budget.rtcp(now);
        self.heard(key, now, route);
        within?;
        let mut asked = 0;
        for packet in rtcp::packets(bytes.get(..len).unwrap_or_default()) {
            match packet {
                Packet::SenderReport(report) => {
                    if let Some(peer) = self.peers.get_mut(key) {
                        peer.receive.sender_report(&report.info, now);
                        take_blocks(peer, now, report.blocks(), &mut self.counters);
                    }
                }
                Packet::ReceiverReport(report) => {
                    if let Some(peer) = self.peers.get_mut(key) {
                        take_blocks(peer, now, report.blocks(), &mut self.counters);
                    }
                }
                Packet::Nack(nack) => {
                    let wanted = nack.count();
                    self.counters.add(Count::NackIn, wanted);
                    let peer = self.peers.get_mut(key).ok_or(Drop::UnknownAddress)?;
                    let allowed = peer.budget.asked(wanted.min(MAX_ASKED - asked), now);
                    asked += allowed;
                    self.counters.drop_many(Drop::RepairLimit, wanted - allowed);
                    let mut beyond_repair = false;
                    for seq in nack.seqs().take(allowed as usize) {
                        if let Err(reason) = self.repair(key, nack.media, seq, now) {
                            self.counters.drop(reason);
                            beyond_repair |=
                                reason == Drop::NotCached && self.decodes_on(key, nack.media, seq);
                        }
                    }
                    if beyond_repair {
                        self.want_keyframe(key, nack.media, now);
                    }
                }
                Packet::Pli(pli) => self.on_keyframe_request(key, pli.media, now),
                Packet::Fir(fir) => {
                    for (ssrc, _) in fir.requests().take(MAX_REQUESTS) {
                        self.on_keyframe_request(key, ssrc, now);
                    }
                }
                Packet::Remb(remb) => self.on_remb(key, remb.bitrate, now),
                Packet::Extended(extended) => {
                    if let Some(peer) = self.peers.get_mut(key) {
                        peer.take_extended(now, &extended);
                    }
                }
                Packet::TransportFeedback(_) => {}
            }
        }
        Ok(())
    }

    /// Send again what the subscriber asks for, if it was sent and is still here.
    fn repair(&mut self, key: usize, media: Ssrc, wire: u16, now: Time) -> Result<(), Drop> {
        let peer = self.peers.get_mut(key).ok_or(Drop::UnknownSsrc)?;
        let Peer {
            audio,
            video,
            srtp,
            repairs,
            rtt,
            ice,
            counters,
            ..
        } = peer;
        let slot = audio
            .iter_mut()
            .chain(video)
            .find(|s| s.ssrc() == media)
            .ok_or(Drop::UnknownSsrc)?;
        let resend = slot.requested(wire, now, *rtt)?;
        let track = self
            .tracks
            .get(&resend.source.track)
            .ok_or(Drop::NotCached)?;
        let packet = track
            .get(resend.source.layer, resend.seq)
            .filter(|packet| slot.repeats(packet.codec))
            .ok_or(Drop::NotCached)?;
        let (srtp, route) = srtp.as_ref().zip(ice.current()).ok_or(Drop::NoKeys)?;
        if !repairs.take(packet.payload.len(), now) {
            return Err(Drop::RepairLimit);
        }
        let most = crate::arena::MAX_DATAGRAM;
        let len = self.outbox.write(route, most, |room| {
            slot.write_rtx(packet, &resend.rewritten, now, &srtp.outbound, room)
        })?;
        counters.rtx_out += 1;
        counters.bytes_out += len as u64;
        self.counters.add(Count::RtxOut, 1);
        self.counters.add(Count::RtpOut, 1);
        Ok(())
    }

    /// Whether the subscriber's picture stands still for want of this packet, which nobody has any more. Browsers
    /// go on asking for what an outage has cost, and take up to 3 s to ask for a keyframe instead.
    fn decodes_on(&mut self, key: usize, media: Ssrc, wire: u16) -> bool {
        let slot = self.peers.get_mut(key).and_then(|p| p.slot_of(media));
        slot.is_some_and(|slot| slot.decodes_on(wire))
    }

    fn on_keyframe_request(&mut self, key: usize, media: Ssrc, now: Time) {
        self.counters.add(Count::PliIn, 1);
        self.want_keyframe(key, media, now);
    }

    fn want_keyframe(&mut self, key: usize, media: Ssrc, now: Time) {
        let Some(peer) = self.peers.get_mut(key) else {
            return;
        };
        let rtt = peer.rtt;
        let Some(slot) = peer.slot_of(media) else {
            return;
        };
        let fresh = now.since(slot.keyframe_at) < KEYFRAME_FRESH.max(rtt);
        // A slot that waits for its first keyframe has asked for it already.
        if let Some(source) = slot.outgoing.current().filter(|_| !fresh) {
            self.wanted_keyframes.insert(source);
        }
    }

    fn on_remb(&mut self, key: usize, bps: u64, now: Time) {
        self.counters.add(Count::RembIn, 1);
        self.counters.observe(Figure::Estimate, bps);
        if let Some(peer) = self.peers.get_mut(key) {
            let sent = peer.sent.bps(now);
            peer.downlink.remb(bps, sent, now);
            self.dirty_peers.push(key);
        }
    }
}

fn take_blocks(
    peer: &mut Peer,
    now: Time,
    blocks: impl Iterator<Item = rtcp::ReportBlock>,
    counters: &mut Counters,
) {
    for block in blocks.filter(|block| block.ssrc != FEEDBACK_SSRC) {
        let Some(kind) = peer.slot_of(block.ssrc).map(|slot| slot.kind) else {
            continue;
        };
        peer.take_report(now, &block);
        let jitter = jitter_us(block.jitter, kind);
        peer.down.report(block.fraction_lost, jitter);
        counters.observe(Figure::LossDown, u64::from(block.fraction_lost));
        counters.observe(Figure::JitterDown, jitter);
        if block.last_sr != 0 {
            counters.observe(Figure::Rtt, peer.rtt.as_micros() as u64);
        }
    }
}
