//! Repair: NACK, retransmission, keyframe requests.

pub mod keyframe;
pub mod nack;
pub mod rtx;
