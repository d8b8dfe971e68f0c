//! The load: publishers that send as browsers do, and subscribers with a socket each. Most
//! subscribers let the kernel drop what comes; one in fifty drains, decrypts and counts.

use crate::cases;
use _relay::client::{Client, Media, Received, vp8_payload};
use _relay::ids::{Pt, Seq, Ssrc};
use _relay::net::udp::{self, Outgoing};
use _relay::rtp::Level;
use _relay::srtp::Profile;
use std::collections::BTreeMap;
use std::io::BufRead;
use std::net::{Ipv4Addr, SocketAddr, UdpSocket};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

/// One sink in this many drains.
const DRAINS: usize = 50;

/// How long a check may take before it is repeated, and how often it is.
const CHECK: (Duration, usize) = (Duration::from_secs(1), 10);

/// After the last packet: until what is under way has come.
const SETTLE: Duration = Duration::from_millis(300);

struct Plan {
    relay: SocketAddr,
    subscribers: u32,
    publishers: u32,
    profile: Profile,
    frames: u32,
    packets: u32,
    payload: usize,
    audio: u32,
    seconds: u32,
}

/// Follow the plan on standard input; the parent process speaks the other side.
pub fn run() -> Result<(), String> {
    let mut lines = std::io::stdin().lock().lines().map_while(Result::ok);
    let plan = Plan::parse(&lines.next().unwrap_or_default()).ok_or("not a plan")?;
    let mut publishers = (1..=plan.publishers)
        .map(|n| Guest::join(&plan, n))
        .collect::<Result<Vec<_>, _>>()?;
    let mut sinks = Vec::new();
    let mut dropping = Vec::new();
    for (index, number) in (plan.publishers + 1..=plan.publishers + plan.subscribers).enumerate() {
        let guest = Guest::join(&plan, number)?;
        if index % DRAINS == 0 {
            sinks.push(guest);
        } else {
            udp::drop_all(&guest.socket).map_err(|e| e.to_string())?;
            dropping.push(guest);
        }
    }
    println!("ready");
    if lines.next().as_deref() != Some("go") {
        return Err("not told to go".into());
    }
    let stop = Arc::new(AtomicBool::new(false));
    let drains: Vec<_> = sinks
        .into_iter()
        .map(|guest| drain(guest, stop.clone()))
        .collect();
    publish(&plan, &mut publishers)?;
    thread::sleep(SETTLE);
    stop.store(true, Ordering::Release);
    let (mut received, mut missing) = (0, 0);
    for drain in drains {
        let (got, gaps) = drain.join().map_err(|_| "a sink failed")??;
        received += got;
        missing += gaps;
    }
    println!("done {received} {missing}");
    Ok(())
}

impl Plan {
    fn parse(line: &str) -> Option<Plan> {
        let words = line
            .split_whitespace()
            .map(|w| w.parse::<u32>().ok())
            .collect::<Option<Vec<_>>>()?;
        let [
            port,
            subscribers,
            publishers,
            profile,
            frames,
            packets,
            payload,
            audio,
            seconds,
        ] = words[..]
        else {
            return None;
        };
        Some(Plan {
            relay: SocketAddr::from((Ipv4Addr::LOCALHOST, u16::try_from(port).ok()?)),
            subscribers,
            publishers,
            profile: *Profile::ALL.get(profile as usize)?,
            frames,
            packets,
            payload: payload as usize,
            audio,
            seconds,
        })
    }
}

struct Guest {
    number: u32,
    client: Client,
    socket: UdpSocket,
    relay: SocketAddr,
    seqs: BTreeMap<u32, u64>,
    transport_cc: u16,
}

impl Guest {
    /// A socket, a check, its answer.
    fn join(plan: &Plan, number: u32) -> Result<Guest, String> {
        let spec = cases::spec(number, plan.publishers);
        let (tx, rx) = cases::keys(plan.profile, number);
        let client = Client::new(&spec, plan.profile, &tx, &rx).ok_or("keys do not fit")?;
        let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).map_err(|e| e.to_string())?;
        socket
            .set_read_timeout(Some(CHECK.0))
            .map_err(|e| e.to_string())?;
        let mut guest = Guest {
            number,
            client,
            socket,
            relay: plan.relay,
            seqs: BTreeMap::new(),
            transport_cc: 0,
        };
        for _ in 0..CHECK.1 {
            let check = guest.client.check(true);
            guest
                .socket
                .send_to(&check, plan.relay)
                .map_err(|e| e.to_string())?;
            if matches!(guest.receive(), Some(Received::Stun)) {
                return Ok(guest);
            }
        }
        Err(format!("the relay did not answer peer {number}"))
    }

    fn receive(&mut self) -> Option<Received> {
        let mut buf = [0; 2048];
        let (len, _) = self.socket.recv_from(&mut buf).ok()?;
        self.client.receive(buf.get(..len)?.to_vec()).ok()
    }

    /// Protected packets of one frame or one audio packet.
    fn packets(&mut self, pt: Pt, timestamp: u32, payloads: &[Vec<u8>]) -> Option<Vec<Vec<u8>>> {
        let ssrc = self.number * 64 + 40 + u32::from(pt.0 & 1);
        let mut datagrams = Vec::with_capacity(payloads.len());
        for (index, payload) in payloads.iter().enumerate() {
            let seq = self.seqs.entry(ssrc).or_insert(0);
            *seq += 1;
            self.transport_cc = self.transport_cc.wrapping_add(1);
            let audio = pt == Pt(111);
            datagrams.push(self.client.rtp(&Media {
                ssrc: Ssrc(ssrc),
                pt,
                seq: Seq(*seq),
                timestamp,
                marker: index + 1 == payloads.len(),
                mid: if audio { "0" } else { "1" },
                rid: "",
                repaired: false,
                transport_cc: Some(self.transport_cc),
                level: audio.then_some(Level {
                    dbov: 30,
                    voice: true,
                }),
                dependency: &[],
                payload,
            })?);
        }
        Some(datagrams)
    }

    fn send(&self, datagrams: &[Vec<u8>]) -> Result<(), String> {
        let out = |bytes| Outgoing {
            to: self.relay,
            bytes,
            segment: None,
        };
        let messages: Vec<_> = datagrams.iter().map(|d| out(d.as_slice())).collect();
        let sent = udp::send(&self.socket, &messages).map_err(|e| e.to_string())?;
        if sent == messages.len() {
            Ok(())
        } else {
            Err("the load's own socket is full".into())
        }
    }
}

/// What is due when, as (time since the start, publisher, whether it is video, its number).
fn publish(plan: &Plan, publishers: &mut [Guest]) -> Result<(), String> {
    let length = Duration::from_secs(u64::from(plan.seconds));
    let mut due = Vec::new();
    for publisher in 0..publishers.len() {
        // Publishers are not in step with each other.
        let offset = Duration::from_micros(1_700 * publisher as u64);
        for (rate, video) in [(plan.frames, true), (plan.audio, false)] {
            for n in 0..rate * plan.seconds {
                due.push((
                    offset + length * n / (rate * plan.seconds),
                    publisher,
                    video,
                    n,
                ));
            }
        }
    }
    due.sort_unstable();
    let start = now();
    let mut checks = Duration::from_secs(2);
    for (at, publisher, video, n) in due {
        thread::sleep(at.saturating_sub(now().duration_since(start)));
        let Some(guest) = publishers.get_mut(publisher) else {
            continue;
        };
        let datagrams = if video {
            // A keyframe a second, as viewers come and go.
            let key = n % plan.frames == 0;
            let payloads: Vec<_> = (0..plan.packets)
                .map(|i| vp8_payload(i == 0, key, n as u16 & 0x7fff, plan.payload))
                .collect();
            guest.packets(Pt(96), n * (90_000 / plan.frames), &payloads)
        } else {
            guest.packets(
                Pt(111),
                n * (48_000 / plan.audio),
                &[vec![7; plan.payload.min(120)]],
            )
        };
        guest.send(&datagrams.ok_or("the load could not encrypt")?)?;
        if at > checks {
            checks += Duration::from_secs(2);
            let check = guest.client.check(true);
            guest.send(&[check])?;
        }
    }
    thread::sleep(length.saturating_sub(now().duration_since(start)));
    Ok(())
}

/// Receive, decrypt, count packets and what is missing between them.
fn drain(
    mut guest: Guest,
    stop: Arc<AtomicBool>,
) -> thread::JoinHandle<Result<(u64, u64), String>> {
    thread::spawn(move || {
        let wait = Duration::from_millis(100);
        guest
            .socket
            .set_read_timeout(Some(wait))
            .map_err(|e| e.to_string())?;
        let (mut received, mut spans) = (0u64, BTreeMap::new());
        let mut buf = [0; 2048];
        while !stop.load(Ordering::Acquire) {
            let Ok((len, _)) = guest.socket.recv_from(&mut buf) else {
                continue;
            };
            let datagram = buf.get(..len).unwrap_or_default().to_vec();
            let got = guest
                .client
                .receive(datagram)
                .map_err(|e| format!("a sink got a packet: {e:?}"))?;
            if let Received::Rtp(header, _) = got {
                received += 1;
                let seq = u64::from(header.seq);
                let (_, last) = spans.entry(header.ssrc).or_insert((seq, seq));
                *last = seq.max(*last);
            }
        }
        let expected: u64 = spans.values().map(|(first, last)| last - first + 1).sum();
        Ok((received, expected.saturating_sub(received)))
    })
}

#[allow(
    clippy::disallowed_methods,
    reason = "a load generator lives by the clock"
)]
fn now() -> Instant {
    Instant::now()
}
