"""File sizes: over 400 lines needs a reason in the table, over 600 fails. Run by `make test`."""

import subprocess
import sys
from pathlib import Path

REASON_OVER = 400
FAIL_OVER = 600
SUFFIXES = {".py", ".rs", ".js", ".ts", ".html", ".css"}

# path -> why it may hold more than 400 lines
REASONS: dict[str, str] = {
    "web/shared/protocol.d.ts": "generated",
}


def main() -> int:
    listed = subprocess.run(["git", "ls-files", "-z"], check=True, capture_output=True, text=True).stdout.split("\0")
    bad = []
    for name in filter(None, listed):
        path = Path(name)
        if path.suffix not in SUFFIXES or not path.is_file():
            continue
        lines = path.read_bytes().count(b"\n")
        if lines > FAIL_OVER and REASONS.get(name) != "generated":
            bad.append(f"{name}: {lines} lines, more than {FAIL_OVER}: split it")
        elif lines > REASON_OVER and name not in REASONS:
            bad.append(f"{name}: {lines} lines, more than {REASON_OVER}: split it, or give the reason in .ci/sizes.py")
    print("\n".join(bad) or "file sizes: all within bounds")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
