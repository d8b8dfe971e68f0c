//! What happens to a packet between its publisher's ring and a subscriber's socket.
//! Values only: no I/O, no clock, nothing about people.

pub mod cache;
pub mod incoming;
pub mod layers;
pub mod numbering;
pub mod outgoing;
pub mod packet;
pub mod rate;
pub mod rewrite;
pub mod router;
pub mod sync;
pub mod window;
