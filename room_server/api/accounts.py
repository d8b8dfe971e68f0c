"""Administrators: the one-time set-up link, login with password and code, the session cookie."""

import time
from collections.abc import Callable

import pyotp
import segno
import structlog
from aiohttp import web

from room_server.api.passwords import Passwords, code_step
from room_server.api.replies import Form, decode, reply
from room_server.api.security import Security
from room_server.api.throttle import Throttle
from room_server.config import Limits
from room_server.errors import RoomError
from room_server.ids import AccountId
from room_server.network import CLIENT
from room_server.storage.accounts import AccountStore
from room_server.townhall.names import normalise_name

# Long enough to fetch a phone with an authenticator app, or to send the link to a colleague today.
SETUP_LIFETIME = 24 * 3600.0
# What an authenticator app shows above the code.
_ISSUER = "room-server"
_log = structlog.get_logger(__name__)


class SetupToken(Form, frozen=True):
    token: str


class NewAccount(Form, frozen=True):
    token: str
    name: str
    password: str
    code: str


class Login(Form, frozen=True):
    name: str
    password: str
    code: str


class Accounts:
    """Routes below /api, and `require` for whatever only administrators may do."""

    def __init__(
        self,
        store: AccountStore,
        security: Security,
        limits: Limits,
        passwords: Passwords | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._store = store
        self._security = security
        self._passwords = passwords or Passwords()
        self._clock = clock
        self._session_seconds = limits.session_hours * 3600.0
        self._attempts = Throttle(rate=limits.login_rate / 60.0, burst=max(1, int(limits.login_rate)))

    def routes(self) -> list[web.RouteDef]:
        return [
            web.post("/api/setup/begin", self._begin_setup),
            web.post("/api/setup/finish", self._finish_setup),
            web.post("/api/login", self._login),
            web.post("/api/logout", self._logout),
            web.get("/api/me", self._me),
            web.post("/api/setup-links", self._invite),
        ]

    async def first_setup_token(self) -> str | None:
        """A new set-up link's token while there is no account; earlier ones end."""
        if await self._store.any():
            return None
        return await self._store.open_setup(pyotp.random_base32(), SETUP_LIFETIME, sole=True)

    async def require(self, request: web.Request) -> str:
        """The administrator's name. `RoomError`: needs_https, not_logged_in."""
        self._security.require_private(request)
        token = request.cookies.get(_cookie(request))
        name = await self._store.session_name(token) if token else None
        if name is None:
            raise RoomError("not_logged_in", "Log in as an administrator first.", status=401)
        return name

    async def _begin_setup(self, request: web.Request) -> web.Response:
        self._security.require_private(request)
        form = await decode(request, SetupToken)
        self._attempts.reserve(request[CLIENT].network)
        secret = await self._store.setup_secret(form.token)
        uri = pyotp.TOTP(secret).provisioning_uri(name="administrator", issuer_name=_ISSUER)
        return reply({"secret": secret, "uri": uri, "qr": segno.make(uri, error="m").svg_data_uri(scale=4)})

    async def _finish_setup(self, request: web.Request) -> web.Response:
        self._security.require_private(request)
        form = await decode(request, NewAccount)
        self._attempts.reserve(request[CLIENT].network)
        secret = await self._store.setup_secret(form.token)
        name = _account_name(form.name)
        step = code_step(secret, form.code, self._clock)
        if step is None:
            raise RoomError("code_wrong", "The code does not match. Enter the six digits that your app shows now.")
        password_hash = await self._passwords.hash(form.password)
        account = await self._store.finish_setup(form.token, name=name, password_hash=password_hash, totp_step=step)
        _log.info("account_made", account=account)
        return await self._admit(request, account, name)

    async def _login(self, request: web.Request) -> web.Response:
        self._security.require_private(request)
        form = await decode(request, Login)
        self._attempts.reserve(request[CLIENT].network)
        # By name too: a guesser with many addresses gets no further. The name is hashed into a key of bounded size.
        self._attempts.reserve(f"name:{hash(form.name)}")
        account = await self._store.by_name(form.name.strip())
        matches = await self._passwords.verify(account.password_hash if account else None, form.password)
        step = code_step(account.totp_secret, form.code, self._clock) if account else None
        if account is None or not matches or step is None or not await self._store.use_code(account.id, step):
            _log.warning("login_failed", network=request[CLIENT].logged)
            raise RoomError(
                "login_failed",
                "Name, password and code do not match. Each code works once; wait for the next.",
                status=401,
            )
        _log.info("login", account=account.id)
        return await self._admit(request, account.id, account.name)

    async def _admit(self, request: web.Request, account: AccountId, name: str) -> web.Response:
        token = await self._store.open_session(account, self._session_seconds)
        response = reply({"name": name})
        response.set_cookie(
            _cookie(request),
            token,
            max_age=int(self._session_seconds),
            path="/",
            httponly=True,
            samesite="Strict",
            secure=request[CLIENT].secure,
        )
        return response

    async def _logout(self, request: web.Request) -> web.Response:
        token = request.cookies.get(_cookie(request))
        if token:
            await self._store.close_session(token)
        response = reply({})
        response.del_cookie(_cookie(request), path="/", httponly=True, samesite="Strict", secure=request[CLIENT].secure)
        return response

    async def _me(self, request: web.Request) -> web.Response:
        return reply({"name": await self.require(request)})

    async def _invite(self, request: web.Request) -> web.Response:
        await self.require(request)
        token = await self._store.open_setup(pyotp.random_base32(), SETUP_LIFETIME)
        url = f"{self._security.https_base(request)}/setup#{token}"
        return reply({"url": url, "expires_at": self._clock() + SETUP_LIFETIME}, 201)


def _account_name(text: str) -> str:
    try:
        return normalise_name(text)
    except RoomError as error:
        raise RoomError("name_invalid", error.message) from None


def _cookie(request: web.Request) -> str:
    """The prefix makes browsers refuse it from other hosts and over plain HTTP (RFC 6265bis section 4.1.3)."""
    return "__Host-room_session" if request[CLIENT].secure else "room_session"
