"""Town halls and people for tests, and the reducer that a staff page would have."""

from typing import Any

import msgspec
import pytest

from room_server.errors import RoomError
from room_server.ids import LinkId, ParticipantId, TownHallId
from room_server.townhall.commands import AnyCommand
from room_server.townhall.event import Recorded
from room_server.townhall.participant import Arrival
from room_server.townhall.roles import Role
from room_server.townhall.state import Settings
from room_server.townhall.townhall import Applied, TownHall
from room_server.townhall.values import Phase, Pictures

NOW = 1_700_000_000.0
HOST, MODERATOR, SPEAKER, ANNA, BELA, WATCHER = map(
    ParticipantId, ("host", "moderator", "speaker", "anna", "bela", "watcher")
)
ROLES = {
    HOST: Role.HOST,
    MODERATOR: Role.MODERATOR,
    SPEAKER: Role.SPEAKER,
    ANNA: Role.ATTENDEE,
    BELA: Role.ATTENDEE,
    WATCHER: Role.OBSERVER,
}


def arrival(
    id: ParticipantId, *roles: Role, name: str = "", speaks: bool = True, pictures: Pictures | None = None
) -> Arrival:
    """Somebody at the door; without `roles` those that `ROLES` gives them."""
    roles_or_own = frozenset(roles or (ROLES[id],))
    return Arrival(id, name or id.title(), roles_or_own, LinkId(f"link of {id}"), speaks, pictures=pictures)


class Hall:
    """A town hall with a clock of its own."""

    def __init__(self, phase: Phase = "live", *, seats: int = 3, capacity: int = 50, people: bool = True) -> None:
        settings = Settings(TownHallId("t"), "Budget", "en", seats, capacity, None)
        self.town_hall = TownHall(settings, phase, revision=1000)
        self.now = NOW
        for id in ROLES if people else ():
            self.town_hall.join(arrival(id))

    def do(self, by: ParticipantId, command: AnyCommand) -> Applied:
        """Somebody asks for something."""
        return self.town_hall.apply(command, by, self.now)

    def wait(self, seconds: float) -> Applied:
        """Time passes."""
        self.now += seconds
        return self.town_hall.tick(self.now)

    def view(self, by: ParticipantId = HOST) -> dict[str, Any]:
        """What somebody sees now, as it goes over the wire."""
        view: dict[str, Any] = wire(self.town_hall.snapshot(by, self.now))
        return view

    def on_stage(self) -> dict[int, str]:
        """Who sits where."""
        return {seat.number: seat.occupant for seat in self.town_hall.seats if seat.occupant}


def wire(value: msgspec.Struct) -> Any:
    """What a page decodes."""
    return msgspec.json.decode(msgspec.json.encode(value))


def refused(hall: Hall, by: str, command: AnyCommand) -> str:
    """The code that a command is refused with; the town hall is what it was."""
    before, revision = hall.view(), hall.town_hall.revision
    with pytest.raises(RoomError) as refusal:
        hall.do(ParticipantId(by), command)
    assert (hall.view(), hall.town_hall.revision) == (before, revision)
    return refusal.value.code


def types(applied: Applied) -> list[str]:
    """The wire types of what has happened."""
    return [wire(recorded.event)["type"] for recorded in applied.events]


def fold(view: dict[str, Any], recorded: Recorded) -> None:
    """Bring a staff snapshot up to date with one event, as PROTOCOL.md says a page does."""
    event = wire(recorded.event)
    match event["type"]:
        case "phase":
            view["phase"] = event["phase"]
        case "joined":
            view["participants"].append(event["participant"])
            view["audience"] += 1
        case "left":
            view["participants"] = [p for p in view["participants"] if p["id"] != event["participant"]]
            view["audience"] -= 1
        case "presence" | "renamed":
            field = {"presence": "presence", "renamed": "name"}[event["type"]]
            for person in _appearances(view, event["participant"]):
                person[field] = event[field]
        case "roles" if "permissions" not in event:
            for person in _appearances(view, event["participant"]["id"]):
                person.update(event["participant"]) if "id" in person else None
        case "roles":
            pass  # to oneself
        case "hands":
            view["hands"] = event["hands"]
        case "invited":
            view["invitations"] = _without(view["invitations"], event["participant"])
            view["invitations"].append({"participant": event["participant"], "expires": event["expires"]})
        case "invitation_ended":
            view["invitations"] = _without(view["invitations"], event["participant"])
        case "seats":
            view.update({name: event[name] for name in ("stage", "screen", "screen_codec")})


def _appearances(view: dict[str, Any], id: str) -> list[dict[str, Any]]:
    people = [*view["participants"], *(seat["participant"] for seat in view["stage"] if seat["participant"])]
    hands = [hand for hand in view["hands"] if hand["participant"] == id]
    return [person for person in people if person["id"] == id] + hands


def _without(rows: list[dict[str, Any]], id: str) -> list[dict[str, Any]]:
    return [row for row in rows if row["participant"] != id]
