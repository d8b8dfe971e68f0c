//! The relay over real sockets on the loopback interface.

use crate::client::{Client, Media, Received, keying};
use crate::command::{Air, Assignment, Command, Event, Gone, Secret};
use crate::engine::tests::{MICROPHONE, OPUS, attendee, publisher};
use crate::ids::{HallId, PeerId, SeatId, Seq, Ssrc};
use crate::net::relay::Relay;
use crate::net::udp;
use crate::spec::PeerSpec;
use crate::srtp::Profile;
use crate::time::Duration;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, UdpSocket};

const HALL: HallId = HallId(7);
const PROFILE: Profile = Profile::AeadAes128Gcm;
const PATIENCE: Duration = Duration::from_secs(5);

/// A client with a socket.
struct Guest {
    client: Client,
    socket: UdpSocket,
    relay: SocketAddr,
}

impl Guest {
    /// Joins, checks, gets keys.
    fn join(relay: &Relay, spec: PeerSpec, local: IpAddr) -> Guest {
        let peer = spec.peer;
        let (tx, rx) = (keying(PROFILE, peer.0), keying(PROFILE, peer.0 + 1000));
        let client = Client::new(&spec, PROFILE, &tx, &rx).unwrap();
        let worker = relay.peer_open(spec).unwrap();
        let socket = UdpSocket::bind((local, 0)).unwrap();
        socket.set_read_timeout(Some(PATIENCE)).unwrap();
        let mut guest = Guest {
            client,
            socket,
            relay: SocketAddr::new(local, relay.ports()[worker]),
        };
        relay.tell(
            peer,
            Command::PeerKeys {
                peer,
                profile: PROFILE,
                rx: Secret(tx),
                tx: Secret(rx),
            },
        );
        let check = guest.client.check(true);
        guest.send(&check);
        assert!(matches!(guest.next(), Received::Stun));
        guest
    }

    fn send(&self, datagram: &[u8]) {
        self.socket.send_to(datagram, self.relay).unwrap();
    }

    fn next(&mut self) -> Received {
        let mut buf = [0; 2048];
        let (len, from) = self
            .socket
            .recv_from(&mut buf)
            .expect("a datagram within the time allowed");
        assert_eq!(from, self.relay, "answers come from the announced port");
        self.client.receive(buf[..len].to_vec()).unwrap()
    }

    /// The payloads of the next `count` media packets.
    fn media(&mut self, count: usize) -> Vec<Vec<u8>> {
        let received = std::iter::from_fn(|| Some(self.next()));
        let media = received.filter_map(|r| {
            if let Received::Rtp(_, payload) = r {
                Some(payload)
            } else {
                None
            }
        });
        media.take(count).collect()
    }

    fn speak(&mut self, n: u64) {
        let media = Media {
            ssrc: Ssrc(77),
            pt: OPUS,
            seq: Seq(n),
            timestamp: n as u32 * 960,
            marker: false,
            mid: "mic",
            rid: "",
            repaired: false,
            transport_cc: None,
            level: None,
            dependency: &[],
            payload: &[n as u8; 50],
        };
        let datagram = self.client.rtp(&media).unwrap();
        self.send(&datagram);
    }
}

fn on_air(relay: &Relay) {
    relay.tell_all(&Command::HallOpen(HALL));
    relay.tell_all(&Command::HallAir(HALL, Air::OnAir));
}

fn seat(relay: &Relay, peer: u32) {
    let (hall, seat) = (HALL, SeatId(1));
    relay.seat_assign(Assignment {
        hall,
        seat,
        peer: PeerId(peer),
        worker: 0,
        audio: Some(MICROPHONE),
        video: None,
        echo_group: 0,
    });
    relay.tell_all(&Command::SeatGate {
        hall,
        seat,
        audio: true,
        video: true,
    });
}

/// Events until one of them is `wanted`.
fn events_until(relay: &Relay, wanted: impl Fn(&Event) -> bool) -> Vec<Event> {
    let mut all = Vec::new();
    while !all.iter().any(&wanted) {
        assert!(
            udp::wait(&[relay.event_fd()], Some(PATIENCE)).unwrap(),
            "only {all:?}"
        );
        all.extend(relay.poll());
    }
    all
}

#[test]
fn audio_crosses_workers_and_address_families() {
    let v4 = IpAddr::V4(Ipv4Addr::LOCALHOST);
    let v6 = IpAddr::V6(Ipv6Addr::LOCALHOST);
    let relay = Relay::start(&[v4, v6], 0, 2).unwrap();
    on_air(&relay);
    let mut publisher = Guest::join(&relay, publisher(1), v4);
    let mut viewers: Vec<Guest> = (2..8)
        .map(|n| Guest::join(&relay, attendee(n, 1), if n % 2 == 0 { v4 } else { v6 }))
        .collect();
    let ports: std::collections::BTreeSet<u16> = viewers.iter().map(|v| v.relay.port()).collect();
    assert_eq!(ports.len(), 2, "peers are spread");
    seat(&relay, 1);
    // A reply proves that the seat is known before the packet is sent.
    assert_eq!(relay.seat_counters(HALL).len(), 1);
    for n in 1..=20 {
        publisher.speak(n);
        for viewer in &mut viewers {
            assert_eq!(viewer.media(1), [vec![n as u8; 50]]);
        }
    }
    let seats = relay.seat_counters(HALL);
    assert_eq!((seats[&1]["audio_in"], seats[&1]["audio_out"]), (20, 120));
    let metrics = relay.metrics();
    assert_eq!(
        (metrics["rtp_in"], metrics["peers"], metrics["halls"]),
        (20, 7, 1)
    );
    assert_eq!(relay.peer_counters(PeerId(2))["audio_out"], 20);
    assert!(relay.peer_counters(PeerId(99)).is_empty());
}

#[test]
fn a_worker_that_panics_is_named_and_rebuilt_and_the_others_go_on() {
    let v4 = IpAddr::V4(Ipv4Addr::LOCALHOST);
    let relay = Relay::start(&[v4], 0, 2).unwrap();
    on_air(&relay);
    let mut publisher = Guest::join(&relay, publisher(1), v4);
    let hurt = Guest::join(&relay, attendee(2, 1), v4);
    let mut bystander = Guest::join(&relay, attendee(3, 1), v4);
    assert_eq!(publisher.relay, bystander.relay);
    seat(&relay, 1);
    relay.panic_worker(1);
    let is_last = |e: &Event| *e == Event::Gone(PeerId(2), Gone::Worker);
    let events = events_until(&relay, is_last);
    assert!(
        events.contains(&Event::Panic(1, "asked to panic".into())),
        "{events:?}"
    );
    publisher.speak(1);
    assert_eq!(bystander.media(1).len(), 1);
    // Rebuilt once it answers, and by then it has taken what crossed to it.
    relay.seat_counters(HALL);

    // Whoever comes back finds the hall on air, on the same port.
    let mut back = Guest::join(&relay, attendee(4, 1), v4);
    assert_eq!(back.relay, hurt.relay);
    // Worker 0 has heard of the newcomer's interest once this has gone round.
    relay.seat_counters(HALL);
    publisher.speak(2);
    assert_eq!(back.media(1), [[2; 50]]);
    assert_eq!(bystander.media(1), [[2; 50]]);
}

#[test]
fn closing_frees_the_ports_and_may_be_repeated() {
    let v4 = IpAddr::V4(Ipv4Addr::LOCALHOST);
    let relay = Relay::start(&[v4], 0, 2).unwrap();
    let port = relay.ports()[0];
    assert!(Relay::start(&[v4], port, 1).is_err());
    relay.close();
    relay.close();
    let again = Relay::start(&[v4], port, 1).unwrap();
    assert_eq!(again.ports(), [port]);
}
