"""All of HTTP in one aiohttp application."""

import time
from collections.abc import Callable

from aiohttp import web

from room_server.api.accounts import Accounts
from room_server.api.health import Health
from room_server.api.links import LinksApi
from room_server.api.pages import Pages
from room_server.api.passwords import Passwords
from room_server.api.ports import LiveTownHalls
from room_server.api.replies import LARGEST_BODY, refusals
from room_server.api.security import Security
from room_server.api.townhalls import TownHallsApi
from room_server.config import Settings
from room_server.metrics import Metrics
from room_server.network import Proxies
from room_server.storage.accounts import AccountStore
from room_server.storage.database import Database
from room_server.storage.links import LinkStore
from room_server.storage.town_halls import TownHallStore


class Api:
    """Built once by the composition root. `app` is for the listeners, and for Socket.IO to attach to."""

    def __init__(
        self,
        settings: Settings,
        database: Database,
        live: LiveTownHalls,
        metrics: Metrics,
        *,
        https_port: int,
        passwords: Passwords | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        town_halls, links = TownHallStore(database, clock), LinkStore(database, clock)
        security = Security(settings.http, Proxies(settings.http.trusted_proxies), https_port)
        self.accounts = Accounts(AccountStore(database, clock), security, settings.limits, passwords, clock)
        self.health = Health(metrics, settings.http.metrics_networks, database.answers)
        self._links = LinksApi(links, live, security, settings.limits)
        halls = TownHallsApi(
            town_halls=town_halls,
            links=links,
            live=live,
            accounts=self.accounts,
            security=security,
            defaults=settings.town_hall,
            clock=clock,
        )
        pages = Pages(settings.web_dir, security)
        self.app = web.Application(client_max_size=LARGEST_BODY, middlewares=[refusals])
        security.attach(self.app)
        for part in (self.health, self.accounts, self._links, halls, pages):
            self.app.add_routes(part.routes())

    def stop_admitting(self) -> None:
        """The server is stopping: not ready any more, and nobody new comes in."""
        self.health.ready = False
        self._links.stop()
