//! Two workers' engines, five participants and a stage, driven by commands, media and whatever bytes a participant
//! may send, with its keys and without.

use super::reader::Reader;
use crate::client::Media;
use crate::command::{Air, WantedLayer};
use crate::engine::tests::encoder::Encoder;
use crate::engine::tests::world::{PUBLISHERS, Step, World};
use crate::engine::tests::{CAMERA, MICROPHONE, OPUS};
use crate::ids::{Kind, Pt, Ssrc};
use crate::rtp::Level;

/// An SRTCP compound has a header and its sender's SSRC.
const LEAST_COMPOUND: usize = 8;

/// No number is used twice on any SSRC, everything that is sent decrypts, and media reaches nobody whom the stage does
/// not give it: whatever is commanded and whatever comes in.
pub fn engine(bytes: &[u8]) {
    let mut reader = Reader::new(bytes);
    let mut world = World::new();
    while step(&mut world, &mut reader).is_some() {}
    world.check_numbers();
}

fn step(world: &mut World, reader: &mut Reader<'_>) -> Option<()> {
    let operation = reader.byte()?;
    let anybody = |reader: &mut Reader<'_>| Some(reader.pick(5)? as u32 + 1);
    let publisher = |reader: &mut Reader<'_>| Some(reader.pick(3)? as u32 + PUBLISHERS.start);
    let seat = |reader: &mut Reader<'_>| Some(reader.pick(2)? as u16 + 1);
    let step = match operation & 31 {
        0..4 => Step::Speak(publisher(reader)?, reader.byte()?),
        4..11 => {
            let (peer, how) = (publisher(reader)?, reader.byte()?);
            let count = usize::from(how >> 5) + 1;
            Step::Frame(peer, how % 3, how & 4 != 0, count, how & 0x18 == 0x18)
        }
        11 => Step::Late,
        12 => Step::Lost(
            publisher(reader)?,
            reader.byte()? % 3,
            u64::from(reader.word()?) % 3_000,
        ),
        13 => match reader.byte()? {
            0x80.. => Step::NewSsrcs(publisher(reader)?),
            which => Step::Codec(publisher(reader)?, usize::from(which) % Encoder::ALL.len()),
        },
        14 | 15 => Step::Seat(seat(reader)?, publisher(reader)?),
        16 => Step::Clear(seat(reader)?),
        17 => Step::Gate(
            seat(reader)?,
            reader.byte()? & 1 == 0,
            reader.byte()? & 1 == 0,
        ),
        18 => Step::Air([Air::Off, Air::Backstage, Air::OnAir][reader.pick(3)?]),
        19 => {
            let layer = match reader.byte()? {
                254 => WantedLayer::Paused,
                255 => WantedLayer::Best,
                layer => WantedLayer::Upto(layer),
            };
            Step::View(anybody(reader)?, reader.pick(3)? as u16, layer)
        }
        20 | 21 => Step::Nack(anybody(reader)?, reader.pick(4)?, u16::from(reader.byte()?)),
        22 => Step::Pli(anybody(reader)?, reader.pick(4)?),
        23 => Step::Remb(anybody(reader)?, u64::from(reader.long()?)),
        24 => match reader.pick(4)? {
            0 => Step::Restart(anybody(reader)?),
            1 => Step::Moved(anybody(reader)?),
            2 => Step::Keys(anybody(reader)?),
            _ => {
                world.rejoin(anybody(reader)?);
                return Some(());
            }
        },
        25 | 26 => Step::Pass(u64::from(reader.byte()?) + 1),
        27 => {
            let (peer, datagram) = (anybody(reader)?, reader.bytes()?.to_vec());
            unauthentic(world, peer, datagram);
            return Some(());
        }
        28 | 29 => {
            let (peer, compound) = (anybody(reader)?, reader.bytes()?);
            compound_of(world, peer, compound);
            return Some(());
        }
        _ => return media_of(world, publisher(reader)?, reader),
    };
    world.check(step);
    Some(())
}

/// Bytes from a participant's address that no key stands behind: nobody gets media from them.
fn unauthentic(world: &mut World, peer: u32, datagram: Vec<u8>) {
    let before = world.got();
    world.house.deliver(peer, datagram);
    assert_eq!(world.got(), before);
}

/// A compound that authenticates, whatever it says.
fn compound_of(world: &mut World, peer: u32, compound: &[u8]) {
    if compound.len() >= LEAST_COMPOUND {
        world.house.rtcp(peer, |out| out.extend(compound));
    }
}

/// A packet that authenticates, of a stream and with a payload that nobody negotiated.
fn media_of(world: &mut World, peer: u32, reader: &mut Reader<'_>) -> Option<()> {
    let (stream, pt, payload) = (reader.byte()?, reader.byte()?, reader.bytes()?);
    let pt = [OPUS, Pt(96), Pt(97), Pt(pt & 0x7f)][usize::from(pt >> 6)];
    let section = [MICROPHONE, CAMERA][usize::from(stream >> 7)];
    // Whatever section it claims: a stream that is known stays where it is, and takes only what goes there.
    let kind = if pt == OPUS { Kind::Audio } else { Kind::Video };
    let ssrc = peer * 100 + u32::from(stream & 31);
    let rid = ["", "q", "h", "f"][usize::from(stream >> 5 & 3)];
    let before = world.got();
    let guest = world.house.guests.get_mut(&peer)?;
    let seq = guest.number(ssrc);
    let media = Media {
        ssrc: Ssrc(ssrc),
        timestamp: u32::from(stream) << 24,
        level: Some(Level::from_wire(stream)),
        repaired: pt == Pt(97),
        payload,
        ..guest.media(ssrc, pt, section, rid, seq)
    };
    let datagram = guest.client.rtp(&media)?;
    world.house.deliver(peer, datagram);
    world.check_from(peer, kind, &before);
    Some(())
}
