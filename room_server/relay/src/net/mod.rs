//! The rim: sockets, threads, clocks. Everything inside is told the time and handed bytes.

pub mod clock;
pub mod journal;
pub mod relay;
pub mod send;
pub mod udp;
pub mod wake;
pub mod worker;

#[cfg(test)]
mod tests;
