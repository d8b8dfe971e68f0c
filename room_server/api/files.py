"""Files for browsers: read once, kept compressed, named by their content; only what is on a list leaves."""

import asyncio
import gzip
import hashlib
from pathlib import Path

import msgspec
from aiohttp import web

TYPES = {
    ".js": "text/javascript",
    ".css": "text/css",
    ".ftl": "text/plain",
    ".json": "application/json",
    ".svg": "image/svg+xml",
    ".png": "image/png",
    ".woff2": "font/woff2",
}
"""What may leave, and what it is; text is sent as UTF-8."""

_PACKED = frozenset({".js", ".css", ".ftl", ".json", ".svg", ".html"})
# Below this, gzip's own header eats the gain.
_SMALLEST_PACKED = 512


class File(msgspec.Struct, frozen=True):
    """A file's bytes, plain and packed (None where packing gains nothing)."""

    body: bytes
    packed: bytes | None
    etag: str
    modified: float

    @classmethod
    def of(cls, body: bytes, suffix: str, modified: float = 0.0) -> "File":
        packed = gzip.compress(body, 6, mtime=0) if suffix in _PACKED and len(body) >= _SMALLEST_PACKED else None
        return cls(body, packed, hashlib.sha256(body).hexdigest()[:32], modified)


class Files:
    """The files below `root`, cached until they change on disk."""

    def __init__(self, root: Path) -> None:
        self._root = root.resolve()
        self._cache: dict[Path, File] = {}

    async def find(self, relative: str) -> tuple[File, str] | None:
        """The file and its media type; None for whatever is not there, hidden, or of no listed type."""
        parts = relative.split("/")
        suffix = Path(parts[-1]).suffix
        if suffix not in TYPES or any(not part or part.startswith(".") for part in parts) or "\x00" in relative:
            return None
        found = await asyncio.to_thread(self._load, self._root.joinpath(*parts), suffix)
        return None if found is None else (found, TYPES[suffix])

    def _load(self, path: Path, suffix: str) -> File | None:
        try:
            real = path.resolve(strict=True)
            modified = real.stat().st_mtime
            if not real.is_relative_to(self._root) or not real.is_file():
                return None
            known = self._cache.get(real)
            if known is None or known.modified != modified:
                known = self._cache[real] = File.of(real.read_bytes(), suffix, modified)
        except OSError:
            return None
        return known


def send(request: web.Request, file: File, content_type: str) -> web.Response:
    """The file, packed where the browser can unpack, or 304. Browsers ask every time and mostly hear 304."""
    headers = {
        "ETag": f'"{file.etag}"',
        "Cache-Control": "no-cache",
        "Vary": "Accept-Encoding",
    }
    if any(tag.value in (file.etag, "*") for tag in request.if_none_match or ()):
        return web.Response(status=304, headers=headers)
    body = file.body
    if file.packed is not None and "gzip" in request.headers.get("Accept-Encoding", ""):
        body = file.packed
        headers["Content-Encoding"] = "gzip"
    charset = "utf-8" if content_type.startswith(("text/", "application/json")) else None
    return web.Response(body=body, headers=headers, content_type=content_type, charset=charset)
