"""Runs the relay's fuzz targets: `make fuzz`, with libFuzzer, on the stable toolchain.

`fuzz.py [--seconds N] [--jobs N] [TARGET...]`. Each target runs for N seconds in all (default 20 minutes); the figures
are kept in build/fuzz.json, and a further run goes on where the last one stopped, unless the relay's sources have
changed. The corpus grows in build/fuzz/corpus, next to the committed seeds. A crash ends the run: its input lies in
build/fuzz/crashes, and the last lines say how to run it again.
"""

import argparse
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import time
from collections import deque
from pathlib import Path
from typing import Any

RELAY = Path("room_server/relay")
SEEDS, TARGETS = RELAY / "fuzz/seeds", RELAY / "fuzz/src/bin"
BUILD, RESULT = Path("build/fuzz"), Path("build/fuzz.json")
# What cargo-fuzz passes where it uses no sanitizer: edge counters, their table, and comparisons to steer by.
COVERAGE = [
    "-Cpasses=sancov-module",
    "-Cllvm-args=-sanitizer-coverage-level=4",
    "-Cllvm-args=-sanitizer-coverage-inline-8bit-counters",
    "-Cllvm-args=-sanitizer-coverage-pc-table",
    "-Cllvm-args=-sanitizer-coverage-trace-compares",
]
MAX_BYTES = 4096  # of one input: a few hundred operations, or two datagrams
MAX_RSS_MB = 512  # a body needs less than 100; more is growth
SLICE_SECONDS = 120  # after each the figures are saved, so that little is lost when the run is interrupted
INPUT_SECONDS = 10  # for one input; they take milliseconds

Figures = dict[str, Any]


def main() -> int:
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--seconds", type=int, default=1200)
    arguments.add_argument("--jobs", type=int, default=1)
    arguments.add_argument("targets", nargs="*")
    options = arguments.parse_args()
    if shutil.which("c++") is None:
        print("libFuzzer is built from C++: sudo apt install g++", file=sys.stderr)
        return 2
    known = sorted(path.stem for path in TARGETS.glob("*.rs"))
    if unknown := set(options.targets) - set(known):
        print(f"no target {', '.join(sorted(unknown))}; there are {', '.join(known)}", file=sys.stderr)
        return 2
    folder = build()
    results = resumed()
    crashed = run(folder, options.targets or known, results, options.seconds, options.jobs)
    print(table(results))
    if crashed is not None:
        print(explain(folder, *crashed), file=sys.stderr)
    return 1 if crashed else 0


def build() -> Path:
    """The folder of the targets. With `--target`, build scripts and macros are left without coverage."""
    host = next(line[6:] for line in output("rustc", "-vV").splitlines() if line.startswith("host: "))
    environment = {**os.environ, "RUSTFLAGS": " ".join(COVERAGE), "CARGO_TARGET_DIR": str((BUILD / "target").resolve())}
    command = ["cargo", "build", "--quiet", "--release", "--bins", "--target", host]
    subprocess.run([*command, "--manifest-path", RELAY / "fuzz/Cargo.toml"], env=environment, check=True)
    return BUILD / "target" / host / "release"


def output(*command: str) -> str:
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def resumed() -> dict[str, Figures]:
    """What earlier runs of the same sources have come to, by target."""
    sources = hashlib.sha256()
    for path in sorted(RELAY.glob("src/**/*.rs")):
        sources.update(path.read_bytes())
    kept: dict[str, Any] = json.loads(RESULT.read_text()) if RESULT.exists() else {}
    if kept.get("sources") != sources.hexdigest():
        kept = {"sources": sources.hexdigest(), "targets": {}}
    save(kept)
    results: dict[str, Figures] = kept["targets"]
    return results


def save(kept: dict[str, Any]) -> None:
    RESULT.parent.mkdir(exist_ok=True)
    RESULT.write_text(json.dumps(kept, indent=2) + "\n")


def run(
    folder: Path, targets: list[str], results: dict[str, Figures], seconds: int, jobs: int
) -> tuple[str, str] | None:
    """All targets in turns of a slice each, `jobs` at a time. The target that crashed and its log, if any."""
    waiting = deque(targets)
    running: dict[str, tuple[subprocess.Popen[bytes], float]] = {}
    try:
        while waiting or running:
            while waiting and len(running) < jobs:
                name = waiting.popleft()
                left = seconds - results.get(name, {}).get("seconds", 0)
                if left > 0:
                    running[name] = start(folder, name, min(left, SLICE_SECONDS)), time.monotonic()
            for name, (process, began) in list(running.items()):
                if process.poll() is None:
                    continue
                del running[name]
                log = log_of(name).read_text(errors="replace")
                if process.returncode:
                    return name, log
                results[name] = added(results.get(name, {}), log, round(time.monotonic() - began))
                save(json.loads(RESULT.read_text()) | {"targets": results})
                waiting.append(name)
            time.sleep(0.2)
    finally:
        for process, _ in running.values():
            process.terminate()
    return None


def start(folder: Path, name: str, seconds: int) -> subprocess.Popen[bytes]:
    corpus, crashes = BUILD / "corpus" / name, BUILD / "crashes"
    for path in (corpus, crashes, log_of(name).parent):
        path.mkdir(parents=True, exist_ok=True)
    options = [
        f"-max_total_time={seconds}", f"-max_len={MAX_BYTES}", f"-rss_limit_mb={MAX_RSS_MB}",
        f"-timeout={INPUT_SECONDS}", f"-artifact_prefix={crashes}/{name}-", "-print_final_stats=1", "-verbosity=1",
    ]  # fmt: skip
    with log_of(name).open("wb") as log:
        return subprocess.Popen([folder / name, corpus, SEEDS / name, *options], stdout=log, stderr=log)


def log_of(name: str) -> Path:
    return BUILD / "logs" / f"{name}.log"


def added(before: Figures, log: str, seconds: int) -> Figures:
    """The figures of one more slice, from libFuzzer's log."""

    def last(pattern: str) -> int:
        return int((re.findall(pattern, log) or ["0"])[-1])

    rss = last(r"peak_rss_mb:\s+(\d+)")
    return {
        "seconds": before.get("seconds", 0) + seconds,
        "executions": before.get("executions", 0) + last(r"number_of_executed_units:\s+(\d+)"),
        "coverage": last(r"cov: (\d+)"),
        "inputs": last(r"corp: (\d+)"),
        "peak_rss_mb": max(before.get("peak_rss_mb", 0), rss),
        # Of the first and of the newest slice: what grows shows here.
        "rss_mb": [before.get("rss_mb", [rss])[0], rss],
    }


def table(results: dict[str, Figures]) -> str:
    columns = ("seconds", "executions", "coverage", "inputs", "peak_rss_mb")
    lines = [f"{'target':12}" + "".join(f"{column:>14}" for column in columns)]
    lines += [f"{name:12}" + "".join(f"{row[c]:>14,}" for c in columns) for name, row in sorted(results.items())]
    return "\n".join(lines)


def explain(folder: Path, name: str, log: str) -> str:
    """What to do about a crash."""
    written = re.findall(r"Test unit written to (\S+)", log)
    panic = re.findall(r"panicked at .*(?:\n.*)?", log)
    lines = [f"{name} has crashed: {panic[-1] if panic else f'see {log_of(name)}'}"]
    if written:
        lines += [
            f"once more:          {folder / name} {written[-1]}",
            f"the smallest of it: {folder / name} -minimize_crash=1 -max_total_time=60 {written[-1]}",
            f"with the mend, copy it to {SEEDS / name}/ under a name that says what it does.",
        ]
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main())
