//! A participant of the tests: a client, its numbering, and what the relay has sent it.

use super::*;

/// A participant: its client, and what the relay has sent it.
pub(crate) struct Guest {
    pub client: Client,
    pub spec: PeerSpec,
    pub address: SocketAddr,
    pub worker: usize,
    pub packets: Vec<(Header, Vec<u8>)>,
    /// Dependency descriptors of the same packets.
    pub dependencies: Vec<Option<Vec<u8>>>,
    pub compounds: Vec<Vec<u8>>,
    pub dtls: Vec<Vec<u8>>,
    pub checks: usize,
    /// Datagrams that did not decrypt, or used a number twice.
    pub bad: Vec<Drop>,
    pub next_seq: BTreeMap<u32, u64>,
    pub next_cc: u16,
    pub picture: u16,
    /// What its camera sends.
    pub encoder: Encoder,
    /// Added to the SSRCs of its camera: those of an encoder that has begun anew.
    pub camera: u32,
}

impl Guest {
    /// A datagram of the relay has come.
    pub fn take(&mut self, datagram: Vec<u8>) {
        let ids = &self.spec.extensions;
        // Headers are not encrypted.
        let dependency = Header::parse(&datagram).ok().and_then(|header| {
            let read = Extensions::read(&header, &datagram, ids);
            read.dependency_descriptor.map(<[u8]>::to_vec)
        });
        match self.client.receive(datagram) {
            Ok(Received::Rtp(header, payload)) => {
                self.packets.push((header, payload));
                self.dependencies.push(dependency);
            }
            Ok(Received::Rtcp(compound)) => self.compounds.push(compound),
            Ok(Received::Dtls(record)) => self.dtls.push(record),
            Ok(Received::Stun) => self.checks += 1,
            Err(reason) => self.bad.push(reason),
        }
    }

    /// What came on an SSRC.
    pub fn on(&self, ssrc: u32) -> Vec<&(Header, Vec<u8>)> {
        self.packets
            .iter()
            .filter(|(h, _)| h.ssrc == Ssrc(ssrc))
            .collect()
    }

    /// Packets of its audio slot.
    pub fn audio(&self) -> Vec<&(Header, Vec<u8>)> {
        self.on(self.spec.slots[0].ssrc.0)
    }

    /// Packets of its video slot.
    pub fn video(&self) -> Vec<&(Header, Vec<u8>)> {
        self.on(self.spec.slots[1].ssrc.0)
    }

    /// The next number on an SSRC.
    pub fn number(&mut self, ssrc: u32) -> Seq {
        let next = self.next_seq.entry(ssrc).or_insert(u64::from(ssrc) & 0xff);
        *next += 1;
        Seq(*next)
    }

    /// A packet to be filled in.
    pub fn media<'a>(
        &mut self,
        ssrc: u32,
        pt: Pt,
        section: u8,
        rid: &'a str,
        seq: Seq,
    ) -> Media<'a> {
        self.next_cc = self.next_cc.wrapping_add(1);
        Media {
            ssrc: Ssrc(ssrc),
            pt,
            seq,
            timestamp: 0,
            marker: false,
            mid: if section == CAMERA { "cam" } else { "mic" },
            rid,
            repaired: false,
            transport_cc: Some(self.next_cc),
            level: None,
            dependency: &[],
            payload: &[],
        }
    }
}
