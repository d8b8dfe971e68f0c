"""Pages, modules and libraries: what is served, how it is cached, what stays private."""

import base64
import gzip
import hashlib
import re
from pathlib import Path

import msgspec
import pytest
from yarl import URL

from room_server.api.pages import VENDORED
from tests.unit.api.conftest import ELSEWHERE, House, OpenHouse


@pytest.fixture
def web(tmp_path: Path) -> Path:
    root = tmp_path / "web"
    files = {
        "index.html": "<!doctype html><title>Town halls</title>",
        "join/index.html": "<!doctype html><!--importmap--><script type=module src=/web/join/main.js></script>",
        "admin/index.html": "<!doctype html><!--importmap-->",
        "admin/setup.html": "<!doctype html><!--importmap-->",
        "importmap.json": '{"imports": {"lit": "/vendor/lit/index.js"}}',
        "join/main.js": "export const main = 1;\n" * 100,
        "join/notes.md": "private",
        "shared/texts/en/join.ftl": "hello = Hello\n",
        "tests/secret.js": "private",
        "package.json": "{}",
        ".env.js": "private",
        "node_modules/lit/index.js": "export {};",
        "node_modules/@fluent/bundle/esm/index.js": "export {};",
        "node_modules/@fluent/bundle/package.json": "{}",
        "node_modules/typescript/index.js": "private",
        "../outside.js": "private",
    }
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    (root / "shared" / "escape.js").symlink_to(tmp_path / "outside.js")
    return root


@pytest.fixture
async def house(open_house: OpenHouse, web: Path) -> House:
    return await open_house(f"web_root: {web}\nhttp: {{trusted_proxies: [127.0.0.1]}}")


async def test_a_page_carries_the_import_map_and_allows_only_that_script_inline(house: House) -> None:
    response = await house.get("/j")
    html = await response.text()
    (script,) = re.findall(r'<script type="importmap">(.*?)</script>', html)
    assert script == '{"imports":{"lit":"/vendor/lit/index.js"}}'
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    policy = response.headers["Content-Security-Policy"]
    assert f"script-src 'self' 'sha256-{digest}';" in policy
    assert "unsafe" not in policy
    assert policy.startswith("default-src 'none'")
    assert f"connect-src 'self' ws://127.0.0.1:{house.client.port};" in policy


@pytest.mark.parametrize("path", ["/", "/j", "/admin", "/setup"])
async def test_every_page(house: House, path: str) -> None:
    response = await house.get(path)
    assert (response.status, response.content_type, response.charset) == (200, "text/html", "utf-8")


@pytest.mark.parametrize(
    ("path", "content_type"),
    [
        ("/web/join/main.js", "text/javascript"),
        ("/web/shared/texts/en/join.ftl", "text/plain"),
        ("/vendor/lit/index.js", "text/javascript"),
        ("/vendor/@fluent/bundle/esm/index.js", "text/javascript"),
    ],
)
async def test_what_browsers_load(house: House, path: str, content_type: str) -> None:
    response = await house.get(path)
    assert (response.status, response.content_type) == (200, content_type)


@pytest.mark.parametrize(
    "path",
    [
        "/web/join/notes.md",
        "/web/tests/secret.js",
        "/web/.env.js",
        "/web/node_modules/lit/index.js",
        "/web/shared/escape.js",
        "/web/join/none.js",
        "/web/join",
        "/web/join//main.js",
        "/web/../outside.js",
        "/web/%2e%2e/outside.js",
        "/web/join/..%2f..%2foutside.js",
        "/web/%00.js",
        "/vendor/typescript/index.js",
        "/vendor/lit/../typescript/index.js",
        "/vendor/@fluent/bundle/package.json",
        "/vendor/lit-html/none.js",
    ],
)
async def test_what_stays_private(house: House, path: str) -> None:
    address = URL(f"http://127.0.0.1:{house.client.port}{path}", encoded=True)
    async with house.client.session.get(address) as response:
        assert response.status == 404
        assert "private" not in await response.text()


async def test_an_unchanged_file_is_not_sent_again(house: House, web: Path) -> None:
    first = await house.get("/web/join/main.js")
    assert first.headers["Cache-Control"] == "no-cache"
    known = {"If-None-Match": first.headers["ETag"]}
    assert (await house.get("/web/join/main.js", headers=known)).status == 304
    (web / "join" / "main.js").write_text("export const main = 2;")
    changed = await house.get("/web/join/main.js", headers=known)
    assert (changed.status, await changed.text()) == (200, "export const main = 2;")
    page = await house.get("/j")
    assert (await house.get("/j", headers={"If-None-Match": page.headers["ETag"]})).status == 304


async def test_text_is_packed_for_those_who_can_unpack(house: House, web: Path) -> None:
    source = (web / "join" / "main.js").read_bytes()
    async with house.client.session.get(
        house.client.make_url("/web/join/main.js"), headers={"Accept-Encoding": "gzip"}, auto_decompress=False
    ) as packed:
        assert packed.headers["Content-Encoding"] == "gzip"
        body = await packed.read()
    assert len(body) < len(source) / 5
    assert gzip.decompress(body) == source
    plain = await house.get("/web/join/main.js", headers={"Accept-Encoding": "identity"})
    assert "Content-Encoding" not in plain.headers
    assert await plain.read() == source


async def test_administration_over_plain_http_leads_to_https(house: House) -> None:
    for path in ("/admin", "/setup"):
        response = await house.get(path, headers=ELSEWHERE)
        assert (response.status, response.headers["Location"]) == (307, f"https://127.0.0.1:8443{path}")
    assert (await house.get("/j", headers=ELSEWHERE)).status == 200


async def test_pages_that_are_not_installed(open_house: OpenHouse, tmp_path: Path) -> None:
    house = await open_house(f"web_root: {tmp_path}/none")
    response = await house.get("/j")
    assert (response.status, await response.text()) == (
        404,
        "The pages are not installed: set web_root in config.yaml.",
    )


async def test_the_real_pages_reach_every_library_of_their_import_map(open_house: OpenHouse) -> None:
    house = await open_house("{}")
    root = Path(__file__).parents[3] / "web"
    for page in ("/", "/j", "/admin", "/setup"):
        response = await house.get(page)
        assert response.status == 200
        for address in re.findall(r'(?:src|href)="(/web/[^"]+)"', await response.text()):
            assert (await house.get(address)).status == 200, address
    for address in msgspec.json.decode((root / "importmap.json").read_bytes())["imports"].values():
        assert address.removeprefix("/vendor/").startswith(VENDORED), address
