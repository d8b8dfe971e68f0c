"""The table of permissions."""

import pytest

from room_server.townhall.commands import COMMANDS, allowed
from room_server.townhall.roles import PERMISSIONS, STAFF, Permission, Role, is_staff, permissions_of

EVERYBODY = {"rename", "leave"}
AUDIENCE = EVERYBODY | {"raise_hand", "lower_hand", "accept", "decline", "leave_stage", "set_media"}
SPEAKERS = AUDIENCE | {"take_seat"}
MODERATORS = SPEAKERS | {"invite", "uninvite", "remove_from_stage", "mute", "remove"}
HOSTS = MODERATORS | {"start", "close"}


@pytest.mark.parametrize(
    ("role", "commands"),
    [
        (Role.ADMINISTRATOR, HOSTS),
        (Role.HOST, HOSTS),
        (Role.MODERATOR, MODERATORS),
        (Role.SPEAKER, SPEAKERS),
        (Role.INTERPRETER, SPEAKERS),
        (Role.CAPTIONER, AUDIENCE),
        (Role.OPERATOR, AUDIENCE),
        (Role.ATTENDEE, AUDIENCE),
        (Role.OBSERVER, EVERYBODY),
    ],
)
def test_what_each_role_may_send(role: Role, commands: set[str]) -> None:
    assert set(allowed(permissions_of([role]))) == commands


def test_roles_add_up() -> None:
    assert permissions_of([Role.OBSERVER, Role.SPEAKER]) == PERMISSIONS[Role.SPEAKER]
    assert permissions_of([]) == frozenset()


def test_only_attendees_and_observers_are_no_staff() -> None:
    assert {role for role in Role if not is_staff([role])} == {Role.ATTENDEE, Role.OBSERVER}
    assert is_staff([Role.ATTENDEE, Role.CAPTIONER])
    assert set(PERMISSIONS) >= STAFF


def test_every_permission_is_needed_by_a_command() -> None:
    assert {command.needs for command in COMMANDS} == set(Permission)
