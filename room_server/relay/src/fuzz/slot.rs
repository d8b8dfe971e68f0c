//! One slot of one subscriber with everything behind it: gate, numbering, headers, SRTP, retransmission map and the
//! rings of its sources; and a subscriber that decrypts and checks what comes out.

use super::encoder::{Encoder, SETS, made};
use super::reader::Reader;
use crate::client::keying;
use crate::codec::Codec;
use crate::codec::vp8::Descriptor;
use crate::forward::cache::Ring;
use crate::forward::packet::testing::source;
use crate::forward::packet::{Packet, Source};
use crate::forward::rewrite::Rewritten;
use crate::ids::{Kind, Seq};
use crate::peer::slot::Slot;
use crate::rtp::{Header, split_rtx};
use crate::spec::tests::viewer;
use crate::srtp::{Inbound, Outbound, Profile};
use crate::time::{Duration, Time};
use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Weak};

const PUBLISHERS: usize = 2;
const LAYERS: usize = 2;
const SOURCES: usize = PUBLISHERS * LAYERS;
/// Packets that the rings of all sources may hold between them.
const MOST_KEPT: usize = SOURCES * 1_024;
const RTT: Duration = Duration::from_millis(30);
/// Flag of the first byte: the slot begins as in a drill.
const NEAR_WRAPS: u8 = 0x80;
/// Picture ids have 15 bits.
const PICTURE_MASK: u16 = 0x7fff;

/// What the subscriber saw of one packet.
struct Seen {
    timestamp: u32,
    payload: Vec<u8>,
}

/// What is the same for all packets of one run: outgoing minus source, and which number became which.
struct Run {
    source: Source,
    timestamp: u32,
    /// Known from the first packet that has a picture id.
    picture: Option<u16>,
    numbers: BTreeMap<u64, u64>,
}

struct Model {
    kind: Kind,
    near_wraps: bool,
    slot: Slot,
    outbound: Outbound,
    inbound: Inbound,
    encoders: [Encoder; SOURCES],
    rings: [Ring; SOURCES],
    held: Vec<Arc<Packet>>,
    made: Vec<Weak<Packet>>,
    now: Time,
    sent: HashMap<u64, Seen>,
    newest: Option<u64>,
    /// Newest picture id, which goes on whatever other codecs came between.
    picture: Option<u16>,
    repeats: usize,
    run: Option<Run>,
}

/// Over switches, keyframes, losses, reordering, pauses, cuts, encoders that begin anew and repeats: no SRTP index
/// twice and the first below 2^15, a slot opens at a keyframe of what is wanted, time and pictures go on where they
/// stopped, a run keeps its order, and a retransmission is what went out under its number.
pub fn slot(bytes: &[u8]) {
    let mut reader = Reader::new(bytes);
    let Some(flags) = reader.byte() else { return };
    let mut model = Model::new(flags);
    while model.step(&mut reader).is_some() {}
    let alive = model.made.iter().filter(|p| p.strong_count() > 0).count();
    assert!(alive <= MOST_KEPT + model.held.len());
}

impl Model {
    fn new(flags: u8) -> Model {
        let kind = if flags & 1 == 0 {
            Kind::Video
        } else {
            Kind::Audio
        };
        // The clock seeds the slot's first numbers.
        let now = Time(u64::from(flags) * 1_000_000_007 + 1_000_000_000);
        let spec = viewer(1, 1);
        let section = spec.slots.iter().find(|s| s.kind == kind).unwrap();
        let profile = Profile::ALL[usize::from(flags >> 1) % Profile::ALL.len()];
        let keys = keying(profile, 7);
        let mut slot = Slot::new(section, &spec, now);
        let near_wraps = flags & NEAR_WRAPS != 0;
        if near_wraps {
            slot.begin_near_wraps();
        }
        Model {
            kind,
            near_wraps,
            slot,
            outbound: Outbound::new(profile, &keys).unwrap(),
            inbound: Inbound::new(profile, &keys).unwrap(),
            encoders: std::array::from_fn(|i| Encoder {
                codec: if kind == Kind::Audio {
                    Codec::Opus
                } else {
                    Codec::Vp8
                },
                seq: 65_500 + i as u64 * 300,
                timestamp: u32::MAX - 20_000,
                picture: PICTURE_MASK - i as u16 * 5,
            }),
            rings: std::array::from_fn(|_| Ring::default()),
            held: Vec::new(),
            made: Vec::new(),
            now,
            sent: HashMap::new(),
            newest: None,
            picture: None,
            repeats: 0,
            run: None,
        }
    }

    fn step(&mut self, reader: &mut Reader<'_>) -> Option<()> {
        match reader.byte()? & 31 {
            0..16 => {
                let (which, how) = (reader.pick(SOURCES)?, reader.byte()?);
                self.packet(which, how);
            }
            16..19 => {
                let which = reader.pick(SOURCES + 1)?;
                self.slot
                    .outgoing
                    .want((which < SOURCES).then(|| at(which)));
            }
            19 => self.slot.outgoing.cut(),
            20 => {
                for packet in std::mem::take(&mut self.held).into_iter().rev() {
                    self.arrives(&packet);
                }
            }
            21 => {
                // Another SSRC: numbers far above, time stamps and pictures anywhere.
                let encoder = &mut self.encoders[reader.pick(SOURCES)?];
                encoder.seq = encoder.seq.next_multiple_of(1 << 16) + (1 << 16);
                encoder.timestamp = reader.long()?;
                let word = reader.word()?;
                encoder.picture = word & PICTURE_MASK;
                if self.kind == Kind::Video {
                    encoder.codec = [Codec::Vp8, Codec::H264][usize::from(word >> 15)];
                }
            }
            22 => self.encoders[reader.pick(SOURCES)?].seq += u64::from(reader.word()?) % 3_000,
            23 | 24 => self.now = self.now + Duration::from_millis(u64::from(reader.byte()?)),
            25 => self.now = self.now + Duration::from_secs(u64::from(reader.word()?)),
            26 => self.report(),
            _ => self.nack(reader.word()? % 600),
        }
        Some(())
    }

    /// One packet of a source: `how` says whether it is lost, held back, padding, doubled, and what of a frame it is.
    fn packet(&mut self, which: usize, how: u8) {
        let (key, begins) = (how & 3 == 3, how & 1 == 1);
        let encoder = &mut self.encoders[which];
        encoder.seq += 1;
        if begins {
            encoder.picture = (encoder.picture + 1) & PICTURE_MASK;
            encoder.timestamp = encoder.timestamp.wrapping_add(3_000);
        }
        let packet = Arc::new(made(
            at(which),
            *encoder,
            (begins, key),
            self.now,
            how >> 4 == 1,
        ));
        self.made.push(Arc::downgrade(&packet));
        match how >> 4 {
            2 | 3 => {} // lost
            4 | 5 => self.held.push(packet),
            6 => {
                self.arrives(&packet);
                self.arrives(&packet);
            }
            _ => self.arrives(&packet),
        }
    }

    /// As the engine does: into the ring, then to the slot, which after a switch catches up on what was refused.
    fn arrives(&mut self, packet: &Arc<Packet>) {
        let ring = &mut self.rings[index(packet.source)];
        ring.insert(packet.clone());
        if !self.offer(packet) {
            return;
        }
        let ring = &self.rings[index(packet.source)];
        let highest = ring.highest().map_or(0, |highest| highest.0);
        let after: Vec<_> = (packet.seq.0 + 1..=highest.min(packet.seq.0 + 2_000))
            .filter_map(|seq| ring.get(Seq(seq)).cloned())
            .filter(|later| later.arrival < packet.arrival)
            .collect();
        for packet in after {
            assert!(!self.offer(&packet), "a switch while catching up");
        }
    }

    /// Whether the slot switched to the packet's source.
    fn offer(&mut self, packet: &Packet) -> bool {
        let wanted = self.slot.outgoing.wanted();
        let Ok(rewritten) = self.slot.outgoing.offer(packet) else {
            return false;
        };
        assert!(!packet.payload.is_empty(), "padding went out");
        if rewritten.switched {
            assert_eq!(wanted, Some(packet.source));
            assert!(self.kind == Kind::Audio || packet.key_start);
        }
        let before = self
            .newest
            .map(|newest| (newest, self.sent[&newest].timestamp));
        let own = rewritten.preceding(packet);
        for rewritten in own.iter().chain([&rewritten]) {
            self.write(packet, rewritten);
        }
        if rewritten.switched {
            self.switched(packet, &own.unwrap_or(rewritten), before);
        }
        self.continues(packet, &rewritten);
        rewritten.switched
    }

    /// Out of the slot, over the wire, and what the subscriber makes of it.
    fn write(&mut self, packet: &Packet, rewritten: &Rewritten) {
        let mut buf = [0; 1_500];
        let len = self
            .slot
            .write(packet, rewritten, self.now, &self.outbound, &mut buf);
        let (header, seq, payload) = self.opened(&mut buf[..len.unwrap()]);
        assert_eq!(header.ssrc, self.slot.ssrc());
        assert_eq!(
            (seq, header.timestamp),
            (rewritten.seq, rewritten.timestamp)
        );
        assert!(self.newest.is_some() || self.may_begin_at(seq));
        if rewritten.parameter_sets {
            assert_eq!(payload, SETS);
        } else if packet.codec == Codec::Vp8 {
            let pictures = Descriptor::parse(&payload).unwrap().pictures;
            let read = pictures.id.zip(pictures.tl0);
            assert_eq!(read, rewritten.counters.map(|c| (c.picture, c.tl0)));
        } else {
            assert_eq!(payload[..], packet.payload[..]);
        }
        self.newest = self.newest.max(Some(seq.0));
        let timestamp = header.timestamp;
        let seen = Seen { timestamp, payload };
        assert!(self.sent.insert(seq.0, seen).is_none(), "{seq:?} twice");
    }

    /// Right behind the newest packet in number, time and pictures. `first`: of what went out; `before`: number
    /// and time stamp of the newest packet until then.
    fn switched(&mut self, packet: &Packet, first: &Rewritten, before: Option<(u64, u32)>) {
        if let Some((newest, timestamp)) = before {
            assert_eq!(first.seq.0, newest + 1);
            assert!((first.timestamp.wrapping_sub(timestamp) as i32) > 0);
        }
        let source = packet.pictures.and_then(|p| p.id).unwrap_or(0);
        let next = self.picture.map(|picture| picture.wrapping_add(1));
        self.run = Some(Run {
            source: packet.source,
            timestamp: first.timestamp.wrapping_sub(packet.timestamp),
            picture: next.map(|next| next.wrapping_sub(source) & PICTURE_MASK),
            numbers: BTreeMap::new(),
        });
    }

    /// One offset for the whole run, and the order of the source.
    fn continues(&mut self, packet: &Packet, out: &Rewritten) {
        let newest = self.newest == Some(out.seq.0);
        let run = self.run.as_mut().unwrap();
        assert_eq!(run.source, packet.source);
        assert_eq!(out.timestamp.wrapping_sub(packet.timestamp), run.timestamp);
        if let Some((counters, source)) = out.counters.zip(packet.pictures.and_then(|p| p.id)) {
            let offset = counters.picture.wrapping_sub(source) & PICTURE_MASK;
            assert_eq!(offset, *run.picture.get_or_insert(offset));
            self.picture = if newest {
                Some(counters.picture)
            } else {
                self.picture
            };
        }
        let (seq, number) = (packet.seq.0, out.seq.0);
        let below = run.numbers.range(..seq).next_back();
        assert!(below.is_none_or(|(_, below)| *below < number));
        let above = run.numbers.range(seq..).next();
        assert!(above.is_none_or(|(_, above)| number < *above));
        run.numbers.insert(seq, number);
    }

    /// The subscriber asks for what it has got already; the answer must be the same bytes.
    fn nack(&mut self, back: u16) {
        let Some(newest) = self.newest else { return };
        let wire = Seq(newest).wire().wrapping_sub(back);
        let Ok(resend) = self.slot.requested(wire, self.now, RTT) else {
            return;
        };
        assert_eq!(self.kind, Kind::Video, "audio has no RTX here");
        let ring = &self.rings[index(resend.source)];
        let Some(packet) = ring.get(resend.seq).cloned() else {
            return;
        };
        let mut buf = [0; 1_500];
        let len = self.slot.write_rtx(
            &packet,
            &resend.rewritten,
            self.now,
            &self.outbound,
            &mut buf,
        );
        let (header, index, payload) = self.opened(&mut buf[..len.unwrap()]);
        assert!(self.repeats > 0 || self.may_begin_at(index));
        self.repeats += 1;
        let (original, payload) = split_rtx(&payload).unwrap();
        let seen = &self.sent[&resend.rewritten.seq.0];
        assert_ne!(header.ssrc, self.slot.ssrc());
        assert_eq!((original, header.timestamp), (wire, seen.timestamp));
        assert_eq!(payload, seen.payload);
    }

    /// A late joiner must not meet a rollover that it cannot know of.
    fn may_begin_at(&self, index: Seq) -> bool {
        self.near_wraps || index.0 < 1 << 15
    }

    /// Decrypted as a subscriber that started with rollover counter 0 does, which no number used twice survives.
    fn opened(&mut self, datagram: &mut [u8]) -> (Header, Seq, Vec<u8>) {
        let header = Header::parse(datagram).unwrap();
        let (seq, payload) = self.inbound.unprotect_rtp(&header, datagram).unwrap();
        (header, seq, datagram[payload].to_vec())
    }

    fn report(&mut self) {
        let mut out = Vec::new();
        let reported = self.slot.report(self.now, &mut out);
        assert_eq!(reported, self.slot.outgoing.current().is_some());
        assert_eq!(self.slot.outgoing.packets(), self.sent.len() as u64);
    }
}

fn at(which: usize) -> Source {
    source((which / LAYERS) as u32 + 1, (which % LAYERS) as u8)
}

fn index(source: Source) -> usize {
    (source.track.peer.0 as usize - 1) * LAYERS + usize::from(source.layer)
}
