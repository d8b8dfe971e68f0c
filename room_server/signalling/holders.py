"""Which page stands for whom: by the newest credential that each was given, as a hash."""

from room_server.ids import ParticipantId
from room_server.storage.database import secret_hash


class Holders:
    """One page per participant; a page whose credential has been followed by another holds nothing."""

    def __init__(self) -> None:
        self._tickets: dict[ParticipantId, str] = {}
        self._people: dict[str, ParticipantId] = {}

    def give(self, id: ParticipantId, credential: str) -> None:
        """The participant's page has been given this credential."""
        self.drop(id)
        ticket = self._tickets[id] = secret_hash(credential)
        self._people[ticket] = id

    def find(self, credential: str) -> tuple[ParticipantId, str] | None:
        """Whose page holds this credential, and its ticket."""
        ticket = secret_hash(credential)
        id = self._people.get(ticket)
        return None if id is None else (id, ticket)

    def drop(self, id: ParticipantId) -> None:
        """The participant has no page."""
        if ticket := self._tickets.pop(id, None):
            del self._people[ticket]
