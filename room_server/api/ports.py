"""What HTTP may ask of running town halls; implemented by `signalling.halls.Halls`, handed to `api` by `app`."""

from typing import Any, Protocol

from room_server.ids import LinkId, TownHallId


class LiveTownHalls(Protocol):
    """The town halls that run in this process."""

    async def open(self, id: TownHallId) -> None:
        """scheduled -> backstage. `RoomError`: town_hall_unknown, wrong_phase."""

    async def close(self, id: TownHallId) -> None:
        """any -> closed: people are told, their media ends within 500 ms."""

    async def forget(self, id: TownHallId) -> None:
        """Deleted: everyone out, nothing kept."""

    async def revoke_link(self, id: TownHallId, link: LinkId) -> None:
        """Whoever came by this link is out at once."""

    def page_closed(self, credential: str) -> None:
        """The page that holds this credential is being closed; unknown ones mean nothing."""

    async def call_reports(self, id: TownHallId) -> list[dict[str, Any]]:
        """What became of everybody's connection, as API.md says; empty for one that does not run."""

    def people(self, id: TownHallId) -> int:
        """How many take part now; 0 for one that does not run."""
