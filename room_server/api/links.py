"""From the link to the personal credential, and a closed page's goodbye, as PROTOCOL.md says."""

from typing import Annotated, Any

import structlog
from aiohttp import web
from msgspec import Meta

from room_server.api.ports import LiveTownHalls
from room_server.api.replies import Form, HttpsOnly, decode, reply
from room_server.api.security import Security
from room_server.api.throttle import Throttle
from room_server.config import Limits
from room_server.errors import RoomError
from room_server.network import CLIENT
from room_server.storage.links import LinkStore, Opening
from room_server.townhall.roles import Role, is_staff

_log = structlog.get_logger(__name__)


class Exchange(Form, frozen=True):
    token: Annotated[str, Meta(min_length=1, max_length=200)]
    # A device id must not be guessable: it opens a personal link.
    device: Annotated[str, Meta(min_length=16, max_length=200)]


class Goodbye(Form, frozen=True):
    credential: Annotated[str, Meta(min_length=1, max_length=200)]


class LinksApi:
    """The one door for everybody who takes part."""

    def __init__(self, links: LinkStore, live: LiveTownHalls, security: Security, limits: Limits) -> None:
        self._links = links
        self._live = live
        self._security = security
        self._throttle = Throttle(rate=limits.exchange_rate, burst=limits.exchange_burst, patience=limits.exchange_wait)
        self._open = True

    def routes(self) -> list[web.RouteDef]:
        return [web.post("/api/exchange", self._exchange), web.post("/api/goodbye", self._goodbye)]

    def stop(self) -> None:
        """The server is stopping: nobody new comes in."""
        self._open = False

    async def _goodbye(self, request: web.Request) -> web.Response:
        """Costs a look into a table in memory, and tells nobody whether there was such a page."""
        self._live.page_closed((await decode(request, Goodbye)).credential)
        return web.Response(status=204)

    async def _exchange(self, request: web.Request) -> web.Response:
        form = await decode(request, Exchange)
        client = request[CLIENT]
        await self._throttle.turn(client.network)
        if not self._open:
            raise RoomError("restarting", "The server restarts. Try again in a few seconds.", status=503)
        opening = await self._links.find(form.token, form.device)
        speaks = client.secure or client.local
        https = f"{self._security.https_base(request)}/j#{form.token}"
        if not speaks and is_staff(Role(role) for role in opening.link.roles):
            raise HttpsOnly("link_needs_https", "This link works over HTTPS only. Open its HTTPS address.", https)
        self._admissible(opening)
        person, credential = await self._links.admit(opening.link, form.device, speaks=speaks)
        _log.info("link_exchanged", town_hall=person.town_hall, participant=person.participant, network=client.logged)
        answer: dict[str, Any] = {
            "credential": credential,
            "town_hall": {
                name: getattr(opening.town_hall, name)
                for name in ("id", "title", "phase", "starts_at", "language", "seats", "video_codec")
            },
            "roles": [role for role in Role if role in person.roles],
            "name": person.name,
            "speaks": speaks,
        }
        return reply(answer if speaks else {**answer, "https": https})

    def _admissible(self, opening: Opening) -> None:
        """Staff may come in when it is full, to let people out."""
        hall = opening.town_hall
        if hall.phase == "closed":
            raise RoomError("town_hall_closed", "This town hall is over. Thank you for coming.", status=410)
        staff = is_staff(Role(role) for role in opening.link.roles)
        if not staff and not opening.known and self._live.people(hall.id) >= hall.capacity:
            raise RoomError("town_hall_full", "This town hall is full. Try again in a few minutes.", status=409)
