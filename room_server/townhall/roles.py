"""Who may do what: roles, permissions, and the one table from the first to the second."""

from collections.abc import Iterable
from enum import StrEnum, auto


class Role(StrEnum):
    """What a person is in one town hall; a person has a set of them."""

    ADMINISTRATOR = auto()
    HOST = auto()
    MODERATOR = auto()
    SPEAKER = auto()
    INTERPRETER = auto()
    CAPTIONER = auto()
    OPERATOR = auto()
    ATTENDEE = auto()
    OBSERVER = auto()


class Permission(StrEnum):
    """What a command may need."""

    TAKE_PART = auto()
    SPEAK = auto()
    """Ask for the word, be invited, be on stage."""
    TAKE_SEAT = auto()
    """Go on stage without an invitation."""
    MODERATE_STAGE = auto()
    """Invite, mute, free a seat, lower a hand."""
    REMOVE_PEOPLE = auto()
    RUN = auto()
    """Start and close; remove whoever runs the town hall."""


_EVERYBODY = frozenset({Permission.TAKE_PART})
_PARTICIPANT = _EVERYBODY | {Permission.SPEAK}
_ON_STAGE = _PARTICIPANT | {Permission.TAKE_SEAT}
_MODERATOR = _ON_STAGE | {Permission.MODERATE_STAGE, Permission.REMOVE_PEOPLE}
_HOST = _MODERATOR | {Permission.RUN}

PERMISSIONS: dict[Role, frozenset[Permission]] = {
    Role.ADMINISTRATOR: _HOST,
    Role.HOST: _HOST,
    Role.MODERATOR: _MODERATOR,
    Role.SPEAKER: _ON_STAGE,
    Role.INTERPRETER: _ON_STAGE,
    Role.CAPTIONER: _PARTICIPANT,
    Role.OPERATOR: _PARTICIPANT,
    Role.ATTENDEE: _PARTICIPANT,
    Role.OBSERVER: _EVERYBODY,
}

STAFF = frozenset(Role) - {Role.ATTENDEE, Role.OBSERVER}
"""Who hears backstage and sees who takes part."""


def permissions_of(roles: Iterable[Role]) -> frozenset[Permission]:
    """Everything that a set of roles allows together."""
    return frozenset().union(*(PERMISSIONS[role] for role in roles))


def is_staff(roles: Iterable[Role]) -> bool:
    """Whether at least one of the roles is a staff role."""
    return not STAFF.isdisjoint(roles)
