//! Bandwidth: feedback to publishers, estimates towards subscribers.

pub mod remb;
pub mod twcc;
