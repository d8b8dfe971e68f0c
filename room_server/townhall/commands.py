"""What people may ask of a town hall: frozen values, each declaring the right it needs and when it makes sense.

A new command is a class here, its name in `COMMANDS`, and a row in `registry`.
"""

from typing import Annotated, ClassVar, get_args

import msgspec

from room_server.ids import ParticipantId
from room_server.townhall.roles import Permission
from room_server.townhall.values import Kind, Phase

ParticipantRef = Annotated[ParticipantId, msgspec.Meta(max_length=64)]
# Longer than any name may be (names.LONGEST_NAME), since what cannot be seen is stripped before it is measured.
NameText = Annotated[str, msgspec.Meta(max_length=400)]

_ALWAYS: frozenset[Phase] = frozenset(get_args(Phase))
_BEFORE_CLOSE: frozenset[Phase] = _ALWAYS - {"closed"}
_STAGE_OPEN: frozenset[Phase] = frozenset({"backstage", "live"})


class Command(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="type"):
    """Root of all commands."""

    needs: ClassVar[Permission] = Permission.TAKE_PART
    phases: ClassVar[frozenset[Phase]] = _BEFORE_CLOSE


class Start(Command, frozen=True, tag="start"):
    """The stage goes on air."""

    needs: ClassVar[Permission] = Permission.RUN
    phases: ClassVar[frozenset[Phase]] = frozenset({"scheduled", "backstage"})


class Close(Command, frozen=True, tag="close"):
    """The end: the stage is emptied and nobody comes in any more."""

    needs: ClassVar[Permission] = Permission.RUN


class Invite(Command, frozen=True, tag="invite"):
    """Offer a seat; it is kept free until the invitation ends."""

    participant: ParticipantRef
    needs: ClassVar[Permission] = Permission.MODERATE_STAGE
    phases: ClassVar[frozenset[Phase]] = _STAGE_OPEN


class Uninvite(Command, frozen=True, tag="uninvite"):
    """Take an invitation back."""

    participant: ParticipantRef
    needs: ClassVar[Permission] = Permission.MODERATE_STAGE


class Accept(Command, frozen=True, tag="accept"):
    """Take the seat one was invited to."""

    needs: ClassVar[Permission] = Permission.SPEAK
    phases: ClassVar[frozenset[Phase]] = _STAGE_OPEN


class Decline(Command, frozen=True, tag="decline"):
    """Refuse the seat; the hand goes down with it."""

    needs: ClassVar[Permission] = Permission.SPEAK


class TakeSeat(Command, frozen=True, tag="take_seat"):
    """Go on stage by right."""

    needs: ClassVar[Permission] = Permission.TAKE_SEAT
    phases: ClassVar[frozenset[Phase]] = _STAGE_OPEN


class LeaveStage(Command, frozen=True, tag="leave_stage"):
    """Free one's own seat."""

    needs: ClassVar[Permission] = Permission.SPEAK


class RemoveFromStage(Command, frozen=True, tag="remove_from_stage"):
    """Free another's seat; they stay in the town hall."""

    participant: ParticipantRef
    needs: ClassVar[Permission] = Permission.MODERATE_STAGE


class Mute(Command, frozen=True, tag="mute"):
    """Shut another's microphone, camera or screen; only the owner opens it again."""

    participant: ParticipantRef
    kind: Kind
    needs: ClassVar[Permission] = Permission.MODERATE_STAGE


class SetMedia(Command, frozen=True, tag="set_media"):
    """Open or shut one's own; what is absent stays as it is."""

    microphone: bool | None = None
    camera: bool | None = None
    screen: bool | None = None
    needs: ClassVar[Permission] = Permission.SPEAK


class RaiseHand(Command, frozen=True, tag="raise_hand"):
    """Ask for the word; raising it again keeps the place."""

    needs: ClassVar[Permission] = Permission.SPEAK


class LowerHand(Command, frozen=True, tag="lower_hand"):
    """Lower one's own hand, or `participant`'s (which needs the right to moderate the stage)."""

    participant: ParticipantRef | None = None
    needs: ClassVar[Permission] = Permission.SPEAK


class Rename(Command, frozen=True, tag="rename"):
    """Be called something else."""

    name: NameText
    phases: ClassVar[frozenset[Phase]] = _ALWAYS


class Remove(Command, frozen=True, tag="remove"):
    """Put somebody out of the town hall."""

    participant: ParticipantRef
    needs: ClassVar[Permission] = Permission.REMOVE_PEOPLE
    phases: ClassVar[frozenset[Phase]] = _ALWAYS


class Leave(Command, frozen=True, tag="leave"):
    """Go, at once."""

    phases: ClassVar[frozenset[Phase]] = _ALWAYS


AnyCommand = (
    Start
    | Close
    | Invite
    | Uninvite
    | Accept
    | Decline
    | TakeSeat
    | LeaveStage
    | RemoveFromStage
    | Mute
    | SetMedia
    | RaiseHand
    | LowerHand
    | Rename
    | Remove
    | Leave
)
COMMANDS: tuple[type[Command], ...] = get_args(AnyCommand)


def type_of(value: type[msgspec.Struct]) -> str:
    """The `type` that a command or event carries on the wire."""
    return str(value.__struct_config__.tag)


def allowed(permissions: frozenset[Permission]) -> tuple[str, ...]:
    """The command types that these permissions cover, in the order of the table."""
    return tuple(type_of(command) for command in COMMANDS if command.needs in permissions)
