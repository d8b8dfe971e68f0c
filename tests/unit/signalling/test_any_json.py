"""Any JSON value as a request: understood and done, or one refusal that leaves the town hall as it was."""

import json
import string
from collections.abc import Callable
from functools import partial
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from room_server.errors import RoomError
from room_server.ids import ParticipantId
from room_server.signalling.requests import Join, Restart, Resume, View, read_command, read_media
from room_server.townhall import commands as c
from room_server.townhall.roles import Role
from tests.unit.townhall.build import ANNA, BELA, HOST, MODERATOR, SPEAKER, Hall, arrival

UNREADABLE = {"malformed", "unknown_command", "too_long"}
REFUSED = {
    "forbidden", "no_such_participant", "stage_full", "not_invited", "already_on_stage", "not_on_stage", "wrong_phase",
    "screen_taken", "too_long", "malformed", "needs_https", "not_joined",
}  # fmt: skip
LONGEST_MESSAGE = 300
WATCHER = ParticipantId("administrator")

scalars = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=70)
values = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=9), inner, max_size=4)
)
types = st.sampled_from([c.type_of(command) for command in c.COMMANDS] + ["join", "resume", "restart", "view"])
# The fields that any request has, with what they take, nearly what they take, and anything else.
likely: dict[str, st.SearchStrategy[Any]] = {
    "participant": st.sampled_from([HOST, MODERATOR, SPEAKER, ANNA, BELA, WATCHER, "nobody", "", "x" * 65]),
    "kind": st.sampled_from(["microphone", "camera", "screen", "everything", ""]),
    "microphone": st.none() | st.booleans(),
    "camera": st.none() | st.booleans(),
    "screen": st.none() | st.booleans(),
    "name": st.text(max_size=70),
    "credential": st.text(string.ascii_letters + " \n", max_size=40),
    "revision": st.integers(-2, 2**70),
    "offer": st.text(max_size=30),
    "publish": st.dictionaries(st.sampled_from(["microphone", "camera", "other"]), scalars, max_size=2),
    "slots": st.lists(st.fixed_dictionaries({"mid": scalars, "seat": scalars}), max_size=66) | scalars,
}
requests = st.one_of(
    st.fixed_dictionaries({"type": types}, optional=likely),
    st.fixed_dictionaries({"type": types}, optional={name: values for name in likely}),
    st.builds(lambda request, extra: request | extra, st.fixed_dictionaries({"type": types}, optional=likely),
              st.dictionaries(st.text(max_size=9), values, max_size=2)),
    values,
)  # fmt: skip


@settings(max_examples=250, deadline=None)
@given(payload=requests)
def test_a_request_is_read_or_refused(payload: object) -> None:
    for read, shapes in ((read_command, (Join, Resume, c.Command)), (read_media, (Restart, View))):
        request = attempted(read, payload)
        assert isinstance(request, shapes) or refusal_of(request) in UNREADABLE


@settings(max_examples=100, deadline=None)
@given(asked=st.lists(st.tuples(st.sampled_from([HOST, MODERATOR, SPEAKER, ANNA, BELA]), requests), max_size=12))
def test_a_refused_request_changes_nothing(asked: list[tuple[ParticipantId, object]]) -> None:
    hall = Hall()
    hall.town_hall.join(arrival(WATCHER, Role.ADMINISTRATOR))
    for by, payload in asked:
        before, revision = hall.view(WATCHER), hall.town_hall.revision
        request = attempted(read_command, payload)
        # To join and to resume are a connection's business, not the town hall's.
        done = attempted(partial(hall.do, by), request) if isinstance(request, c.Command) else request
        if isinstance(done, RoomError):
            assert refusal_of(done) in UNREADABLE | REFUSED
            assert (hall.view(WATCHER), hall.town_hall.revision) == (before, revision)


def attempted(change: Callable[[Any], object], value: object) -> object:
    """What comes of it, be it a refusal; the value as it comes out of a socket."""
    try:
        return change(json.loads(json.dumps(value)) if not isinstance(value, c.Command) else value)
    except RoomError as refusal:
        return refusal


def refusal_of(outcome: object) -> str:
    """The code of a refusal that a person can read."""
    assert isinstance(outcome, RoomError)
    assert 0 < len(outcome.as_ack()["message"]) < LONGEST_MESSAGE
    return outcome.code
