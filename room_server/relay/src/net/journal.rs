//! What a worker would have to be told again if it were rebuilt: halls, seats and gates, and
//! which peers are lost. Kept outside the engine, so that the engine's panic does not take it along.

use crate::command::{Air, Assignment, Command};
use crate::ids::{HallId, PeerId, SeatId};
use std::collections::{BTreeMap, BTreeSet};

#[derive(Debug, Default)]
struct Hall {
    air: Air,
    seats: BTreeMap<SeatId, (Assignment, bool, bool)>,
    peers: BTreeSet<PeerId>,
}

/// The control state of one worker.
#[derive(Debug, Default)]
pub struct Journal {
    halls: BTreeMap<HallId, Hall>,
}

impl Journal {
    /// Note a command before the engine gets it.
    pub fn note(&mut self, command: &Command) {
        match command {
            Command::HallOpen(hall) => {
                self.halls.entry(*hall).or_default();
            }
            Command::HallClose(hall) => {
                self.halls.remove(hall);
            }
            Command::HallAir(hall, air) => self.with(*hall, |h| h.air = *air),
            Command::SeatAssign(a) => self.with(a.hall, |h| {
                h.seats.insert(a.seat, (*a, false, false));
            }),
            Command::SeatClear(hall, seat) => self.with(*hall, |h| {
                h.seats.remove(seat);
            }),
            Command::SeatGate {
                hall,
                seat,
                audio,
                video,
            } => self.with(*hall, |h| {
                if let Some((_, a, v)) = h.seats.get_mut(seat) {
                    (*a, *v) = (*audio, *video);
                }
            }),
            Command::PeerOpen(spec) => self.with(spec.hall, |h| {
                h.peers.insert(spec.peer);
            }),
            Command::PeerClose(peer) => self.forget(*peer),
            _ => {}
        }
    }

    /// The peer is no more.
    pub fn forget(&mut self, peer: PeerId) {
        for hall in self.halls.values_mut() {
            hall.peers.remove(&peer);
        }
    }

    /// The peers that a new engine will not know, which are forgotten here too.
    pub fn take_peers(&mut self) -> Vec<PeerId> {
        self.halls
            .values_mut()
            .flat_map(|h| std::mem::take(&mut h.peers))
            .collect()
    }

    /// Commands that bring a new engine to the same halls and seats.
    pub fn replay(&self) -> Vec<Command> {
        let mut commands = Vec::new();
        for (&hall, state) in &self.halls {
            commands.push(Command::HallOpen(hall));
            commands.push(Command::HallAir(hall, state.air));
            for (&seat, &(assignment, audio, video)) in &state.seats {
                commands.push(Command::SeatAssign(assignment));
                commands.push(Command::SeatGate {
                    hall,
                    seat,
                    audio,
                    video,
                });
            }
        }
        commands
    }

    fn with(&mut self, hall: HallId, change: impl FnOnce(&mut Hall)) {
        if let Some(hall) = self.halls.get_mut(&hall) {
            change(hall);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::spec::tests::viewer;

    #[test]
    fn replays_what_still_holds() {
        let hall = HallId(1);
        let assignment = |seat| Assignment {
            hall,
            seat: SeatId(seat),
            peer: PeerId(7),
            worker: 0,
            audio: Some(0),
            video: None,
            echo_group: 0,
        };
        let mut journal = Journal::default();
        for command in [
            Command::HallOpen(hall),
            Command::HallOpen(HallId(2)),
            Command::HallAir(hall, Air::OnAir),
            Command::SeatAssign(assignment(1)),
            Command::SeatAssign(assignment(2)),
            Command::SeatGate {
                hall,
                seat: SeatId(2),
                audio: true,
                video: false,
            },
            Command::SeatClear(hall, SeatId(1)),
            Command::PeerOpen(Box::new(viewer(5, 1))),
            Command::PeerOpen(Box::new(viewer(6, 1))),
            Command::PeerClose(PeerId(5)),
            Command::HallClose(HallId(2)),
        ] {
            journal.note(&command);
        }
        let replay = format!("{:?}", journal.replay());
        let expected = [
            Command::HallOpen(hall),
            Command::HallAir(hall, Air::OnAir),
            Command::SeatAssign(assignment(2)),
            Command::SeatGate {
                hall,
                seat: SeatId(2),
                audio: true,
                video: false,
            },
        ];
        assert_eq!(replay, format!("{expected:?}"));
        assert_eq!(journal.take_peers(), [PeerId(6)]);
        assert!(journal.take_peers().is_empty());
    }
}
