"""Names that everybody sees."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from room_server.errors import RoomError
from room_server.townhall.names import LONGEST_NAME, normalise_name


@pytest.mark.parametrize(
    ("given_name", "shown"),
    [
        ("  Tendai   Moyo ", "Tendai Moyo"),
        ("Zoe\u0308", "Zoë"),
        ("Ann\u200ba\u202e", "Anna"),
        ("a\x00b\x07c", "abc"),
        ("a\nb\tc", "a b c"),
        ("x\ud800y", "xy"),
        ("नमस्ते", "नमस्ते"),
        ("王小明", "王小明"),
        ("x" * LONGEST_NAME, "x" * LONGEST_NAME),
    ],
)
def test_name_as_shown(given_name: str, shown: str) -> None:
    assert normalise_name(given_name) == shown


@pytest.mark.parametrize("empty", ["", "   ", "\u200b\u200d", "\u3164\u2800", "\x00"])
def test_a_name_that_cannot_be_seen(empty: str) -> None:
    with pytest.raises(RoomError) as refusal:
        normalise_name(empty)
    assert refusal.value.code == "malformed"


def test_length_counts_code_points() -> None:
    assert len(normalise_name("\U0001f600" * LONGEST_NAME)) == LONGEST_NAME
    with pytest.raises(RoomError) as refusal:
        normalise_name("\U0001f600" * (LONGEST_NAME + 1))
    assert refusal.value.code == "too_long"


@given(st.text(st.characters(), max_size=80))
def test_a_normalised_name_is_stable_and_can_be_written_down(text: str) -> None:
    try:
        name = normalise_name(text)
    except RoomError:
        return
    assert normalise_name(name) == name
    assert 1 <= len(name) <= LONGEST_NAME
    assert name.encode().decode() == name
