"""What every answer carries and every request must pass: client, headers, same origin, HTTPS where it matters."""

import re

from aiohttp import web
from aiohttp.typedefs import Handler

from room_server.api.replies import HttpsOnly
from room_server.config import Http
from room_server.errors import RoomError
from room_server.network import CLIENT, Client, Proxies

# Two years, as browsers' preload lists ask.
_HSTS = "max-age=63072000"

# The page itself may use these, frames and third parties may not. Unlisted features keep the browser's own default.
_PERMISSIONS = ", ".join(
    (
        *(f"{feature}=(self)" for feature in ("autoplay", "camera", "display-capture", "fullscreen", "microphone")),
        "screen-wake-lock=(self)",
        *(f"{feature}=()" for feature in ("geolocation", "payment", "usb", "midi")),
    )
)
_NOTHING = "default-src 'none'; frame-ancestors 'none'; base-uri 'none'"
_HOST = re.compile(r"[A-Za-z0-9.\-]+(:\d{1,5})?|\[[0-9A-Fa-f:.]+\](:\d{1,5})?")
_SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
_LOOPBACK_NAMES = frozenset({"localhost", "127.0.0.1", "[::1]"})


class Security:
    """Knows the settings that decide what is the same origin and where HTTPS is."""

    def __init__(self, http: Http, proxies: Proxies, https_port: int) -> None:
        self._http = http
        self._proxies = proxies
        self._https_port = https_port

    def attach(self, app: web.Application) -> None:
        """Must come before other middlewares: they read `CLIENT`."""
        app.middlewares.append(self._identify)
        app.on_response_prepare.append(self._headers)

    def https_base(self, request: web.Request) -> str:
        """The scheme and host where this server is reached by HTTPS, as seen by whoever sent `request`."""
        if self._http.public_url:
            return self._http.public_url
        if request[CLIENT].secure:
            return f"https://{_host(request)}"
        return f"https://{_hostname(request)}:{self._https_port}"

    def require_private(self, request: web.Request) -> None:
        """`HttpsOnly` where accounts would travel in the clear."""
        if not _private(request[CLIENT]):
            base = self.https_base(request)
            raise HttpsOnly("needs_https", f"Administration needs HTTPS: use {base}/admin.", f"{base}/admin")

    @web.middleware
    async def _identify(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        try:
            request[CLIENT] = self._client(request)
        except ValueError:
            raise web.HTTPBadRequest(text="The address of the client is not known.") from None
        if request.path.startswith("/api/") and request.method not in _SAFE_METHODS:
            self._same_origin(request)
        return await handler(request)

    def _client(self, request: web.Request) -> Client:
        peer = request.transport.get_extra_info("peername") if request.transport else None
        if not peer:
            raise ValueError("no peer")
        return self._proxies.client(
            peer[0],
            secure=request.secure,
            forwarded_for=request.headers.get("X-Forwarded-For"),
            forwarded_proto=request.headers.get("X-Forwarded-Proto"),
        )

    def _same_origin(self, request: web.Request) -> None:
        """Browsers say where a request comes from; what is no browser says nothing and holds no one's cookie."""
        origin = request.headers.get("Origin")
        if origin is None:
            foreign = request.headers.get("Sec-Fetch-Site", "same-origin") not in ("same-origin", "none")
        else:
            scheme = "https" if request[CLIENT].secure else "http"
            foreign = origin not in (f"{scheme}://{request.host}", self._http.public_url or None)
        if foreign:
            raise RoomError(
                "foreign_origin", "This request came from another site. Use the server's own pages.", status=403
            )

    async def _headers(self, request: web.Request, response: web.StreamResponse) -> None:
        headers = response.headers
        headers["X-Content-Type-Options"] = "nosniff"
        headers["Referrer-Policy"] = "no-referrer"
        headers["Permissions-Policy"] = _PERMISSIONS
        headers["X-Frame-Options"] = "DENY"
        headers["Cross-Origin-Resource-Policy"] = "same-origin"
        headers.setdefault("Content-Security-Policy", _NOTHING)
        headers.pop("Server", None)
        client = request.get(CLIENT)
        if client is None:
            return
        if client.secure or _hostname(request) in _LOOPBACK_NAMES:
            # Elsewhere the browser ignores it and complains on its console.
            headers["Cross-Origin-Opener-Policy"] = "same-origin"
        if client.secure and self._http.certificate:
            # With a self-signed certificate it would take away the visitor's way past the warning.
            headers["Strict-Transport-Security"] = _HSTS


def page_policy(request: web.Request, script_hashes: list[str]) -> str:
    """The Content-Security-Policy of a page whose inline scripts have these SHA-256 hashes (base64)."""
    scripts = " ".join(["'self'", *(f"'sha256-{digest}'" for digest in script_hashes)])
    scheme = "wss" if request[CLIENT].secure else "ws"
    # Safari before 15.4 does not count WebSockets as 'self'.
    return (
        f"default-src 'none'; script-src {scripts}; style-src 'self'; img-src 'self' data: blob:; font-src 'self'; "
        f"media-src 'self' blob:; connect-src 'self' {scheme}://{_host(request)}; manifest-src 'self'; "
        "worker-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    )


def _private(client: Client) -> bool:
    return client.secure or client.local


def _host(request: web.Request) -> str:
    """The Host header if it is a plausible one: it goes into headers and addresses."""
    return request.host if _HOST.fullmatch(request.host) else "localhost"


def _hostname(request: web.Request) -> str:
    return re.sub(r":\d+$", "", _host(request))
