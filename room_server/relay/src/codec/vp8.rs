//! VP8 payload descriptor (RFC 7741 section 4.2).

/// Parsed payload descriptor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Descriptor;
