//! What forwarding costs on this machine: a relay in this process, load from a second one, real
//! STUN, SRTP and UDP between them. Keys are installed directly instead of by DTLS.
//!
//! Prints a table and writes `build/bench.json` (or `$BENCH_OUT`). Takes about 45 seconds.

mod cases;
mod load;
mod report;

use std::process::ExitCode;

fn main() -> ExitCode {
    let outcome = match std::env::args().nth(1).as_deref() {
        // The second process is this program again.
        Some("load") => load::run(),
        None => cases::run_all(),
        Some(other) => Err(format!(
            "{other:?} is no argument of this program; it takes none"
        )),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            eprintln!("relay_bench: {message}");
            ExitCode::FAILURE
        }
    }
}
