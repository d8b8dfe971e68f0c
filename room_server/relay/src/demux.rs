//! RFC 7983 demultiplexing by the first byte.

/// What a datagram on the one UDP port is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// STUN: first byte 0..=3.
    Stun,
    /// DTLS record: first byte 20..=63.
    Dtls,
    /// RTP or SRTP.
    Rtp,
    /// RTCP or SRTCP: second byte 192..=223 (RFC 5761 section 4).
    Rtcp,
}

impl Kind {
    /// Sorts a datagram by its first two bytes; `None` for what is none of these.
    pub fn of(datagram: &[u8]) -> Option<Kind> {
        match *datagram {
            [0..=3, ..] => Some(Kind::Stun),
            [20..=63, ..] => Some(Kind::Dtls),
            [128..=191, 192..=223, ..] => Some(Kind::Rtcp),
            [128..=191, _, ..] => Some(Kind::Rtp),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Kind;

    #[test]
    fn first_bytes() {
        for (bytes, kind) in [
            (&[][..], None),
            (&[0, 1], Some(Kind::Stun)),
            (&[3], Some(Kind::Stun)),
            (&[4], None),
            (&[19, 0], None),
            (&[20], Some(Kind::Dtls)),
            (&[22, 254], Some(Kind::Dtls)),
            (&[63], Some(Kind::Dtls)),
            (&[64, 0], None),
            (&[127, 0], None),
            (&[128], None),
            (&[128, 0], Some(Kind::Rtp)),
            (&[0x90, 0xe0], Some(Kind::Rtp)),
            (&[128, 191], Some(Kind::Rtp)),
            (&[128, 192], Some(Kind::Rtcp)),
            (&[0x8f, 205], Some(Kind::Rtcp)),
            (&[191, 223], Some(Kind::Rtcp)),
            (&[191, 224], Some(Kind::Rtp)),
            (&[192, 200], None),
            (&[255, 255], None),
        ] {
            assert_eq!(Kind::of(bytes), kind, "{bytes:?}");
        }
    }
}
