//! The little that a link must know of an IP packet: whether it is UDP, and how to give it another port.

/// Where in the IP packet its UDP header begins; None for anything else, fragments included: only
/// the first of a datagram would show its ports.
pub(super) fn udp_at(packet: &[u8]) -> Option<usize> {
    const UDP: u8 = 17;
    let first = *packet.first()?;
    let (protocol, at) = match first >> 4 {
        4 => {
            // More fragments follow, or this one does not begin at zero.
            if word(packet, 6)? & 0x3fff != 0 {
                return None;
            }
            (*packet.get(9)?, usize::from(first & 0x0f) * 4)
        }
        6 => (*packet.get(6)?, 40),
        _ => return None,
    };
    (protocol == UDP && packet.len() >= at + 8).then_some(at)
}

/// Which end of a datagram.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum End {
    Source,
    Destination,
}

/// Give the UDP header at `at` another port, and the checksum that goes with it (RFC 1624).
pub(super) fn flip_port(packet: &mut [u8], at: usize, end: End, flip: u16) {
    let (port_at, sum_at) = match end {
        End::Source => (at, at + 6),
        End::Destination => (at + 2, at + 6),
    };
    let (Some(port), Some(sum)) = (word(packet, port_at), word(packet, sum_at)) else {
        return;
    };
    let flipped = port ^ flip;
    put_word(packet, port_at, flipped);
    // Zero says that the sender made none (IPv4 only).
    if sum != 0 {
        let updated = !ones_sum(ones_sum(!sum, !port), flipped);
        put_word(packet, sum_at, if updated == 0 { 0xffff } else { updated });
    }
}

fn word(packet: &[u8], at: usize) -> Option<u16> {
    let bytes = packet.get(at..at + 2)?;
    Some(u16::from_be_bytes(bytes.try_into().ok()?))
}

fn put_word(packet: &mut [u8], at: usize, word: u16) {
    if let Some(bytes) = packet.get_mut(at..at + 2) {
        bytes.copy_from_slice(&word.to_be_bytes());
    }
}

fn ones_sum(a: u16, b: u16) -> u16 {
    let (sum, carry) = a.overflowing_add(b);
    sum + u16::from(carry)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// An IPv4 header without options, and a UDP header with ports 1000 and 2000.
    fn datagram() -> Vec<u8> {
        let mut packet = vec![
            0x45, 0, 0, 28, 0, 0, 0x40, 0, 64, 17, 0, 0, 10, 0, 0, 1, 10, 0, 0, 2,
        ];
        packet.extend([0x03, 0xe8, 0x07, 0xd0, 0, 8, 0x12, 0x34]);
        packet
    }

    fn word_sum(bytes: &[u8]) -> u16 {
        bytes
            .chunks(2)
            .fold(0, |sum, w| ones_sum(sum, u16::from_be_bytes([w[0], w[1]])))
    }

    #[test]
    fn udp_is_told_from_the_rest() {
        assert_eq!(udp_at(&datagram()), Some(20));
        let mut tcp = datagram();
        tcp[9] = 6;
        let mut fragment = datagram();
        fragment[7] = 1;
        for packet in [&tcp[..], &fragment, &datagram()[..27], &[]] {
            assert_eq!(udp_at(packet), None);
        }
        let mut six = vec![0x60, 0, 0, 0, 0, 8, 17, 64];
        six.resize(48, 0);
        assert_eq!(udp_at(&six), Some(40));
    }

    #[test]
    fn another_port_keeps_the_checksum_valid_and_flips_back() {
        for end in [End::Source, End::Destination] {
            let (mut packet, before) = (datagram(), word_sum(&datagram()[20..]));
            flip_port(&mut packet, 20, end, 0x0155);
            assert_ne!(packet, datagram());
            assert_eq!(word_sum(&packet[20..]) % 0xffff, before % 0xffff);
            flip_port(&mut packet, 20, end, 0x0155);
            assert_eq!(packet, datagram());
        }
    }
}
