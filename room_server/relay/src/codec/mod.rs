//! Codec payload headers: only what forwarding needs.

pub mod opus;
pub mod vp8;
