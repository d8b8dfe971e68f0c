//! Audio levels and the active speaker.
