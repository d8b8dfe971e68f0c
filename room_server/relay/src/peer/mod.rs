//! One participant's transport: its addresses, keys, what it sends and what it receives.
//! A value: it is told the time, and sends nothing itself.

pub mod budget;
pub mod link;
pub mod networks;
pub mod receive;
pub mod section;
pub mod slot;

use crate::bwe::remb::Downlink;
use crate::command::Named;
use crate::drop::Drop;
use crate::forward::rate::RateMeter;
use crate::ice::{Credentials, Ice};
use crate::ids::{HallId, Kind, PeerId, Ssrc};
use crate::repair::rtx::RtxBudget;
use crate::rtcp;
use crate::spec::PeerSpec;
use crate::srtp::{Inbound, Outbound, Profile};
use crate::time::{Duration, Time};
use budget::Budget;
use link::Link;
use receive::Receive;
use slot::Slot;

pub use crate::forward::packet::MAX_LAYERS;

/// Who the relay says it is in feedback to a publisher. Any value that no stream uses; libwebrtc does the same.
pub const FEEDBACK_SSRC: Ssrc = Ssrc(1);

/// Until the first report: a home connection within a continent.
const FIRST_RTT: Duration = Duration::from_millis(100);

/// Reports and estimates of less than this or more than that are mistakes.
const RTT_RANGE: (Duration, Duration) = (Duration::from_millis(1), Duration::from_secs(2));

/// A browser that is short of CPU takes its own delays for a full downlink, and its estimate, which
/// grows with what it receives, would keep video paused for good. So without losses estimates below
/// this, two of the smallest pictures, are not believed.
const LEAST_VIDEO: u64 = 300_000;

/// Losses above this, in 256ths, are those of a full queue and not of a radio link: a tenth, as
/// loss-based controllers have it (draft-ietf-rmcat-gcc-02 section 6).
const LOSSY: u8 = 26;
/// Reports come about once a second; a few without losses end it.
const LOSSY_FOR: Duration = Duration::from_secs(5);

/// DTLS datagrams and bytes that a handshake may take: a `ClientHello` of two fragments and two more
/// flights, each repeated through 20 s of loss, is a tenth of that.
const DTLS_DATAGRAMS: u32 = 100;
const DTLS_BYTES: usize = 64 << 10;

/// After a handshake: as much again for alerts and repeats, per this time.
const DTLS_PERIOD: Duration = Duration::from_secs(20);

/// SRTP in both directions.
pub struct Srtp {
    /// What the peer sends.
    pub inbound: Inbound,
    /// What the relay sends.
    pub outbound: Outbound,
}

/// Signs of life and what was spent on it.
#[derive(Debug)]
pub struct Life {
    /// When it was made.
    pub opened: Time,
    /// Whether STUN has ever authenticated.
    pub checked: bool,
    /// Last authenticated packet of any kind.
    pub heard: Time,
    /// Whether "media" was last said to be flowing.
    pub flowing: bool,
    dtls: (Time, u32, usize),
}

/// What a peer's counters say, in packets.
#[derive(Clone, Copy, Debug, Default)]
#[allow(missing_docs, reason = "named as in the metrics")]
pub struct PeerCounters {
    pub audio_in: u64,
    pub video_in: u64,
    pub audio_out: u64,
    pub video_out: u64,
    pub rtx_out: u64,
    pub bytes_in: u64,
    pub bytes_out: u64,
    pub pli_out: u64,
    pub nack_out: u64,
}

/// One participant's transport.
pub struct Peer {
    /// Its id.
    pub id: PeerId,
    /// The town hall it is in.
    pub hall: HallId,
    /// Receives while backstage.
    pub staff: bool,
    /// Audio never crosses within one group; 0: none.
    pub echo_group: u32,
    /// Addresses and credentials.
    pub ice: Ice,
    /// Once DTLS has given keys.
    pub srtp: Option<Srtp>,
    /// What it sends.
    pub receive: Receive,
    /// Audio slots, in the order of the offer.
    pub audio: Vec<Slot>,
    /// Video slots, in the order of importance, which is that of the offer.
    pub video: Vec<Slot>,
    /// Signs of life.
    pub life: Life,
    /// What its downlink carries.
    pub downlink: Downlink,
    /// Round trip to it, by its reports.
    pub rtt: Duration,
    /// It has asked for its own: who, by which reference time (middle 32 bits), when.
    asks: Option<(Ssrc, u32, Time)>,
    /// Its reports have told of losses that belong to a full downlink.
    pub lossy_until: Time,
    /// How much may be sent again.
    pub repairs: RtxBudget,
    /// How much it may make the relay do.
    pub budget: Budget,
    /// All media sent to it, without headers and tags.
    pub sent: RateMeter,
    /// Audio sent to it, likewise.
    pub sent_audio: RateMeter,
    /// Packets and bytes.
    pub counters: PeerCounters,
    /// How what is sent to it arrives, by its reports.
    pub down: Link,
    /// Send addresses it has had, one after the other.
    pub addresses: u64,
    /// When its timer is set to fire.
    pub scheduled: Option<Time>,
    /// When its layers are chosen again.
    pub choose_at: Time,
}

impl Peer {
    /// As offer and answer say.
    pub fn new(spec: PeerSpec, now: Time) -> Peer {
        let slots = |kind| {
            spec.slots
                .iter()
                .filter(move |s| s.kind == kind)
                .map(|s| Slot::new(s, &spec, now))
        };
        let (audio, video) = (slots(Kind::Audio).collect(), slots(Kind::Video).collect());
        let credentials = Credentials {
            ufrag: spec.ufrag,
            pwd: spec.pwd,
            remote_ufrag: spec.remote_ufrag,
        };
        let own_ssrcs = spec
            .slots
            .iter()
            .flat_map(|s| std::iter::once(s.ssrc).chain(s.rtx_ssrc))
            .collect();
        Peer {
            id: spec.peer,
            hall: spec.hall,
            staff: spec.staff,
            echo_group: spec.echo_group,
            ice: Ice::new(credentials),
            srtp: None,
            receive: Receive::new(
                spec.peer,
                spec.sends,
                spec.codecs,
                spec.extensions,
                own_ssrcs,
                now,
            ),
            audio,
            video,
            life: Life {
                opened: now,
                checked: false,
                heard: now,
                flowing: false,
                dtls: (now, 0, 0),
            },
            downlink: Downlink::default(),
            rtt: FIRST_RTT,
            asks: None,
            lossy_until: now,
            repairs: RtxBudget::new(now),
            budget: Budget::new(now),
            sent: RateMeter::default(),
            sent_audio: RateMeter::default(),
            counters: PeerCounters::default(),
            down: Link::default(),
            addresses: 0,
            scheduled: None,
            choose_at: now,
        }
    }

    /// Slots begin close to every wrap, for drills; before anything was sent.
    pub fn begin_near_wraps(&mut self) {
        for slot in self.audio.iter_mut().chain(&mut self.video) {
            slot.begin_near_wraps();
        }
    }

    /// Keys from DTLS: key and salt each way. Whether they fit the profile. A second set is refused:
    /// the numbers used under the first one are bound to it.
    pub fn set_keys(&mut self, profile: Profile, rx: &[u8], tx: &[u8]) -> bool {
        let keys = Inbound::new(profile, rx).zip(Outbound::new(profile, tx));
        let fresh = self.srtp.is_none();
        if let (true, Some((inbound, outbound))) = (fresh, keys) {
            self.srtp = Some(Srtp { inbound, outbound });
            return true;
        }
        false
    }

    /// Whether media can be sent to it.
    pub fn is_ready(&self) -> bool {
        self.srtp.is_some() && self.ice.current().is_some()
    }

    /// What its video slots may use together; `None`: no limit is known.
    pub fn video_budget(&self, now: Time) -> Option<u64> {
        let budget = self.downlink.video_budget(self.sent_audio.bps(now), now)?;
        Some(if now < self.lossy_until {
            budget
        } else {
            budget.max(LEAST_VIDEO)
        })
    }

    /// Slots of one kind.
    pub fn slots(&self, kind: Kind) -> &[Slot] {
        match kind {
            Kind::Audio => &self.audio,
            Kind::Video => &self.video,
        }
    }

    /// The slot on an m-section.
    pub fn slot_mut(&mut self, section: u8) -> Option<&mut Slot> {
        self.audio
            .iter_mut()
            .chain(&mut self.video)
            .find(|s| s.section == section)
    }

    /// The slot that sends `ssrc`.
    pub fn slot_of(&mut self, ssrc: Ssrc) -> Option<&mut Slot> {
        self.audio
            .iter_mut()
            .chain(&mut self.video)
            .find(|s| s.ssrc() == ssrc)
    }

    /// Whether a DTLS datagram is within what a handshake may need.
    pub fn take_dtls(&mut self, now: Time, len: usize) -> Result<(), Drop> {
        let (mut since, mut count, mut bytes) = self.life.dtls;
        if self.srtp.is_some() && now.since(since) > DTLS_PERIOD {
            (since, count, bytes) = (now, 0, 0);
        }
        if count >= DTLS_DATAGRAMS || bytes + len > DTLS_BYTES {
            return Err(Drop::DtlsLimit);
        }
        self.life.dtls = (since, count + 1, bytes + len);
        Ok(())
    }

    /// A report block about one of the slots: losses, and the round trip it tells of (RFC 3550 section 6.4.1).
    pub fn take_report(&mut self, now: Time, block: &rtcp::ReportBlock) {
        if block.fraction_lost > LOSSY {
            self.lossy_until = now + LOSSY_FOR;
        }
        self.measured(now, block.last_sr, block.delay);
    }

    /// An extended report: the round trip of a peer that gets no media, and so sends no report blocks, is in its
    /// answer to the relay's question; one that sends none asks itself (RFC 3611 sections 4.4, 4.5).
    pub fn take_extended(&mut self, now: Time, extended: &rtcp::Extended<'_>) {
        for answer in extended.delays().filter(|a| a.ssrc == FEEDBACK_SSRC) {
            self.measured(now, answer.last, answer.delay);
        }
        if let Some(ntp) = extended.reference() {
            self.asks = Some((extended.sender, (ntp >> 16) as u32, now));
        }
    }

    /// Append the answer to a peer that has asked for its round trip.
    pub fn answer_reference(&mut self, now: Time, compound: &mut Vec<u8>) {
        if let Some((ssrc, last, asked)) = self.asks.take() {
            let delay = now.since(asked).as_nanos() * 65_536 / 1_000_000_000;
            let delay = u32::try_from(delay).unwrap_or(u32::MAX);
            rtcp::write_delay(compound, FEEDBACK_SSRC, &rtcp::Delay { ssrc, last, delay });
        }
    }

    /// What the relay sent at `sent` (middle 32 bits of its time; 0: nothing) was answered `delay` after it had come.
    fn measured(&mut self, now: Time, sent: u32, delay: u32) {
        if sent == 0 {
            return;
        }
        let middle = (now.ntp() >> 16) as u32;
        let ticks = middle.wrapping_sub(sent).wrapping_sub(delay);
        let rtt = Duration::from_nanos(u64::from(ticks) * 1_000_000_000 / 65_536);
        // Half of the wrapped range is negative: their clock runs faster than ours.
        if ticks < 1 << 31 && rtt <= RTT_RANGE.1 {
            self.rtt = (self.rtt * 3 + rtt.max(RTT_RANGE.0)) / 4;
        }
    }

    /// The counters by their names in the metrics.
    pub fn named_counters(&self, now: Time) -> Named {
        let c = &self.counters;
        Named::from([
            ("audio_in", c.audio_in),
            ("video_in", c.video_in),
            ("audio_out", c.audio_out),
            ("video_out", c.video_out),
            ("rtx_out", c.rtx_out),
            ("bytes_in", c.bytes_in),
            ("bytes_out", c.bytes_out),
            ("pli_out", c.pli_out),
            ("nack_out", c.nack_out),
            ("remb_bps", self.downlink.latest(now).unwrap_or(0)),
            ("rtt_us", self.rtt.as_micros() as u64),
            ("reports_down", self.down.reports),
            ("loss_down_ppm", self.down.loss_ppm()),
            ("worst_loss_down_ppm", self.down.worst_ppm()),
            ("jitter_down_us", self.down.jitter_us),
            ("reports_up", self.receive.up.reports),
            ("loss_up_ppm", self.receive.up.loss_ppm()),
            ("worst_loss_up_ppm", self.receive.up.worst_ppm()),
            ("jitter_up_us", self.receive.up.jitter_us),
            ("addresses", self.addresses),
        ])
    }

    /// Protect an RTCP compound in place; nothing without keys.
    pub fn protect_rtcp(&mut self, compound: &mut Vec<u8>) -> Option<()> {
        let len = compound.len();
        compound.resize(len + crate::srtp::MAX_RTCP_OVERHEAD, 0);
        let protected = self.srtp.as_mut()?.outbound.protect_rtcp(compound, len)?;
        compound.truncate(protected);
        Some(())
    }
}
