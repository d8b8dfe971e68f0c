"""The pages without a server behind them: static files, import map put in, the production content policy."""

import base64
import hashlib
import re
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

WEB = Path(__file__).parents[2] / "web"
_PAGES = {"/": "index.html", "/j": "join/index.html", "/admin": "admin/index.html", "/setup": "admin/setup.html"}
_TYPES = {
    ".js": "text/javascript",
    ".css": "text/css",
    ".ftl": "text/plain",
    ".html": "text/html",
    ".svg": "image/svg+xml",
}
_POLICY = (
    "default-src 'self'; script-src 'self' 'sha256-{digest}'; style-src 'self'; img-src 'self' data:; "
    "connect-src 'self' ws: wss:; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)


class _Handler(SimpleHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        path = self.path.split("?")[0]
        file = self._file(path)
        if file is None or not file.is_file():
            self._send(404, "text/plain", b"not found")
            return
        body, headers = file.read_bytes(), {}
        if file.suffix == ".html":
            script = re.sub(r"\s+", "", (WEB / "importmap.json").read_text())
            body = body.replace(b"<!--importmap-->", f'<script type="importmap">{script}</script>'.encode())
            digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
            headers = {"Content-Security-Policy": _POLICY.format(digest=digest)}
        self._send(200, _TYPES.get(file.suffix, "application/octet-stream"), body, headers)

    def _file(self, path: str) -> Path | None:
        if path in _PAGES:
            return WEB / _PAGES[path]
        for prefix, root in (("/web/", WEB), ("/vendor/", WEB / "node_modules")):
            if path.startswith(prefix):
                file = (root / path.removeprefix(prefix)).resolve()
                return file if file.is_relative_to(WEB) else None
        return None

    def _send(self, status: int, type_: str, body: bytes, headers: dict[str, str] | None = None) -> None:
        self.send_response(status)
        for name, value in {"Content-Type": type_, "Content-Length": str(len(body)), **(headers or {})}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_args: object) -> None:
        """Quiet: a test says what it needs to say."""


@contextmanager
def serve_pages() -> Iterator[str]:
    """The base URL of a server on a free port of this machine."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    server.daemon_threads = True
    thread = Thread(target=server.serve_forever, name="pages", daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
