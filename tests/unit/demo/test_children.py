"""Supervision of real processes."""

import asyncio
import sys
from pathlib import Path

import pytest

from room_server.demo import children
from room_server.demo.children import Child


class Said(list[str]):
    """Lines as they come, and a way to wait for one."""

    def __init__(self) -> None:
        super().__init__()
        self._news = asyncio.Event()

    def __call__(self, line: str) -> None:
        self.append(line)
        self._news.set()

    async def until(self, text: str, times: int = 1) -> None:
        async with asyncio.timeout(30):
            while sum(text in line for line in self) < times:
                self._news.clear()
                await self._news.wait()


@pytest.fixture
def said() -> Said:
    return Said()


@pytest.fixture
def child(tmp_path: Path, said: Said, monkeypatch: pytest.MonkeyPatch) -> "Maker":
    monkeypatch.setattr(children, "_FIRST_PAUSE", 0.01)
    return Maker(tmp_path, said)


class Maker:
    """Children that run a given piece of Python."""

    def __init__(self, directory: Path, said: Said) -> None:
        self._directory = directory
        self._said = said

    def __call__(self, source: str, *, finishes: bool = False) -> Child:
        (self._directory / "played.py").write_text(source)
        environment = {"PYTHONPATH": str(self._directory), "GREETING": "mhoro"}
        return Child("played", ["played"], environment, self._said, finishes=finishes)


async def test_its_lines_are_shown_and_it_is_started_again(child: Maker, said: Said) -> None:
    played = child("import os, sys; print(os.environ['GREETING']); sys.exit(1)")
    played.start()
    await said.until("played: mhoro", times=3)
    await played.stop()
    assert said[1] == "played ended (exit code 1); starting it again in 0 s"


async def test_one_that_has_done_its_part_is_left_alone(child: Maker, said: Said) -> None:
    played = child("print('goodbye')", finishes=True)
    played.start()
    async with asyncio.timeout(30):
        await played.finished.wait()
    await played.stop()
    assert list(said) == ["played: goodbye"]


async def test_a_killed_one_comes_back(child: Maker, said: Said) -> None:
    played = child("import os, signal; print('up', flush=True); os.kill(os.getpid(), signal.SIGKILL)")
    played.start()
    await said.until("played: up", times=2)
    await played.stop()
    assert "played ended (signal 9); starting it again in 0 s" in said


async def test_one_that_is_wrongly_configured_is_left_alone(child: Maker, said: Said) -> None:
    played = child("import sys; print('port taken'); sys.exit(2)")
    played.start()
    async with asyncio.timeout(30):
        await played.fatal.wait()
    await played.stop()
    assert list(said) == ["played: port taken"]


async def test_stopping_is_polite_first(child: Maker, said: Said, tmp_path: Path) -> None:
    source = (
        "import pathlib, signal, sys\n"
        "def leave(*_): pathlib.Path(__file__).with_name('left').touch(); sys.exit(0)\n"
        "signal.signal(signal.SIGTERM, leave); print('up', flush=True); signal.pause()"
    )
    played = child(source)
    played.start()
    await said.until("up")
    await played.stop()
    await played.stop()
    assert (tmp_path / "left").exists()


async def test_stopping_is_firm_in_the_end(child: Maker, said: Said, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(children, "_STOP_PATIENCE", 0.1)
    played = child(
        "import signal\n"
        "signal.signal(signal.SIGTERM, signal.SIG_IGN); print('up', flush=True)\n"
        "while True: signal.pause()"
    )
    played.start()
    await said.until("up")
    async with asyncio.timeout(5):
        await played.stop()
    assert played._process is not None
    assert played._process.returncode == -9


def test_children_run_this_python() -> None:
    assert Child("a", ["b"], {})._command == [sys.executable, "-m", "b"]
