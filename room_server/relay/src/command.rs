//! What goes into an engine from the control side, what comes out for it, and what workers
//! tell each other. Values only.

use crate::forward::packet::{Packet, Source};
use crate::ids::{HallId, PeerId, SeatId};
use crate::spec::PeerSpec;
use crate::srtp::Profile;
use std::collections::BTreeMap;
use std::fmt;
use std::net::SocketAddr;
use std::sync::{Arc, mpsc};

/// Who may be heard.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Air {
    /// Nobody receives.
    #[default]
    Off,
    /// Staff receive.
    Backstage,
    /// Everybody receives.
    OnAir,
}

/// Key material that never shows in logs.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(pub Vec<u8>);

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Secret({} bytes)", self.0.len())
    }
}

/// What one slot shall show from now on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct View {
    /// Index of the m-section.
    pub section: u8,
    /// What feeds it.
    pub seat: SeatId,
    /// The largest layer wanted.
    pub layer: WantedLayer,
}

/// The largest layer a slot wants.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WantedLayer {
    /// Nothing for now.
    Paused,
    /// At most this one, 0 the smallest.
    Upto(u8),
    /// The best there is.
    Best,
}

/// Named counters of one seat or peer.
pub type Named = BTreeMap<&'static str, u64>;

/// From the control side to one worker, or to all (halls and seats).
#[derive(Clone, Debug)]
pub enum Command {
    /// Make a town hall: nothing on its seats, off air.
    HallOpen(HallId),
    /// Who may be heard.
    HallAir(HallId, Air),
    /// Forget the hall and free its peers.
    HallClose(HallId),
    /// Feed a seat; shuts its gates.
    SeatAssign(Assignment),
    /// Nobody sits there.
    SeatClear(HallId, SeatId),
    /// Open or shut what leaves the seat.
    SeatGate {
        /// The hall.
        hall: HallId,
        /// The seat.
        seat: SeatId,
        /// Audio may leave.
        audio: bool,
        /// Video may leave.
        video: bool,
    },
    /// Make a transport.
    PeerOpen(Box<PeerSpec>),
    /// ICE restart.
    PeerRestart {
        /// Whose.
        peer: PeerId,
        /// Our new user name fragment.
        ufrag: String,
        /// Our new password.
        pwd: String,
        /// The peer's new user name fragment.
        remote_ufrag: String,
    },
    /// SRTP keys from DTLS.
    PeerKeys {
        /// Whose.
        peer: PeerId,
        /// Protection profile.
        profile: Profile,
        /// Key and salt of what the peer sends.
        rx: Secret,
        /// Key and salt of what the relay sends.
        tx: Secret,
    },
    /// Send a DTLS datagram to the peer's current address.
    PeerDtls(PeerId, Vec<u8>),
    /// Whether it receives while backstage.
    PeerStaff(PeerId, bool),
    /// What its slots shall show.
    PeerView(PeerId, Vec<View>),
    /// Free the transport.
    PeerClose(PeerId),
    /// This worker's counters of a hall's seats.
    SeatCounters(HallId, mpsc::Sender<BTreeMap<u16, Named>>),
    /// A peer's counters; nothing is sent for an unknown peer.
    PeerCounters(PeerId, mpsc::Sender<Named>),
    /// Panic, to prove that the worker survives it.
    Panic,
    /// Slots of peers that join from now on begin close to the wrap of everything they count, to prove that
    /// receivers follow them across it.
    NearWraps,
}

/// Who sits on a seat.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Assignment {
    /// The hall.
    pub hall: HallId,
    /// The seat.
    pub seat: SeatId,
    /// Who sits there.
    pub peer: PeerId,
    /// The worker that has this peer.
    pub worker: usize,
    /// Index of the m-section that is the seat's audio.
    pub audio: Option<u8>,
    /// Index of the m-section that is the seat's video.
    pub video: Option<u8>,
    /// The occupant's echo group, 0 for none.
    pub echo_group: u32,
}

/// Why a peer is no more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Gone {
    /// No STUN check came after it was made.
    NoStun,
    /// Nothing authenticated came for too long.
    Silent,
    /// Its worker was rebuilt.
    Worker,
}

impl Gone {
    /// The word the control side knows it by.
    pub fn label(self) -> &'static str {
        match self {
            Gone::NoStun => "no_stun",
            Gone::Silent => "silent",
            Gone::Worker => "worker",
        }
    }
}

/// From a worker to the control side.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// A DTLS datagram from an address that STUN has validated.
    Dtls(PeerId, Vec<u8>),
    /// The peer's send address became this.
    Address(PeerId, SocketAddr),
    /// Media flows, or nothing has come for 5 s.
    Media(PeerId, bool),
    /// The relay has freed the peer.
    Gone(PeerId, Gone),
    /// The active speaker's seat; 0: nobody.
    Speaker(HallId, SeatId),
    /// The rids (or "") being received on a section now.
    Layers(PeerId, u8, Vec<String>),
    /// A worker was rebuilt.
    Panic(usize, String),
}

/// From one worker to another.
#[derive(Clone, Debug)]
pub enum Crossing {
    /// A decrypted packet of a track that sits on a seat of this hall.
    Media(HallId, Arc<Packet>),
    /// The sender has (or no longer has) subscribers in this hall.
    Interest {
        /// Which hall.
        hall: HallId,
        /// Who says so.
        worker: usize,
        /// Whether it wants the hall's packets.
        wanted: bool,
    },
    /// The sender has begun anew and knows nobody's interest.
    Hello(usize),
    /// Somebody needs a keyframe of this encoding.
    Keyframe(Source),
    /// The hall's home has decided who speaks.
    Speaker(HallId, SeatId),
}
