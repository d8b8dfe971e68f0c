"""What the rest of the house asks of storage. Secrets come in as text and are kept as SHA-256 only."""

from collections.abc import Mapping, Sequence
from typing import Protocol

import msgspec

from room_server.ids import LinkId, ParticipantId, TownHallId


class TownHallRecord(msgspec.Struct, frozen=True):
    """A town hall as scheduled. `phase`: scheduled, backstage, live, closed. Times: seconds since 1970.

    `video_codec`: vp8, h264, vp9, av1.
    """

    id: TownHallId
    title: str
    phase: str
    language: str
    seats: int
    capacity: int
    starts_at: float | None
    created_at: float
    video_codec: str = "vp8"


class Person(msgspec.Struct, frozen=True):
    """Whom a credential stands for. `speaks`: came by HTTPS or from this machine, so may publish."""

    participant: ParticipantId
    town_hall: TownHallId
    link: LinkId
    roles: frozenset[str]
    name: str
    speaks: bool


class TownHalls(Protocol):
    """Town halls that outlive the process."""

    async def town_hall(self, id: TownHallId) -> TownHallRecord | None: ...

    async def town_halls(self) -> Sequence[TownHallRecord]: ...

    async def set_phase(self, id: TownHallId, phase: str) -> None: ...


class States(Protocol):
    """What happens in running town halls, for the next process: values by key, written by `townhall.kept`."""

    async def unfinished(self) -> Sequence[TownHallId]:
        """The town halls of which something is kept."""

    async def state(self, id: TownHallId) -> Mapping[str, str]:
        """All that is kept of one."""

    async def keep(self, id: TownHallId, values: Mapping[str, str | None]) -> None:
        """Replace these values, None: forget it; all of them or none."""

    async def drop_state(self, id: TownHallId) -> None:
        """Keep nothing of it any more."""


class Credentials(Protocol):
    """Personal, random, rotating credentials, each bound to one participant."""

    async def redeem(self, credential: str) -> tuple[Person, str]:
        """The person and the next credential. The old one stays valid until the next is first used, so that a lost
        answer locks nobody out. `RoomError`: credential_invalid, removed."""

    async def rename(self, names: Mapping[ParticipantId, str]) -> None:
        """What these people call themselves from now on."""

    async def revoke(self, participant: ParticipantId) -> None:
        """Removed from the town hall: no credential of theirs works again, and their link's device is refused."""
