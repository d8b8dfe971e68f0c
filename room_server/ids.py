"""Newtypes for the identifiers that must not be mixed up, and how they are made."""

import secrets
from typing import NewType

TownHallId = NewType("TownHallId", str)
ParticipantId = NewType("ParticipantId", str)
LinkId = NewType("LinkId", str)
AccountId = NewType("AccountId", str)

# 60 bits: unguessable enough for a name that is never a secret, short enough to read out.
_ID_BYTES = 9
# 192 bits: links and credentials are secrets.
_SECRET_BYTES = 24


def new_id() -> str:
    """A short random URL-safe id; wrap it in its NewType."""
    return secrets.token_urlsafe(_ID_BYTES)


def new_secret() -> str:
    """A random URL-safe token, stored only as a hash."""
    return secrets.token_urlsafe(_SECRET_BYTES)
