"""The pages and what they load: HTML with its import map, modules below /web/, browser libraries below /vendor/."""

import asyncio
import base64
import hashlib
import re
from pathlib import Path

import msgspec
from aiohttp import web

from room_server.api.files import TYPES, File, Files, send
from room_server.api.security import Security, page_policy
from room_server.errors import RoomError

PAGES = {
    "/": "index.html",
    "/j": "join/index.html",
    "/admin": "admin/index.html",
    "/setup": "admin/setup.html",
}
"""Path -> file below `web_root`."""

PRIVATE_PAGES = frozenset({"/admin", "/setup"})
"""Not over plain HTTP from another machine."""

VENDORED = (
    "lit/",
    "lit-html/",
    "lit-element/",
    "@lit/reactive-element/",
    "@fluent/bundle/esm/",
    "socket.io-client/dist/",
)
"""What of `node_modules` browsers may load; the rest are tools."""

# Parts of web/ that serve development only.
_TOOLS = frozenset({"node_modules", "tests"})
_IMPORT_MAP_MARK = "<!--importmap-->"
_INLINE_SCRIPT = re.compile(r"<script(?![^>]*\ssrc=)[^>]*>(.*?)</script>", re.DOTALL)


class Page(msgspec.Struct, frozen=True):
    """A page ready to be sent: its inline scripts (the import map) are allowed by hash, so nothing else inline is."""

    file: File
    script_hashes: list[str]


class Pages:
    """Everything below `web_root` that browsers may have."""

    def __init__(self, web_root: Path, security: Security) -> None:
        self._root = web_root
        self._security = security
        self._files = Files(web_root)
        self._vendored = Files(web_root / "node_modules")
        self._pages: dict[str, tuple[tuple[float, float], Page]] = {}

    def routes(self) -> list[web.RouteDef]:
        return [
            *(web.get(path, self._page) for path in PAGES),
            web.get("/web/{path:.+}", self._module),
            web.get("/vendor/{path:.+}", self._library),
        ]

    async def _page(self, request: web.Request) -> web.StreamResponse:
        if request.path in PRIVATE_PAGES:
            try:
                self._security.require_private(request)
            except RoomError:
                # Temporary: the next visit may come from this machine. The browser keeps the fragment.
                raise web.HTTPTemporaryRedirect(self._security.https_base(request) + request.path) from None
        page = await asyncio.to_thread(self._load, PAGES[request.path])
        response = send(request, page.file, "text/html")
        response.headers["Content-Security-Policy"] = page_policy(request, page.script_hashes)
        return response

    async def _module(self, request: web.Request) -> web.StreamResponse:
        path = request.match_info["path"]
        found = None if path.split("/", 1)[0] in _TOOLS else await self._files.find(path)
        return _send_or_404(request, found)

    async def _library(self, request: web.Request) -> web.StreamResponse:
        path = request.match_info["path"]
        found = await self._vendored.find(path) if path.startswith(VENDORED) else None
        return _send_or_404(request, found)

    def _load(self, name: str) -> Page:
        source, import_map = self._root / name, self._root / "importmap.json"
        try:
            changed = (source.stat().st_mtime, import_map.stat().st_mtime)
            known = self._pages.get(name)
            if known is not None and known[0] == changed:
                return known[1]
            html = source.read_text(encoding="utf-8")
            imports = msgspec.json.encode(msgspec.json.decode(import_map.read_bytes())).decode()
        except OSError:
            raise web.HTTPNotFound(text="The pages are not installed: set web_root in config.yaml.") from None
        html = html.replace(_IMPORT_MAP_MARK, f'<script type="importmap">{imports}</script>')
        page = Page(File.of(html.encode(), ".html"), [_digest(script) for script in _INLINE_SCRIPT.findall(html)])
        self._pages[name] = (changed, page)
        return page


def _digest(script: str) -> str:
    return base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()


def _send_or_404(request: web.Request, found: tuple[File, str] | None) -> web.StreamResponse:
    if found is None:
        raise web.HTTPNotFound(text=f"Not found. Served are {', '.join(TYPES)}.")
    return send(request, *found)
