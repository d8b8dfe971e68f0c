//! The feedback that goes back to a publisher: reports, what is missing, keyframes, arrival times.

use super::Receive;
use crate::distribution::Figure;
use crate::ids::Ssrc;
use crate::peer::FEEDBACK_SSRC;
use crate::peer::link::jitter_us;
use crate::rtcp;
use crate::stats::{Count, Counters};
use crate::time::{Duration, Time};

/// Receiver reports: browsers stop sending MID and RID with every packet once one has come.
pub(super) const REPORT_EVERY: Duration = Duration::from_secs(1);

/// Where REMB stands in for transport-wide feedback: enough for three layers of 720p.
const REMB_BPS: u64 = 5_000_000;

/// A compound of more bytes than this goes out before another layer's NACK is added.
const HALF_FULL: usize = 600;

/// What one feedback asked of the publisher.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Asked {
    /// Packets.
    pub nacks: u64,
    /// Keyframes, by section.
    pub keyframes: Vec<u8>,
}

impl Receive {
    /// When [`Receive::feedback`] has something to say.
    pub fn deadline(&self, rtt: Duration) -> Option<Time> {
        let repairs = self.sections.iter().filter_map(|s| s.deadline(rtt)).min();
        let twcc = if self.wants_twcc {
            self.twcc.deadline()
        } else {
            None
        };
        [repairs, twcc, self.report_at].into_iter().flatten().min()
    }

    /// Append RTCP compounds that are due.
    pub fn feedback(
        &mut self,
        now: Time,
        rtt: Duration,
        counters: &mut Counters,
        out: &mut Vec<Vec<u8>>,
    ) -> Asked {
        let mut asked = Asked::default();
        let mut compound = Vec::new();
        // A layer's NACK is at most 812 bytes, and all must fit a datagram.
        let cut = |compound: &mut Vec<u8>, out: &mut Vec<Vec<u8>>| {
            if compound.len() > HALF_FULL {
                out.push(std::mem::take(compound));
            }
        };
        if self.report_at.is_some_and(|at| now >= at) {
            self.report_at = Some(now + REPORT_EVERY);
            self.write_reports(now, counters, &mut compound);
        }
        for section in &mut self.sections {
            for layer in section.layers.iter_mut().flatten() {
                cut(&mut compound, out);
                self.scratch.clear();
                layer.incoming.nacks.due(now, rtt, &mut self.scratch);
                asked.nacks += self.scratch.len() as u64;
                rtcp::write_nack(
                    &mut compound,
                    FEEDBACK_SSRC,
                    layer.ssrc,
                    self.scratch.iter().map(|s| s.wire()),
                );
            }
            let lost = section
                .layers
                .iter_mut()
                .enumerate()
                .filter_map(|(i, layer)| {
                    let needed = layer.as_mut()?.incoming.nacks.take_keyframe_needed();
                    needed.then_some(i as u8)
                });
            for layer in lost.collect::<Vec<_>>() {
                section.keyframes.request(layer);
            }
            if let Some(ssrc) = section.keyframe_ssrc(0) {
                if let Some(layer) = section.keyframes.due(now, rtt) {
                    asked.keyframes.push(section.spec.index);
                    let ssrc = section.keyframe_ssrc(layer).unwrap_or(ssrc);
                    rtcp::write_pli(&mut compound, FEEDBACK_SSRC, ssrc);
                }
            }
        }
        if !compound.is_empty() {
            out.push(compound);
        }
        self.write_twcc(now, counters, out);
        asked
    }

    fn write_reports(&mut self, now: Time, counters: &mut Counters, compound: &mut Vec<u8>) {
        let mut blocks = Vec::new();
        for section in &mut self.sections {
            let earlier = blocks.len();
            section.reports(now, &mut blocks);
            for block in blocks.iter().skip(earlier) {
                let jitter = jitter_us(block.jitter, section.spec.kind);
                self.up.report(block.fraction_lost, jitter);
                counters.observe(Figure::LossUp, u64::from(block.fraction_lost));
                counters.observe(Figure::JitterUp, jitter);
            }
        }
        if blocks.is_empty() {
            return;
        }
        rtcp::write_rr(compound, FEEDBACK_SSRC, &blocks);
        // Who speaks to everybody and hears nobody gets no sender reports that its round trip could be read from.
        rtcp::write_reference(compound, FEEDBACK_SSRC, now.ntp());
        if self.wants_remb {
            let ssrcs: Vec<Ssrc> = blocks.iter().map(|b| b.ssrc).collect();
            rtcp::write_remb(compound, FEEDBACK_SSRC, REMB_BPS, &ssrcs);
        }
    }

    fn write_twcc(&mut self, now: Time, counters: &mut Counters, out: &mut Vec<Vec<u8>>) {
        let media = self.streams.keys().next().copied().unwrap_or(FEEDBACK_SSRC);
        while let Some(feedback) = self.twcc.feedback(now) {
            let header = rtcp::TwccHeader {
                sender: FEEDBACK_SSRC,
                media,
                count: feedback.count,
            };
            let mut compound = Vec::new();
            rtcp::write_twcc(&mut compound, &header, feedback.base, feedback.arrivals);
            counters.add(Count::TwccOut, 1);
            out.push(compound);
        }
    }
}
