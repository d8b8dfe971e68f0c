//! A poor network, made up: what happens to packets on a link of given conditions.
//!
//! Sans-IO: packets and [`Time`](crate::time::Time) go in, packets and a deadline come out. The
//! same seed, packets and times give the same losses. The program `link` carries packets between
//! two TUN devices by it; tests may put it between two of anything.

mod conditions;
mod direction;
mod inspect;
mod rng;

pub use conditions::{Burst, Conditions};
pub use direction::{Counts, Direction};
