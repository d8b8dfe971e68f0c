"""The committed TypeScript is what the server speaks."""

from pathlib import Path

import pytest

from room_server.signalling import schema
from room_server.townhall.commands import COMMANDS, type_of
from room_server.townhall.event import EVENTS


def test_the_committed_file_is_up_to_date() -> None:
    assert schema.TARGET.read_text(encoding="utf-8") == schema.Schema().render()


def test_it_holds_every_command_and_event() -> None:
    text = schema.Schema().render()
    for value in (*COMMANDS, *EVENTS):
        assert f'{{ type: "{type_of(value)}"' in text
    assert '{ type: "set_media"; microphone?: boolean; camera?: boolean; screen?: boolean }' in text
    assert "participant: Participant | null;" in text
    assert "events?: TownHallEvent[];" in text


def test_check_tells_a_file_that_is_out_of_date(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(schema, "TARGET", tmp_path / "protocol.d.ts")
    assert schema.main(["--check"]) == 1
    assert "--write" in capsys.readouterr().err
    assert schema.main(["--write"]) == 0
    assert schema.main(["--check"]) == 0
    schema.TARGET.write_text("export {};\n")
    assert schema.main(["--check"]) == 1
