//! One continuous stream out of many sources: time stamps and picture counters of one slot, beside its
//! sequence numbers in [`super::numbering`]. What may switch and when is decided in [`super::outgoing`].

use super::numbering::Numbering;
use super::packet::{Codec, Packet, clock_rate};
use crate::drop::Drop;
use crate::ids::{Kind, Seq, TrackId};
use crate::rtp::Dependency;
use crate::time::Time;

/// Capture times further than this from what arrival times say are not believed: a path changes by tens of
/// milliseconds, and sender reports may lie.
const MAX_SKEW_NANOS: i64 = 500_000_000;

/// Largest step of a time stamp at a switch, in ticks: after a pause of hours the difference must
/// still read as forward modulo 2^32.
const MAX_STEP: i64 = 1 << 30;

/// Least step from one frame to the next in ticks: 20 ms of Opus, or a frame at 30 per second.
const fn frame_ticks(kind: Kind) -> i64 {
    match kind {
        Kind::Audio => 960,
        Kind::Video => 3000,
    }
}

/// Counters inside payloads and header extensions as they go out; those that the packet has are written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counters {
    /// Picture id of VP8 and VP9, 15 bits; frame number of a dependency descriptor, 16.
    pub picture: u16,
    /// TL0PICIDX.
    pub tl0: u8,
}

/// What of a packet is different on its way out of a slot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rewritten {
    /// Sequence number, and with it the SRTP index: never given twice by one rewriter.
    pub seq: Seq,
    /// RTP time stamp.
    pub timestamp: u32,
    /// RTP marker bit.
    pub marker: bool,
    /// For packets that have them.
    pub counters: Option<Counters>,
    /// What goes out is not the packet itself but its parameter sets.
    pub parameter_sets: bool,
    /// First packet of another source, or after a pause: a sender report is due now.
    pub switched: bool,
}

impl Rewritten {
    /// The relay's own packet that goes out before this one, if its source came without parameter sets
    /// and the slot opens with it: under the number before, with the same time stamp.
    #[inline]
    pub fn preceding(&self, packet: &Packet) -> Option<Rewritten> {
        let needed = self.switched && packet.parameter_sets.is_some();
        needed.then(|| Rewritten {
            seq: Seq(self.seq.0 - 1),
            marker: false,
            counters: None,
            parameter_sets: true,
            switched: false,
            ..*self
        })
    }
}

/// The numbering of one slot; lives as long as the slot's SSRC.
#[derive(Clone, Debug)]
pub struct Rewriter {
    kind: Kind,
    numbering: Numbering,
    ts_offset: u32,
    counter_offset: Counters,
    last: Option<Last>,
    /// In drills: time stamp and counters of the first packet.
    begin: Option<(u32, Counters)>,
    /// Ticks by which this run is ahead of its true time, because a frame must follow the one
    /// before it; taken back at the next switch so that it does not add up.
    ahead: i64,
}

/// The newest frame given out: what a switch continues from.
#[derive(Clone, Copy, Debug)]
struct Last {
    track: TrackId,
    timestamp: u32,
    arrival: Time,
    capture: Option<Time>,
    /// Of each codec, which goes on where it stopped, whatever came between.
    counters: [Counters; Codec::COUNT],
}

impl Last {
    fn counters(&self, codec: Codec) -> Counters {
        self.counters
            .get(codec as usize)
            .copied()
            .unwrap_or_default()
    }
}

impl Rewriter {
    /// `random` seeds the first time stamp and the first sequence number. The latter is below 2^15:
    /// a late joiner must not meet a rollover it cannot know of (RFC 3711 section 3.3.1).
    pub fn new(kind: Kind, random: u64) -> Rewriter {
        Rewriter {
            kind,
            numbering: Numbering::new(Seq(random & 0x7fff)),
            ts_offset: (random >> 16) as u32,
            counter_offset: Counters::default(),
            last: None,
            begin: None,
            ahead: 0,
        }
    }

    /// For drills, and against the rule for late joiners: a numbering that wraps within seconds. At 50 packets per
    /// second sequence numbers do so after 3 s, time stamps after 5 s; pictures at 20 per second after 3 s.
    pub fn near_wraps(kind: Kind) -> Rewriter {
        let counters = Counters {
            picture: 0x7fff - 60,
            tl0: 0xff - 60,
        };
        Rewriter {
            numbering: Numbering::new(Seq(0xffff - 150)),
            begin: Some((u32::MAX - 5 * clock_rate(kind), counters)),
            ..Rewriter::new(kind, 0)
        }
    }

    /// Continue with `packet`, of another source or after a pause: the next number, and the time
    /// stamp that its distance from the last frame gives, but at least one frame on.
    pub fn switch(&mut self, packet: &Packet) -> Rewritten {
        if packet.parameter_sets.is_some() {
            self.numbering.insert();
        }
        let seq = self.numbering.switch(packet.seq);
        if let Some(last) = self.last {
            let timestamp = last.timestamp.wrapping_add(self.step(&last, packet) as u32);
            let counters = last.counters(packet.codec);
            let next = Counters {
                picture: counters.picture.wrapping_add(1),
                tl0: counters.tl0.wrapping_add(1),
            };
            self.go_on_at(timestamp, next, packet);
        } else if let Some((timestamp, counters)) = self.begin {
            self.go_on_at(timestamp, counters, packet);
        }
        let mut rewritten = self.rewritten(seq, packet);
        rewritten.switched = true;
        // RFC 3551 section 4.1: the marker of an audio packet begins a talkspurt, where a
        // receiver may adjust its playout.
        rewritten.marker |= self.kind == Kind::Audio;
        self.remember(&rewritten, packet);
        rewritten
    }

    /// Offsets that bring `packet` to this time stamp and these counters.
    fn go_on_at(&mut self, timestamp: u32, next: Counters, packet: &Packet) {
        let source = counters(packet).unwrap_or_default();
        self.ts_offset = timestamp.wrapping_sub(packet.timestamp);
        self.counter_offset = Counters {
            picture: next.picture.wrapping_sub(source.picture),
            tl0: next.tl0.wrapping_sub(source.tl0),
        };
    }

    /// A further packet of the source that was switched to; errors as [`Numbering::forward`].
    pub fn forward(&mut self, packet: &Packet) -> Result<Rewritten, Drop> {
        let numbered = self.numbering.forward(packet.seq)?;
        let rewritten = self.rewritten(numbered.seq, packet);
        if numbered.newest {
            self.remember(&rewritten, packet);
        }
        Ok(rewritten)
    }

    /// A packet of the source that was switched to is not sent: [`Numbering::swallow`].
    pub fn swallow(&mut self, seq: Seq) {
        self.numbering.swallow(seq);
    }

    /// Whether `seq` can be forwarded without another switch: [`Numbering::continues`].
    pub fn continues(&self, seq: Seq) -> bool {
        self.numbering.continues(seq)
    }

    /// Whether the run has come as far as `seq`.
    pub fn is_behind(&self, seq: Seq) -> bool {
        self.numbering.is_behind(seq)
    }

    /// The slot's time stamp at `now`, extrapolated from the newest frame; none before the first.
    pub fn timestamp_at(&self, now: Time) -> Option<u32> {
        let last = self.last?;
        let elapsed = nanos(last.capture.unwrap_or(last.arrival), now);
        Some(last.timestamp.wrapping_add(self.ticks(elapsed) as u32))
    }

    fn rewritten(&self, seq: Seq, packet: &Packet) -> Rewritten {
        let offset = self.counter_offset;
        // A picture id has 15 bits.
        let mask = if packet.pictures.is_some() {
            0x7fff
        } else {
            0xffff
        };
        Rewritten {
            seq,
            timestamp: packet.timestamp.wrapping_add(self.ts_offset),
            marker: packet.marker,
            counters: counters(packet).map(|source| Counters {
                picture: source.picture.wrapping_add(offset.picture) & mask,
                tl0: source.tl0.wrapping_add(offset.tl0),
            }),
            parameter_sets: false,
            switched: false,
        }
    }

    fn remember(&mut self, out: &Rewritten, packet: &Packet) {
        let mut counters = self.last.map(|l| l.counters).unwrap_or_default();
        if let Some((last, out)) = counters.get_mut(packet.codec as usize).zip(out.counters) {
            *last = out;
        }
        match &mut self.last {
            // Further packets of a frame come later than it was captured; the first is nearest.
            Some(last) if last.timestamp == out.timestamp => last.counters = counters,
            last => {
                *last = Some(Last {
                    track: packet.source.track,
                    timestamp: out.timestamp,
                    arrival: packet.arrival,
                    capture: packet.capture,
                    counters,
                });
            }
        }
    }

    /// Ticks from the last frame to `packet`, and what that runs ahead of the true time.
    fn step(&mut self, last: &Last, packet: &Packet) -> i64 {
        let frame = frame_ticks(self.kind);
        let truth = self.ticks(elapsed_nanos(last, packet)) - self.ahead;
        let mut step = truth.clamp(frame, MAX_STEP);
        if self.kind == Kind::Audio {
            // Opus decoders count in whole frames; an odd step would be heard as a gap.
            step = (step + frame / 2) / frame * frame;
        }
        self.ahead = (step - truth).clamp(-frame, i64::from(clock_rate(self.kind)));
        step
    }

    fn ticks(&self, nanos: i64) -> i64 {
        (i128::from(nanos) * i128::from(clock_rate(self.kind)) / 1_000_000_000) as i64
    }
}

/// Within a track capture times if both are known and credible, for then two layers of one frame are the same
/// instant whatever their ways took. Arrival times otherwise: somebody else's longer way would look like a
/// delay to the receiver's jitter buffer, and it would keep the sound back for as long.
fn elapsed_nanos(last: &Last, packet: &Packet) -> i64 {
    let by_arrival = nanos(last.arrival, packet.arrival);
    let by_capture = last
        .capture
        .zip(packet.capture)
        .map(|(from, to)| nanos(from, to));
    by_capture
        .filter(|_| last.track == packet.source.track)
        .filter(|by_capture| by_capture.abs_diff(by_arrival) <= MAX_SKEW_NANOS as u64)
        .unwrap_or(by_arrival)
}

fn nanos(from: Time, to: Time) -> i64 {
    to.0.wrapping_sub(from.0) as i64
}

#[inline]
fn counters(packet: &Packet) -> Option<Counters> {
    if let Some(pictures) = &packet.pictures {
        return Some(Counters {
            picture: pictures.id.unwrap_or(0),
            tl0: pictures.tl0.unwrap_or(0),
        });
    }
    let picture = Dependency::frame_number(packet.dependency.as_ref()?)?;
    Some(Counters { picture, tl0: 0 })
}

#[cfg(test)]
mod tests;
