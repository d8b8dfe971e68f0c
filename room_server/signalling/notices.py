"""Events without a revision: about the moment or about one connection, so nobody needs them twice."""

from typing import get_args

import msgspec


class Notice(msgspec.Struct, frozen=True, tag_field="type"):
    """Root of all notices."""


class AudienceCount(Notice, frozen=True, tag="audience"):
    """How many take part."""

    count: int


class MyHand(Notice, frozen=True, tag="my_hand"):
    """One's place in the queue, from 1."""

    position: int | None


class Speaker(Notice, frozen=True, tag="speaker"):
    """The seat that is heard most; 0: nobody."""

    seat: int


class MediaState(Notice, frozen=True, tag="media_state"):
    """Whether the relay hears this participant."""

    connected: bool


class Rejoin(Notice, frozen=True, tag="rejoin"):
    """The transport is no more: resume with a new offer."""

    reason: str


class Removed(Notice, frozen=True, tag="removed"):
    """Put out of the town hall."""


class Replaced(Notice, frozen=True, tag="replaced"):
    """Another page of the same person has taken over."""


class Restarting(Notice, frozen=True, tag="restarting"):
    """The server stops; it is expected back in so many seconds."""

    seconds: int


AnyNotice = AudienceCount | MyHand | Speaker | MediaState | Rejoin | Removed | Replaced | Restarting
NOTICES: tuple[type[Notice], ...] = get_args(AnyNotice)
