"""Requests to come in that are under way, and what may overtake them."""

from dataclasses import dataclass
from typing import Final

from room_server.ids import LinkId

# Code and message of what a request may hear after it has waited.
REPLACED: Final = ("replaced", "Another page of yours has taken over.")
LINK_ENDED: Final = ("credential_invalid", "Your link has ended. Ask the host for a new one.")


@dataclass(slots=True)
class Entering:
    """One request; `refusal`: one of the above, where something has overtaken it."""

    link: LinkId
    refusal: tuple[str, str] | None = None
