"""What a page may send, and how it becomes a value."""

from collections.abc import Mapping
from typing import Annotated, Any, Literal

import msgspec

from room_server.errors import RoomError
from room_server.quality import Quality
from room_server.session.plane import SlotView
from room_server.townhall.commands import COMMANDS, AnyCommand, NameText, type_of

# The largest page's offer, with 16 seats and every extension a browser may add, is below 64 kB.
_Offer = Annotated[str, msgspec.Meta(max_length=512 * 1024)]
_Mid = Annotated[str, msgspec.Meta(min_length=1, max_length=64)]
_Credential = Annotated[str, msgspec.Meta(min_length=16, max_length=128, pattern=r"\A[A-Za-z0-9._~-]+\Z")]
# As many slots as an offer may have m-sections.
_Slots = Annotated[tuple[SlotView, ...], msgspec.Meta(max_length=64)]


class Publish(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Which m-section of the offer carries what."""

    microphone: _Mid | None = None
    camera: _Mid | None = None
    screen: _Mid | None = None

    def as_mapping(self) -> dict[Literal["microphone", "camera", "screen"], str]:
        """The uses that were named."""
        named = {"microphone": self.microphone, "camera": self.camera, "screen": self.screen}
        return {use: mid for use, mid in named.items() if mid is not None}  # type: ignore[misc]  # mypy takes the keys for plain text


class Join(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="type", tag="join"):
    """Come in as a new page."""

    credential: _Credential
    name: NameText
    offer: _Offer | None = None
    publish: Publish = Publish()
    slots: Annotated[int, msgspec.Meta(ge=0, le=64)] | None = None


class Resume(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="type", tag="resume"):
    """Come back after a lost connection; `revision` is the newest that was seen."""

    credential: _Credential
    revision: Annotated[int, msgspec.Meta(ge=0)]
    offer: _Offer | None = None
    publish: Publish = Publish()


class Restart(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="type", tag="restart"):
    """Restart ICE."""

    offer: _Offer


class View(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="type", tag="view"):
    """Change what slots show."""

    slots: _Slots


CommandRequest = Join | Resume | AnyCommand
MediaRequest = Restart | View | Quality

_TYPES = {
    "command": {"join", "resume", *(type_of(command) for command in COMMANDS)},
    "media": {"restart", "view", "quality"},
}


def read_command(payload: object) -> CommandRequest:
    """`RoomError`: malformed, unknown_command, too_long."""
    request: CommandRequest = _read("command", payload, CommandRequest)
    return request


def read_media(payload: object) -> MediaRequest:
    """`RoomError`: malformed, unknown_command, too_long."""
    request: MediaRequest = _read("media", payload, MediaRequest)
    return request


def _read(event: str, payload: object, shape: Any) -> Any:
    type_ = payload.get("type") if isinstance(payload, Mapping) else None
    if not isinstance(type_, str):
        raise RoomError("malformed", "Send one object with a type.")
    if type_ not in _TYPES[event]:
        raise RoomError("unknown_command", "This server does not know that command; reload the page.")
    try:
        request = msgspec.convert(payload, type=shape)
    except msgspec.ValidationError as error:
        if "of length <=" in str(error):
            raise RoomError("too_long", "One of the values is too long; shorten it.") from None
        # The reason may repeat what was sent, whatever its length.
        raise RoomError("malformed", f"That is not a valid {type_}: {error!s:.200}.") from None
    if not _is_text(getattr(request, "offer", None)):
        raise RoomError("malformed", f"That is not a valid {type_}: the offer is not text.")
    return request


def _is_text(value: str | None) -> bool:
    """Whether it can be written as UTF-8: JSON can carry lone surrogates, which nothing below expects."""
    try:
        (value or "").encode()
    except UnicodeEncodeError:
        return False
    return True
