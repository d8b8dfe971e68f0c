"""Town halls and their links, for administrators: create, list, open, close, delete; create, list, rotate, revoke."""

import time
from collections.abc import Callable
from typing import Annotated, Any

import structlog
from aiohttp import web
from msgspec import UNSET, Meta, UnsetType

from room_server import config
from room_server.api.accounts import Accounts
from room_server.api.ports import LiveTownHalls
from room_server.api.replies import Form, decode, reply
from room_server.api.security import Security
from room_server.errors import RoomError
from room_server.ids import LinkId, TownHallId
from room_server.storage.links import Link, LinkStore
from room_server.storage.store import TownHallRecord
from room_server.storage.town_halls import TownHallStore
from room_server.townhall.names import normalise_name
from room_server.townhall.roles import Role, is_staff
from room_server.townhall.values import VideoCodec

_log = structlog.get_logger(__name__)
Title = Annotated[str, Meta(min_length=1, max_length=200)]
# The year 2000 to the year 2200: anything else is milliseconds or a mistake.
Time = Annotated[float, Meta(ge=946_684_800, le=7_258_118_400)]


class NewTownHall(Form, frozen=True):
    title: Title
    language: config.Language | UnsetType = UNSET
    seats: config.Seats | UnsetType = UNSET
    capacity: config.Capacity | UnsetType = UNSET
    video_codec: VideoCodec | UnsetType = UNSET
    starts_at: Time | None = None


class NewLink(Form, frozen=True):
    roles: Annotated[list[Role], Meta(min_length=1, max_length=len(Role))]
    name: Annotated[str, Meta(max_length=200)] = ""
    expires_at: Time | None = None


class TownHallsApi:
    """Routes below /api/town-halls."""

    def __init__(
        self,
        *,
        town_halls: TownHallStore,
        links: LinkStore,
        live: LiveTownHalls,
        accounts: Accounts,
        security: Security,
        defaults: config.TownHall,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._town_halls = town_halls
        self._links = links
        self._live = live
        self._accounts = accounts
        self._security = security
        self._defaults = defaults
        self._clock = clock

    def routes(self) -> list[web.RouteDef]:
        one, links = "/api/town-halls/{id}", "/api/town-halls/{id}/links"
        return [
            web.get("/api/town-halls", self._list),
            web.post("/api/town-halls", self._create),
            web.get(one, self._show),
            web.delete(one, self._delete),
            web.post(f"{one}/open", self._open),
            web.post(f"{one}/close", self._close),
            web.get(f"{one}/call-reports", self._call_reports),
            web.get(links, self._list_links),
            web.post(links, self._create_link),
            web.delete(f"{links}/{{link}}", self._revoke_link),
            web.post(f"{links}/{{link}}/rotate", self._rotate_link),
            web.post(f"{links}/{{link}}/release", self._release_link),
        ]

    async def _list(self, request: web.Request) -> web.Response:
        await self._accounts.require(request)
        halls = [self._view(record) for record in await self._town_halls.town_halls()]
        defaults = {name: getattr(self._defaults, name) for name in ("seats", "video_codec")}
        return reply({"town_halls": halls, "defaults": defaults})

    async def _create(self, request: web.Request) -> web.Response:
        await self._accounts.require(request)
        form = await decode(request, NewTownHall)
        title = " ".join(form.title.split())
        if not title:
            raise RoomError("malformed", "Give the town hall a title.")
        record = await self._town_halls.create(
            title=title,
            language=self._defaults.language if form.language is UNSET else form.language,
            seats=self._defaults.seats if form.seats is UNSET else form.seats,
            capacity=self._defaults.capacity if form.capacity is UNSET else form.capacity,
            starts_at=form.starts_at,
            video_codec=self._defaults.video_codec if form.video_codec is UNSET else form.video_codec,
        )
        _log.info("town_hall_created", town_hall=record.id)
        return reply(self._view(record), 201)

    async def _show(self, request: web.Request) -> web.Response:
        return reply(self._view(await self._record(request)))

    async def _open(self, request: web.Request) -> web.Response:
        record = await self._record(request)
        await self._live.open(record.id)
        return reply(self._view(await self._record(request)))

    async def _close(self, request: web.Request) -> web.Response:
        record = await self._record(request)
        await self._live.close(record.id)
        return reply(self._view(await self._record(request)))

    async def _delete(self, request: web.Request) -> web.Response:
        record = await self._record(request)
        # Storage first: nobody comes back while those inside are told.
        await self._town_halls.delete(record.id)
        await self._live.forget(record.id)
        _log.info("town_hall_deleted", town_hall=record.id)
        return reply({})

    async def _call_reports(self, request: web.Request) -> web.Response:
        record = await self._record(request)
        answer = reply(
            {"town_hall": record.id, "made_at": self._clock(), "reports": await self._live.call_reports(record.id)}
        )
        answer.headers["Content-Disposition"] = f'attachment; filename="call-reports-{record.id}.json"'
        return answer

    async def _list_links(self, request: web.Request) -> web.Response:
        record = await self._record(request)
        return reply({"links": [_link_view(link) for link in await self._links.of(record.id)]})

    async def _create_link(self, request: web.Request) -> web.Response:
        record = await self._record(request)
        form = await decode(request, NewLink)
        if form.expires_at is not None and form.expires_at <= self._clock():
            raise RoomError("malformed", "Let the link expire in the future.")
        link, token = await self._links.create(
            record.id,
            roles=frozenset(form.roles),
            name=normalise_name(form.name) if form.name.strip() else "",
            personal=is_staff(form.roles),
            expires_at=form.expires_at,
        )
        return reply({"link": _link_view(link), "url": self._url(request, token)}, 201)

    async def _rotate_link(self, request: web.Request) -> web.Response:
        record, link = await self._record(request), LinkId(request.match_info["link"])
        return reply({"url": self._url(request, await self._links.rotate(record.id, link))})

    async def _release_link(self, request: web.Request) -> web.Response:
        record, link = await self._record(request), LinkId(request.match_info["link"])
        await self._links.release(record.id, link)
        # Whoever holds the old device is out, or two devices would share one personal link.
        await self._live.revoke_link(record.id, link)
        return reply({})

    async def _revoke_link(self, request: web.Request) -> web.Response:
        record, link = await self._record(request), LinkId(request.match_info["link"])
        await self._links.revoke(record.id, link)
        await self._live.revoke_link(record.id, link)
        return reply({})

    async def _record(self, request: web.Request) -> TownHallRecord:
        """For administrators only, the town hall that the path names."""
        await self._accounts.require(request)
        record = await self._town_halls.town_hall(TownHallId(request.match_info["id"]))
        if record is None:
            raise RoomError("town_hall_unknown", "There is no such town hall.", status=404)
        return record

    def _url(self, request: web.Request, token: str) -> str:
        return f"{self._security.https_base(request)}/j#{token}"

    def _view(self, record: TownHallRecord) -> dict[str, Any]:
        stored = {name: getattr(record, name) for name in record.__struct_fields__}
        return {**stored, "people": self._live.people(record.id)}


def _link_view(link: Link) -> dict[str, Any]:
    return {
        "id": link.id,
        # In the order of the role table, as people read them.
        "roles": [role for role in Role if role in link.roles],
        "name": link.name,
        "personal": link.personal,
        "bound": link.bound,
        "created_at": link.created_at,
        "expires_at": link.expires_at,
        "revoked": link.revoked_at is not None,
    }
