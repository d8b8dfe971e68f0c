//! The table on standard output and the JSON file.

use crate::cases::Case;
use std::fmt::Write;
use std::path::PathBuf;
use std::process::Command;
use std::{env, fs};

/// What one case came to.
#[derive(Clone, Copy, Debug)]
pub struct Figures {
    pub mean_k: f64,
    pub us_per_packet: f64,
    pub packets_per_second: f64,
    pub loss: f64,
    /// Only where nothing is sent.
    pub kb_per_subscriber: Option<f64>,
    pub packets: u64,
    /// Datagrams that the kernel would not take.
    pub send_failed: u64,
    /// Datagrams that came while the relay's receive buffer was full.
    pub kernel_drops: u64,
}

/// The table.
pub fn print(all: &[(Case, Figures)]) {
    println!("{}, {} cores", processor(), cores());
    println!(
        "{:<30} {:>5} {:>4} {:>6} {:>7} {:>9} {:>10} {:>8} {:>7}",
        "case", "subs", "pubs", "bytes", "mean k", "us/packet", "packets/s", "loss", "kB/sub"
    );
    for (case, f) in all {
        let forwards = f.packets > 0;
        let shown = |value: f64, places: usize| {
            if forwards {
                format!("{value:.places$}")
            } else {
                "-".into()
            }
        };
        println!(
            "{:<30} {:>5} {:>4} {:>6} {:>7} {:>9} {:>10.0} {:>8} {:>7}",
            case.name,
            case.subscribers,
            case.publishers,
            case.payload,
            shown(f.mean_k, 2),
            shown(f.us_per_packet, 2),
            f.packets_per_second,
            shown(f.loss, 5),
            f.kb_per_subscriber
                .map_or_else(|| "-".into(), |kb| format!("{kb:.1}")),
        );
        if f.send_failed + f.kernel_drops > 0 {
            println!(
                "{:<30} {} datagrams not sent, {} not received by the relay",
                "", f.send_failed, f.kernel_drops
            );
        }
    }
}

/// `build/bench.json`, or where `BENCH_OUT` says.
pub fn write(all: &[(Case, Figures)]) -> Result<(), String> {
    let path = PathBuf::from(env::var_os("BENCH_OUT").unwrap_or_else(|| "build/bench.json".into()));
    if let Some(directory) = path.parent() {
        fs::create_dir_all(directory).map_err(|e| format!("{}: {e}", directory.display()))?;
    }
    fs::write(&path, json(all)).map_err(|e| format!("{}: {e}", path.display()))?;
    println!("{}", path.display());
    Ok(())
}

fn json(all: &[(Case, Figures)]) -> String {
    let mut text = format!(
        "{{\n  \"machine\": {{\"processor\": {:?}, \"cores\": {}}},\n  \"commit\": {:?},\n  \"cases\": [",
        processor(),
        cores(),
        commit()
    );
    for (index, (case, f)) in all.iter().enumerate() {
        let comma = if index == 0 { "" } else { "," };
        let live = |value: f64| {
            if f.packets > 0 {
                format!("{value:.4}")
            } else {
                "null".into()
            }
        };
        // Writing to a String cannot fail.
        let _ = write!(
            text,
            "{comma}\n    {{\"name\": {:?}, \"subscribers\": {}, \"publishers\": {}, \"payload\": {}, \"cipher\": {:?}, \
             \"mean_k\": {}, \"us_per_packet\": {}, \"packets_per_second\": {:.0}, \"loss\": {}, \
             \"kB_per_subscriber\": {}}}",
            case.name,
            case.subscribers,
            case.publishers,
            case.payload,
            case.profile.name(),
            live(f.mean_k),
            live(f.us_per_packet),
            f.packets_per_second,
            live(f.loss),
            f.kb_per_subscriber
                .map_or_else(|| "null".into(), |kb| format!("{kb:.2}")),
        );
    }
    text + "\n  ]\n}\n"
}

fn processor() -> String {
    let text = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = text
        .lines()
        .find_map(|l| l.strip_prefix("model name")?.split_once(": "));
    model.map_or_else(
        || env::consts::ARCH.to_owned(),
        |(_, name)| name.trim().to_owned(),
    )
}

fn cores() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}

fn commit() -> String {
    let output = Command::new("git")
        .args(["describe", "--always", "--dirty"])
        .output();
    let text = output
        .ok()
        .filter(|o| o.status.success())
        .map(|o| String::from_utf8_lossy(&o.stdout).trim().to_owned());
    text.unwrap_or_else(|| "unknown".to_owned())
}
