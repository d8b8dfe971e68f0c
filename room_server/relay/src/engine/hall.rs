//! A town hall as one worker sees it: seats, gates, air, its own subscribers.

use crate::command::{Air, Assignment, Named};
use crate::forward::router::Lane;
use crate::ids::{HallId, Kind, PeerId, SeatId, TrackId};
use crate::level::SpeakerDetector;
use std::collections::BTreeMap;

/// Packets through a seat.
#[derive(Clone, Copy, Debug, Default)]
#[allow(missing_docs, reason = "named as in the metrics")]
pub struct SeatCounters {
    pub audio_in: u64,
    pub video_in: u64,
    pub audio_out: u64,
    pub video_out: u64,
    pub keyframe_requests: u64,
}

/// An output of the hall. Kept when empty, for its counters.
#[derive(Debug)]
pub struct Seat {
    /// Which one.
    pub id: SeatId,
    /// Who sits there.
    pub occupant: Option<Assignment>,
    /// Whether audio may leave.
    pub audio_open: bool,
    /// Whether video may leave.
    pub video_open: bool,
    /// Packets through it.
    pub counters: SeatCounters,
}

/// Who asks what may be shown to them.
#[derive(Clone, Copy, Debug)]
pub struct Viewer {
    /// The subscriber.
    pub peer: PeerId,
    /// Receives while backstage.
    pub staff: bool,
    /// Its echo group.
    pub echo_group: u32,
}

/// One town hall.
#[derive(Debug)]
pub struct Hall {
    /// Its id.
    pub id: HallId,
    /// Who may be heard.
    pub air: Air,
    /// Seats that were ever used.
    pub seats: Vec<Seat>,
    /// This worker's peers, by key.
    pub members: Vec<usize>,
    /// Other workers that have subscribers, one bit each.
    pub interested: u64,
    /// The worker that decides who speaks.
    pub home: usize,
    /// Only at home.
    pub detector: SpeakerDetector,
    /// The active speaker.
    pub active: Option<SeatId>,
    /// Whose seat the speaker's slots show.
    pub shown: Option<SeatId>,
    /// Audio on its way.
    pub audio: Lane,
    /// Video on its way.
    pub video: Lane,
    /// Whether what its slots shall show has to be worked out anew.
    pub dirty: bool,
}

impl Hall {
    /// Nothing on its seats, off air.
    pub fn new(id: HallId, workers: usize) -> Hall {
        Hall {
            id,
            air: Air::Off,
            seats: Vec::new(),
            members: Vec::new(),
            interested: 0,
            home: id.0 as usize % workers.max(1),
            detector: SpeakerDetector::default(),
            active: None,
            shown: None,
            audio: Lane::default(),
            video: Lane::default(),
            dirty: false,
        }
    }

    /// The seat, made if need be.
    pub fn seat_mut(&mut self, id: SeatId) -> Option<&mut Seat> {
        let index = self
            .seats
            .iter()
            .position(|s| s.id == id)
            .unwrap_or_else(|| {
                self.seats.push(Seat {
                    id,
                    occupant: None,
                    audio_open: false,
                    video_open: false,
                    counters: SeatCounters::default(),
                });
                self.seats.len() - 1
            });
        self.seats.get_mut(index)
    }

    /// The speaker's slots show the active speaker; while there is none, whoever was shown last and
    /// still sits, else the first on stage.
    pub fn refresh_shown(&mut self) {
        let occupied = |id: &SeatId| {
            self.seats
                .iter()
                .any(|s| s.id == *id && s.occupant.is_some())
        };
        let first = self
            .seats
            .iter()
            .filter(|s| s.id.is_stage() && s.occupant.is_some())
            .map(|s| s.id)
            .min();
        self.shown = self
            .active
            .filter(occupied)
            .or(self.shown.filter(occupied))
            .or(first);
    }

    /// The seat that this track feeds, and its index.
    pub fn seat_of(&mut self, track: TrackId, kind: Kind) -> Option<(usize, &mut Seat)> {
        self.seats
            .iter_mut()
            .enumerate()
            .find(|(_, s)| s.track(kind) == Some(track))
    }

    /// The track that a slot on `seat` shows to this viewer now: none while off air for it, while the
    /// gate is shut, and never its own picture or its echo group's sound.
    pub fn feed(&self, seat: SeatId, kind: Kind, viewer: &Viewer) -> Option<TrackId> {
        let seat = if seat == SeatId::SPEAKER {
            self.shown?
        } else {
            seat
        };
        let seat = self.seats.iter().find(|s| s.id == seat)?;
        let occupant = seat.occupant.as_ref()?;
        let echo = occupant.echo_group != 0
            && occupant.echo_group == viewer.echo_group
            && kind == Kind::Audio;
        let heard =
            self.reaches(viewer) && seat.is_open(kind) && occupant.peer != viewer.peer && !echo;
        seat.track(kind).filter(|_| heard)
    }

    /// Whether what flows to this viewer may go on: it still feeds some seat that is open to it.
    pub fn may_flow(&self, track: TrackId, kind: Kind, viewer: &Viewer) -> bool {
        let seat = self.seats.iter().find(|s| s.track(kind) == Some(track));
        seat.is_some_and(|s| self.feed(s.id, kind, viewer).is_some())
    }

    /// Whether the viewer receives anything.
    pub fn reaches(&self, viewer: &Viewer) -> bool {
        match self.air {
            Air::Off => false,
            Air::Backstage => viewer.staff,
            Air::OnAir => true,
        }
    }

    /// All tracks on its seats.
    pub fn tracks(&self) -> impl Iterator<Item = TrackId> + '_ {
        self.seats
            .iter()
            .flat_map(|s| [s.track(Kind::Audio), s.track(Kind::Video)])
            .flatten()
    }

    /// Counters by seat.
    pub fn named_counters(&self) -> BTreeMap<u16, Named> {
        let named = |c: &SeatCounters| {
            Named::from([
                ("audio_in", c.audio_in),
                ("video_in", c.video_in),
                ("audio_out", c.audio_out),
                ("video_out", c.video_out),
                ("keyframe_requests", c.keyframe_requests),
            ])
        };
        self.seats
            .iter()
            .map(|s| (s.id.0, named(&s.counters)))
            .collect()
    }
}

impl Seat {
    /// The track that feeds one of its outputs.
    pub fn track(&self, kind: Kind) -> Option<TrackId> {
        let occupant = self.occupant.as_ref()?;
        let section = match kind {
            Kind::Audio => occupant.audio,
            Kind::Video => occupant.video,
        };
        section.map(|section| TrackId {
            peer: occupant.peer,
            section,
        })
    }

    /// Whether one of its outputs may leave.
    pub fn is_open(&self, kind: Kind) -> bool {
        match kind {
            Kind::Audio => self.audio_open,
            Kind::Video => self.video_open,
        }
    }
}
