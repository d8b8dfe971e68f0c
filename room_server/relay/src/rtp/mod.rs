//! RTP headers and header extensions (RFC 3550, RFC 8285).
