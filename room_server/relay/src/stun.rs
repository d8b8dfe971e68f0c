//! STUN as an ICE-lite agent needs it (RFC 8489, RFC 8445).
