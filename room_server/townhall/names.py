"""What people call themselves, made fit to be shown to everybody."""

import unicodedata

from room_server.errors import RoomError

# A name stands under a small picture and in a queue: longer ones could not be read there.
LONGEST_NAME = 60

# Control, format (zero-width characters, bidirectional overrides), surrogate, private and unassigned characters can
# make one name look like another, turn the text around it, or fail to be written down.
_STRIPPED = frozenset({"Cc", "Cf", "Cs", "Co", "Cn"})
_SPACES = frozenset({"Zs", "Zl", "Zp"})
# Letters by category, yet drawn as nothing: Hangul fillers and the empty Braille cell.
_BLANKS = frozenset("\u115f\u1160\u2800\u3164\uffa0")


def normalise_name(name: str) -> str:
    """NFC, visible characters only, single spaces; at most `LONGEST_NAME` code points.

    `RoomError`: malformed (nothing visible is left), too_long.
    """
    visible = "".join(map(_visible, unicodedata.normalize("NFC", name)))
    text = " ".join(visible.split())
    if not text:
        raise RoomError("malformed", "Give a name that others can read.")
    if len(text) > LONGEST_NAME:
        raise RoomError("too_long", f"Give a name of at most {LONGEST_NAME} characters.")
    return text


def _visible(character: str) -> str:
    category = unicodedata.category(character)
    if category in _SPACES or character in _BLANKS or character in "\t\n\r":
        return " "
    return "" if category in _STRIPPED else character
