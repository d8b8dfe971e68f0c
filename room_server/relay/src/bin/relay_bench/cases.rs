//! The cases, and the relay's side of each: open the peers, let the load run, take the figures.

use crate::report::{self, Figures};
use _relay::client::keying;
use _relay::command::{Air, Assignment, Command, Secret};
use _relay::forward::packet::Codec;
use _relay::ids::{HallId, Kind, PeerId, Pt, SeatId, Ssrc};
use _relay::net::relay::Relay;
use _relay::rtp::ExtensionIds;
use _relay::spec::{CodecMap, Feedback, PeerSpec, SendSection, SlotSection};
use _relay::srtp::Profile;
use std::collections::BTreeMap;
use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::net::{IpAddr, Ipv4Addr};
use std::process::{Child, ChildStdin, ChildStdout, Stdio};

const HALL: HallId = HallId(1);

/// What one case measures.
#[derive(Clone, Debug)]
pub struct Case {
    pub name: &'static str,
    pub subscribers: u32,
    pub publishers: u32,
    pub profile: Profile,
    /// Video frames per second, packets per frame, bytes per payload; no video if the rate is 0.
    pub frames: u32,
    pub packets: u32,
    pub payload: usize,
    /// Audio packets per second and publisher.
    pub audio: u32,
    pub seconds: u32,
}

const LIVE: Case = Case {
    name: "live k=10",
    subscribers: 200,
    publishers: 1,
    profile: Profile::AeadAes128Gcm,
    frames: 50,
    packets: 10,
    payload: 1150,
    audio: 50,
    seconds: 7,
};

/// All of them. Memory first, while the process has none to reuse.
const CASES: [Case; 5] = [
    Case {
        name: "idle",
        subscribers: 1000,
        frames: 0,
        packets: 0,
        payload: 0,
        audio: 0,
        seconds: 2,
        ..LIVE
    },
    LIVE,
    Case {
        name: "live k=4",
        frames: 125,
        packets: 4,
        ..LIVE
    },
    Case {
        name: "live k=10, browsers' cipher",
        profile: Profile::AeadAes256Gcm,
        ..LIVE
    },
    Case {
        name: "audio, 3 speakers",
        publishers: 3,
        frames: 0,
        packets: 0,
        payload: 120,
        ..LIVE
    },
];

/// Run every case and report.
pub fn run_all() -> Result<(), String> {
    let mut all = Vec::new();
    for case in &CASES {
        eprintln!("{} ...", case.name);
        all.push((case.clone(), run(case)?));
    }
    report::print(&all);
    report::write(&all)
}

fn run(case: &Case) -> Result<Figures, String> {
    let address = IpAddr::V4(Ipv4Addr::LOCALHOST);
    let relay = Relay::start(&[address], 0, 1).map_err(|e| e.to_string())?;
    relay.tell_all(&Command::HallOpen(HALL));
    relay.tell_all(&Command::HallAir(HALL, Air::OnAir));
    let resident = resident_kb()?;
    open_peers(&relay, case)?;
    let mut load = Load::start(case, relay.ports().first().copied().unwrap_or(0))?;
    load.expect("ready")?;
    let idle_kb = resident_kb()?.saturating_sub(resident);

    let (before, cpu_before) = (relay.metrics(), cpu_nanos()?);
    load.tell("go")?;
    let said = load.expect("done")?;
    let (after, cpu_after) = (relay.metrics(), cpu_nanos()?);
    relay.poll();
    relay.close();

    let delta =
        |name: &str| after.get(name).copied().unwrap_or(0) - before.get(name).copied().unwrap_or(0);
    let (received, missing) = parse_done(&said)?;
    let packets = delta("rtp_out");
    Ok(Figures {
        mean_k: ratio(packets, delta("messages")),
        us_per_packet: ratio(cpu_after - cpu_before, packets) / 1000.0,
        packets_per_second: packets as f64 / f64::from(case.seconds),
        loss: ratio(missing, received + missing),
        kb_per_subscriber: (case.audio == 0).then(|| idle_kb as f64 / f64::from(case.subscribers)),
        packets,
        send_failed: delta("drop_send_failed"),
        kernel_drops: delta("kernel_drops"),
    })
}

fn open_peers(relay: &Relay, case: &Case) -> Result<(), String> {
    for number in 1..=case.publishers + case.subscribers {
        let spec = spec(number, case.publishers);
        let peer = spec.peer;
        relay.peer_open(spec)?;
        let (rx, tx) = keys(case.profile, number);
        relay.tell(
            peer,
            Command::PeerKeys {
                peer,
                profile: case.profile,
                rx: Secret(rx),
                tx: Secret(tx),
            },
        );
    }
    for number in 1..=case.publishers {
        let seat = SeatId(number as u16);
        let (audio, video) = (Some(0), Some(1));
        let peer = PeerId(number);
        relay.seat_assign(Assignment {
            hall: HALL,
            seat,
            peer,
            worker: 0,
            audio,
            video,
            echo_group: 0,
        });
        relay.tell_all(&Command::SeatGate {
            hall: HALL,
            seat,
            audio: true,
            video: true,
        });
    }
    Ok(())
}

/// Key and salt of what peer `number` sends and of what it receives.
pub fn keys(profile: Profile, number: u32) -> (Vec<u8>, Vec<u8>) {
    (keying(profile, number * 2), keying(profile, number * 2 + 1))
}

/// Peer `number`: the first ones publish, the others have an audio slot for each publisher and one video slot.
pub fn spec(number: u32, publishers: u32) -> PeerSpec {
    let is_publisher = number <= publishers;
    let send = |index: u8, kind| SendSection {
        index,
        mid: index.to_string(),
        kind,
        rids: vec![],
        feedback: Feedback::TransportCc,
        ssrcs: vec![],
    };
    let slot = |index: u32, kind, seat: u32| SlotSection {
        index: index as u8,
        mid: index.to_string(),
        kind,
        ssrc: Ssrc(number * 64 + index * 2),
        rtx_ssrc: (kind == Kind::Video).then_some(Ssrc(number * 64 + index * 2 + 1)),
        seat: SeatId(seat as u16),
        cname: format!("seat{seat}"),
    };
    let audio = (0..publishers).map(|n| slot(10 + n, Kind::Audio, n + 1));
    let slots = audio.chain([slot(9, Kind::Video, 1)]);
    PeerSpec {
        peer: PeerId(number),
        hall: HALL,
        ufrag: format!("uf{number:06}"),
        pwd: format!("password-of-22-characters-{number}"),
        remote_ufrag: "load".into(),
        staff: false,
        echo_group: 0,
        extensions: ExtensionIds {
            mid: 4,
            rid: 10,
            rrid: 11,
            audio_level: 1,
            abs_send_time: 2,
            transport_cc: 3,
            dependency_descriptor: 0,
        },
        two_byte: false,
        codecs: vec![
            CodecMap {
                codec: Codec::Opus,
                pt: Pt(111),
                rtx: None,
            },
            CodecMap {
                codec: Codec::Vp8,
                pt: Pt(96),
                rtx: Some(Pt(97)),
            },
        ],
        sends: if is_publisher {
            vec![send(0, Kind::Audio), send(1, Kind::Video)]
        } else {
            vec![]
        },
        slots: if is_publisher {
            vec![]
        } else {
            slots.collect()
        },
    }
}

/// The second process.
struct Load {
    child: Child,
    stdin: ChildStdin,
    stdout: BufReader<ChildStdout>,
}

impl Load {
    fn start(case: &Case, port: u16) -> Result<Load, String> {
        let program = std::env::current_exe().map_err(|e| e.to_string())?;
        let mut command = std::process::Command::new(program);
        command
            .arg("load")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped());
        let mut child = command.spawn().map_err(|e| e.to_string())?;
        let (Some(stdin), Some(stdout)) = (child.stdin.take(), child.stdout.take()) else {
            return Err("no pipes to the load generator".into());
        };
        let mut load = Load {
            child,
            stdin,
            stdout: BufReader::new(stdout),
        };
        let words = [
            u64::from(port),
            u64::from(case.subscribers),
            u64::from(case.publishers),
            Profile::ALL
                .iter()
                .position(|p| *p == case.profile)
                .unwrap_or(0) as u64,
            u64::from(case.frames),
            u64::from(case.packets),
            case.payload as u64,
            u64::from(case.audio),
            u64::from(case.seconds),
        ];
        load.tell(&words.map(|w| w.to_string()).join(" "))?;
        Ok(load)
    }

    fn tell(&mut self, line: &str) -> Result<(), String> {
        writeln!(self.stdin, "{line}")
            .and_then(|()| self.stdin.flush())
            .map_err(|e| e.to_string())
    }

    /// The next line, which begins with `word`.
    fn expect(&mut self, word: &str) -> Result<String, String> {
        let mut line = String::new();
        self.stdout
            .read_line(&mut line)
            .map_err(|e| e.to_string())?;
        if line.starts_with(word) {
            Ok(line)
        } else {
            Err(format!("load generator said {line:?}, not {word:?}"))
        }
    }
}

impl Drop for Load {
    fn drop(&mut self) {
        // It ends by itself after "done"; after an error it may not.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// "done RECEIVED MISSING": what the draining sinks got and what was missing between.
fn parse_done(line: &str) -> Result<(u64, u64), String> {
    let words: Vec<u64> = line
        .split_whitespace()
        .filter_map(|w| w.parse().ok())
        .collect();
    match words.as_slice() {
        [received, missing] => Ok((*received, *missing)),
        _ => Err(format!("load generator said {line:?}")),
    }
}

fn ratio(a: u64, b: u64) -> f64 {
    a as f64 / b.max(1) as f64
}

/// User and system time of all threads of this process.
fn cpu_nanos() -> Result<u64, String> {
    let mut sum = 0;
    for task in fs::read_dir("/proc/self/task")
        .map_err(|e| e.to_string())?
        .flatten()
    {
        let text = fs::read_to_string(task.path().join("schedstat")).unwrap_or_default();
        sum += text
            .split_whitespace()
            .next()
            .and_then(|w| w.parse::<u64>().ok())
            .unwrap_or(0);
    }
    Ok(sum)
}

fn resident_kb() -> Result<u64, String> {
    let status = fs::read_to_string("/proc/self/status").map_err(|e| e.to_string())?;
    let fields: BTreeMap<&str, &str> = status.lines().filter_map(|l| l.split_once(':')).collect();
    let text = fields
        .get("VmRSS")
        .and_then(|v| v.split_whitespace().next());
    text.and_then(|v| v.parse().ok())
        .ok_or_else(|| "no VmRSS in /proc/self/status".into())
}
