//! The media relay: receives each publisher's packets once and forwards them to
//! every subscriber whose slots are fed by that publisher's seat.
//!
//! Sans-IO inside: [`engine`] and all below it take bytes, commands and [`time::Time`]
//! and give back datagrams, events and a deadline. Only `net` knows sockets and clocks,
//! only `python` knows `PyO3`.

pub mod arena;
mod bytes;
pub mod client;
pub mod command;
pub mod distribution;
pub mod drop;
pub mod ice;
pub mod ids;
pub mod spec;
pub mod stats;
pub mod time;

pub mod codec;
pub mod demux;
#[cfg(any(test, feature = "fuzzing"))]
pub mod fuzz;
pub mod rtcp;
pub mod rtp;
pub mod srtp;
pub mod stun;

pub mod bwe;
pub mod forward;
pub mod level;
pub mod repair;
pub mod self_check;

pub mod link;

pub mod engine;
pub mod net;
pub mod peer;

#[cfg(feature = "python")]
mod python;
