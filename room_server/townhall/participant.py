"""A person in a town hall."""

from dataclasses import dataclass
from typing import Self

import msgspec

from room_server.ids import LinkId, ParticipantId
from room_server.townhall.names import normalise_name
from room_server.townhall.roles import Permission, Role, is_staff, permissions_of
from room_server.townhall.values import ParticipantView, Pictures, Presence

NO_PICTURES = Pictures()


class Arrival(msgspec.Struct, frozen=True):
    """Who comes in; `speaks`: their page came in a way that lets it capture sound and picture.

    `ticket`: what their page holds; one that was closed gives its place back to whoever shows the same.
    `pictures` None: their transport, if there is one, is the one they had.
    """

    id: ParticipantId
    name: str
    roles: frozenset[Role]
    link: LinkId
    speaks: bool = True
    ticket: str = ""
    pictures: Pictures | None = None

    def named(self) -> Self:
        """The same with a normalised name. `RoomError`: malformed, too_long."""
        return msgspec.structs.replace(self, name=normalise_name(self.name))


@dataclass(slots=True)
class Participant:
    """Somebody who takes part, or left so recently that their place is kept."""

    id: ParticipantId
    name: str
    roles: frozenset[Role]
    link: LinkId
    speaks: bool
    presence: Presence = "here"
    pictures: Pictures = NO_PICTURES

    @property
    def staff(self) -> bool:
        """Whether staff events are for them."""
        return is_staff(self.roles)

    @property
    def permissions(self) -> frozenset[Permission]:
        """What they may do now."""
        return permissions_of(self.roles)

    def view(self) -> ParticipantView:
        """As others see them."""
        roles = tuple(role for role in Role if role in self.roles)
        return ParticipantView(id=self.id, name=self.name, roles=roles, presence=self.presence)
