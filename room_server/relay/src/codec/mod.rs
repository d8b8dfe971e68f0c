//! Codec payload headers: only what forwarding needs.

pub mod vp8;
