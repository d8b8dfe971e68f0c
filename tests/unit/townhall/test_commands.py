"""The tables that hold commands and events together."""

import msgspec
import pytest

from room_server.townhall.commands import COMMANDS, AnyCommand, type_of
from room_server.townhall.event import EVENTS
from room_server.townhall.registry import HANDLERS


def test_every_command_has_its_row() -> None:
    assert set(HANDLERS) == set(COMMANDS)


def test_types_are_unique() -> None:
    for table in (COMMANDS, EVENTS):
        assert len({type_of(value) for value in table}) == len(table)


def test_every_event_declares_who_may_see_it() -> None:
    assert all("audiences" in event.__dict__ or event.audiences for event in EVENTS)
    assert [type_of(event) for event in EVENTS if len(event.audiences) > 1] == ["presence", "renamed", "roles"]


@pytest.mark.parametrize(
    "payload",
    [
        {"type": "start", "extra": 1},
        {"type": "invite"},
        {"type": "invite", "participant": 7},
        {"type": "invite", "participant": "x" * 65},
        {"type": "mute", "participant": "x", "kind": "speaker"},
        {"type": "set_media", "microphone": "yes"},
        {"type": "rename", "name": "x" * 401},
        {"type": "shout"},
        {},
    ],
)
def test_bad_payloads_become_no_command(payload: dict[str, object]) -> None:
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert(payload, AnyCommand)


def test_commands_cannot_be_changed() -> None:
    command = msgspec.convert({"type": "invite", "participant": "x"}, AnyCommand)
    with pytest.raises(AttributeError):
        command.participant = "y"
