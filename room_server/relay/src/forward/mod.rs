//! What happens to a packet between its publisher's ring and a subscriber's socket.
//! Values only: no I/O, no clock, nothing about people.

pub mod packet;
