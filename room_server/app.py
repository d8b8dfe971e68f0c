"""The composition root: builds each part once, starts them in order, stops them in reverse."""

import asyncio
import contextlib
import datetime
import gc
import os
import signal
import socket
import ssl
from contextlib import AsyncExitStack
from pathlib import Path

import structlog
from aiohttp import web

from room_server import seed
from room_server._relay import Relay, self_check
from room_server.addresses import announced, http_addresses, media_addresses
from room_server.api.listeners import listen, serve
from room_server.api.server import Api
from room_server.api.tls import Certificate, certificate
from room_server.config import Media, Settings
from room_server.metrics import Metrics
from room_server.network import Proxies
from room_server.notify import READY, STOPPING, notify
from room_server.session import RelayPlane
from room_server.signalling.halls import Halls
from room_server.signalling.server import Signalling
from room_server.storage.credentials import CredentialStore
from room_server.storage.database import Database
from room_server.storage.states import StateStore
from room_server.storage.town_halls import TownHallStore

_log = structlog.get_logger(__name__)

# Requests under way get this long to end; pages come back by themselves.
_SHUTDOWN_SECONDS = 2.0
# Allocations before the youngest generation is looked at, then rounds of each before the next: Python's 700, 10 and 10
# are made for programs that drop most of what they make.
_GC_YOUNG, _GC_MIDDLE, _GC_OLD = 50_000, 20, 50
# What the relay takes; no machine of one town hall needs more.
_MOST_WORKERS = 64


class StartError(Exception):
    """The server cannot start as it is configured; one sentence that names the setting."""


class App:
    """The whole server. `start` either succeeds or leaves nothing behind."""

    def __init__(self, settings: Settings, planted: seed.Seed | None = None) -> None:
        self._settings = settings
        self._planted = planted
        self._stack = AsyncExitStack()
        self._api: Api
        self._signalling: Signalling
        self._tls: ssl.SSLContext
        self._certificate: Certificate
        self.relay: Relay
        self.https_port = 0
        self.http_port = 0

    async def start(self) -> None:
        """`StartError`, `PortError` or `AddressError` say in one sentence what to change."""
        async with AsyncExitStack() as stack:
            await self._start(stack)
            self._stack = stack.pop_all()

    async def stop(self) -> None:
        """No new joins, everybody told, then everything down in reverse order."""
        _log.info("stopping")
        notify(STOPPING)
        self._api.stop_admitting()
        await self._stack.aclose()
        _log.info("stopped")

    def reload_certificate(self) -> None:
        """New connections get the certificate as it is on disk now; a bad one changes nothing."""
        try:
            self._certificate.context()
            self._tls.load_cert_chain(self._certificate.chain, self._certificate.key)
        except (OSError, ssl.SSLError) as error:
            _log.warning("certificate_kept", error=error)
        else:
            _log.info("certificate_reloaded")

    async def _start(self, stack: AsyncExitStack) -> None:
        https, http = self._listen(stack)
        self._certificate, self._tls = _load_certificate(self._settings)
        database = await self._open_database(stack)
        metrics = Metrics()
        halls = await self._start_media(stack, database, metrics)
        self._api = Api(self._settings, database, halls, metrics, https_port=self.https_port)
        http_settings = self._settings.http
        self._signalling = Signalling(
            halls,
            proxies=Proxies(http_settings.trusted_proxies),
            origins=[url] if (url := http_settings.public_url) else [],
        )
        self._signalling.attach(self._api.app)
        metrics.counted(
            "room_refused",
            "Requests of pages that were refused, by error code",
            "code",
            lambda: self._signalling.refused,
        )
        runner = web.AppRunner(self._api.app, access_log=None, shutdown_timeout=_SHUTDOWN_SECONDS)
        await runner.setup()
        stack.push_async_callback(runner.cleanup)
        # Before the listeners close: the goodbye travels on open sockets.
        stack.push_async_callback(self._signalling.stop)
        await serve(runner, https, self._tls)
        await serve(runner, http, None)
        await stack.enter_async_context(metrics.watch_loop())
        await self._say_where(http)
        self._api.health.ready = True
        notify(READY)

    def _listen(self, stack: AsyncExitStack) -> tuple[list[socket.socket], list[socket.socket]]:
        settings = self._settings.http
        https = listen(settings.bind, settings.https_port, "http.https_port")
        stack.callback(_close_all, https)
        http = listen(http_addresses(self._settings.http), settings.http_port, "http.http_port")
        stack.callback(_close_all, http)
        self.https_port, self.http_port = https[0].getsockname()[1], http[0].getsockname()[1]
        return https, http

    async def _open_database(self, stack: AsyncExitStack) -> Database:
        try:
            database = await Database.open(self._settings.database_url)
        except Exception as error:  # whatever its driver raises
            remedy = "check storage.database and storage.var_dir"
            # The driver's own words: SQLAlchemy's wrapper adds lines about itself.
            cause = getattr(error, "orig", None) or error
            raise StartError(f"The database cannot be opened ({cause}): {remedy}") from None
        stack.push_async_callback(database.close)
        if self._planted is not None:
            await seed.plant(database, self._settings, self._planted)
        return database

    async def _start_media(self, stack: AsyncExitStack, database: Database, metrics: Metrics) -> Halls:
        self_check()
        relay = self.relay = _open_relay(self._settings.media)
        stack.callback(relay.close)
        plane = RelayPlane(
            relay,
            announce=await announced(self._settings.media),
            join_rate=self._settings.limits.join_rate,
            srtp_profiles=self._settings.media.srtp_profiles,
        )
        await plane.start()
        stack.push_async_callback(plane.close)
        metrics.relay(relay.metrics, relay.distributions)
        metrics.gauge("room_joins_waiting", "Joins in the queue of the gate", lambda: plane.joins_waiting)
        metrics.gauge(
            "room_publisher_layers", "Simulcast layers that the relay receives", lambda: plane.layers_received
        )
        _log.info("media", udp_ports=",".join(map(str, relay.ports)))
        halls = Halls(
            TownHallStore(database),
            StateStore(database),
            CredentialStore(database),
            plane,
            on_quality=metrics.page_quality,
        )
        await halls.restore()
        metrics.gauge("room_town_halls", "Town halls that run", lambda: halls.crowd[0])
        metrics.gauge("room_participants", "People who take part", lambda: halls.crowd[1])
        return halls

    async def _say_where(self, http: list[socket.socket]) -> None:
        made = self._certificate
        public = self._settings.http.public_url
        base = public or f"https://localhost:{self.https_port}"
        _log.info("https", port=self.https_port, certificate=made.chain, fingerprint=made.fingerprint, fresh=made.fresh)
        _log.info("administration", address=f"{base}/admin")
        _log.info("http", port=self.http_port, addresses=",".join(opened.getsockname()[0] for opened in http))
        token = await self._api.accounts.first_setup_token() if self._planted is None else None
        if token is not None:
            hint = "" if public else "  (from another machine: this one's name or address instead of localhost)\n"
            # The one secret that is written out, and to the terminal only: it is how the first person gets in.
            print(  # noqa: T201
                "\nThere is no administrator yet. Make the first account within 24 hours:\n"
                f"  {base}/setup#{token}\n{hint}",
                flush=True,
            )


async def run(app: App) -> None:
    """Serve until SIGTERM or SIGINT; SIGHUP reads the certificate again."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    starting = asyncio.ensure_future(app.start())
    stopping = asyncio.ensure_future(stop.wait())
    await asyncio.wait({starting, stopping}, return_when=asyncio.FIRST_COMPLETED)
    if not starting.done():
        starting.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await starting
        return
    await starting
    _calm_garbage_collector()
    loop.add_signal_handler(signal.SIGHUP, app.reload_certificate)
    await stopping
    await app.stop()


def _calm_garbage_collector() -> None:
    """What start-up has made lives for ever, and what people add lives for hours: looking at all of it less often makes
    a join about 4 % cheaper (`make price` with and without, in turn, three times).
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(_GC_YOUNG, _GC_MIDDLE, _GC_OLD)


def _load_certificate(settings: Settings) -> tuple[Certificate, ssl.SSLContext]:
    try:
        loaded = certificate(settings.http, settings.var_dir, datetime.datetime.now(datetime.UTC))
        return loaded, loaded.context()
    except (OSError, ValueError, ssl.SSLError) as error:
        setting = "http.certificate and http.key" if settings.http.certificate else "storage.var_dir"
        raise StartError(f"The certificate cannot be used ({error}): check {setting}") from None


def _open_relay(media: Media) -> Relay:
    # The cores that this process may use, not those of the machine: containers are given a share.
    workers = media.workers or min(len(os.sched_getaffinity(0)), _MOST_WORKERS)
    try:
        return Relay(bind=media_addresses(media), port=media.port, workers=workers)
    except (OSError, ValueError) as error:
        settings = "media.port, media.workers and media.bind"
        raise StartError(f"UDP ports from {media.port} cannot be opened ({error}): check {settings}") from None


def _close_all(sockets: list[socket.socket]) -> None:
    for opened in sockets:
        opened.close()


def configured_file(argument: str | None, environment: str | None) -> Path | None:
    """Which file holds the settings: the argument, the variable, ./config.yaml if there is one."""
    if argument or environment:
        return Path(argument or environment or "")
    here = Path("config.yaml")
    return here if here.is_file() else None
