//! The first byte of an Opus packet (RFC 6716 section 3.1).

/// RTP clock of Opus, whatever its bandwidth (RFC 7587 section 4.1).
pub const CLOCK: u32 = 48_000;

/// Longest packet: 120 ms (RFC 6716 section 3.2.5, R5).
const MAX_SAMPLES: u32 = 5760;

/// Duration in samples at 48 kHz; `None` if empty or longer than the format allows.
pub fn samples(payload: &[u8]) -> Option<u32> {
    let toc = *payload.first()?;
    let frame = match toc >> 3 {
        config @ 0..=11 => {
            if config & 3 == 3 {
                2880
            } else {
                480 << (config & 3)
            }
        }
        config @ 12..=15 => 480 << (config & 1),
        config => 120 << (config & 3),
    };
    let frames = match toc & 3 {
        0 => 1,
        1 | 2 => 2,
        _ => u32::from(payload.get(1)? & 0x3f),
    };
    (1..=MAX_SAMPLES)
        .contains(&(frame * frames))
        .then_some(frame * frames)
}

#[cfg(test)]
mod tests {
    use super::samples;

    #[test]
    fn durations() {
        for (payload, expected) in [
            (&[][..], None),
            // What browsers send: CELT or hybrid full band, one frame of 20 ms.
            (&[0x78][..], Some(960)),
            (&[0xfc][..], Some(960)),
            // SILK 10, 60 ms; two frames of 40 ms.
            (&[0x00][..], Some(480)),
            (&[0x18][..], Some(2880)),
            (&[0x11][..], Some(3840)),
            // Hybrid 10 ms, CELT 2.5 ms.
            (&[0x60][..], Some(480)),
            (&[0x80][..], Some(120)),
            // Code 3: a count of frames follows.
            (&[0xfb, 0x06][..], Some(5760)),
            (&[0xfb, 0x07][..], None),
            (&[0xfb, 0x00][..], None),
            (&[0xfb][..], None),
        ] {
            assert_eq!(samples(payload), expected, "{payload:x?}");
        }
    }
}
