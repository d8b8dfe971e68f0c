//! RTCP: compound packets, reports, feedback (RFC 3550, RFC 4585).
