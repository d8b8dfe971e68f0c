//! Which simulcast layer each video slot of a subscriber gets.

use super::packet::MAX_LAYERS;
use crate::time::{Duration, Time};

/// What is known of one layer of a publisher's track.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LayerRate {
    /// It is being sent now.
    pub active: bool,
    /// Its measured bits per second.
    pub bitrate: u64,
}

/// One video slot's wish, in the order of importance.
#[derive(Clone, Debug, Default)]
pub struct Demand {
    /// The layers of the track that feeds the slot, smallest first.
    pub layers: [LayerRate; MAX_LAYERS],
    /// The largest layer the slot's view wants.
    pub max_layer: u8,
}

/// The choice for one slot, with its memory.
#[derive(Clone, Debug, Default)]
pub struct LayerChoice {
    current: Option<u8>,
}

impl LayerChoice {
    /// The layer chosen last; `None`: the slot is paused for want of bandwidth.
    pub fn current(&self) -> Option<u8> {
        self.current
    }

    /// The largest active layer not above `demand.max_layer` that fits `budget` (bits per second; `None`: no
    /// limit is known). Down at once; up only with room to spare and after a hold. Without any active layer the choice stays.
    pub fn choose(&mut self, demand: &Demand, budget: Option<u64>, now: Time) -> Option<u8> {
        todo!()
    }
}

/// Share `budget` among slots, the most important first: the smallest layer of each before a larger one of any.
/// Calls `choice(index)` for the memory of each slot, which then holds its layer.
pub fn allocate(demands: &[Demand], choices: &mut [LayerChoice], budget: Option<u64>, now: Time) {
    todo!()
}
