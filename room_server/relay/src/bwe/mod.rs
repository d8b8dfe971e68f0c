//! Bandwidth: feedback to publishers, estimates towards subscribers.
