"""What is handed out: an installed server holds no sources of the relay, a source distribution can be built."""

import os
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

from room_server.config import Settings

ROOT = Path(__file__).parents[2]
SOURCES = "room_server/relay/"


def made(directory: Path, *command: str) -> Path:
    """The one file that maturin puts there."""
    tools = Path(sys.executable).parent
    # As `make native` sets it: otherwise cargo takes it for another build.
    environment = {**os.environ, "VIRTUAL_ENV": str(tools.parent), "PATH": f"{tools}:{os.environ['PATH']}"}
    done = subprocess.run(
        [tools / "maturin", *command, "--out", directory],
        cwd=ROOT, env=environment, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    (file,) = directory.iterdir()
    return file


# A second after `make native`, which `make test` has run; minutes where the relay has changed since.
@pytest.mark.timeout(300)
def test_a_wheel_holds_the_server_built(tmp_path: Path) -> None:
    with zipfile.ZipFile(made(tmp_path, "build", "--release")) as wheel:
        names = wheel.namelist()
    assert {"room_server/_relay.abi3.so", "room_server/_relay.pyi", "room_server/app.py"} <= set(names)
    assert any(name.startswith("room_server/storage/migrations/versions/") for name in names)
    assert [name for name in names if name.startswith(SOURCES)] == []
    # Nothing loose in site-packages.
    assert {name.split("/")[0].split("-")[0] for name in names} == {"room_server"}


def test_a_source_distribution_can_be_built(tmp_path: Path) -> None:
    with tarfile.open(made(tmp_path, "sdist")) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
    assert {"pyproject.toml", SOURCES + "Cargo.toml", SOURCES + "Cargo.lock", SOURCES + "src/lib.rs"} <= names


def test_a_checkout_finds_its_pages() -> None:
    assert (Settings().web_dir / "join" / "index.html").is_file()
