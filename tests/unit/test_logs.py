"""One line per fact, whoever writes it."""

import json
import logging
from collections.abc import Iterator

import pytest
import structlog

from room_server import logs


@pytest.fixture(autouse=True)
def restored() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = root.handlers, root.level
    yield
    root.handlers = handlers
    root.setLevel(level)
    structlog.reset_defaults()


def test_text_lines(capsys: pytest.CaptureFixture[str]) -> None:
    logs.configure("text", "info")
    structlog.get_logger("a").info("joined", town_hall="x1", note="two words", empty="")
    structlog.get_logger("a").debug("unseen")
    logging.getLogger("b").warning("%d left", 3)
    lines = [line.split(" ", 1)[1] for line in capsys.readouterr().err.splitlines()]
    assert lines == ["info    joined town_hall=x1 note='two words' empty=''", "warning 3 left"]


def test_json_lines(capsys: pytest.CaptureFixture[str]) -> None:
    logs.configure("json", "debug")
    structlog.get_logger("a").info("joined", town_hall="x1")
    try:
        raise ZeroDivisionError("boom")
    except ZeroDivisionError:
        logging.getLogger("b").exception("failed")
    first, second = map(json.loads, capsys.readouterr().err.splitlines())
    assert (first["event"], first["level"], first["town_hall"]) == ("joined", "info", "x1")
    assert (second["event"], second["exception"][0]["exc_type"]) == ("failed", "ZeroDivisionError")


def test_a_trace_follows_its_line(capsys: pytest.CaptureFixture[str]) -> None:
    logs.configure("text", "info")
    try:
        raise ZeroDivisionError("boom")
    except ZeroDivisionError:
        structlog.get_logger("a").exception("failed", route="/x")
    lines = capsys.readouterr().err.splitlines()
    assert lines[0].endswith("error   failed route=/x")
    assert lines[-1] == "ZeroDivisionError: boom"


def test_libraries_speak_only_when_something_is_wrong(capsys: pytest.CaptureFixture[str]) -> None:
    logs.configure("text", "debug")
    logging.getLogger("aioice.ice").info("checking")
    logging.getLogger("sqlalchemy.engine").warning("slow")
    assert "checking" not in (said := capsys.readouterr().err)
    assert "slow" in said
