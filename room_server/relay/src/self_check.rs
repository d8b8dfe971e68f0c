//! Whether this build can encrypt at all: one packet per profile, there and back.

use crate::ids::{Kind, Pt, Seq, Ssrc};
use crate::rtp::{ExtensionIds, Fields, Header, Layout};
use crate::srtp::{Inbound, Outbound, Profile, Stream};

/// The error names the profile that does not work.
pub fn run() -> Result<(), String> {
    for profile in Profile::ALL {
        check(profile).ok_or_else(|| format!("{} does not work in this build", profile.name()))?;
    }
    Ok(())
}

fn check(profile: Profile) -> Option<()> {
    let key: Vec<u8> = (0..(profile.key_len() + profile.salt_len()) as u8).collect();
    let outbound = Outbound::new(profile, &key)?;
    let mut inbound = Inbound::new(profile, &key)?;
    let mut buf = [0; 200];
    let fields = Fields {
        marker: true,
        pt: Pt(96),
        seq: 7,
        timestamp: 1,
        abs_send_time: 0,
        level: None,
        dependency: None,
    };
    let layout = Layout::new(Ssrc(9), Kind::Video, b"0", &ExtensionIds::default());
    let header = layout.write(&mut buf, &fields)?;
    let payload = b"the quick brown fox";
    let end = header + payload.len();
    buf.get_mut(header..end)?.copy_from_slice(payload);
    let len = outbound.protect_rtp(&mut Stream::new(Ssrc(9)), Seq(7), &mut buf, header, end)?;
    let datagram = buf.get_mut(..len)?;
    let encrypted = !datagram.windows(payload.len()).any(|w| w == payload);
    let (_, range) = inbound
        .unprotect_rtp(&Header::parse(datagram).ok()?, datagram)
        .ok()?;
    (encrypted && datagram.get(range)? == payload).then_some(())
}

#[cfg(test)]
mod tests {
    #[test]
    fn every_profile_works() {
        assert_eq!(super::run(), Ok(()));
    }
}
