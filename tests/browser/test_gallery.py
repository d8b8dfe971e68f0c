"""Every page in every state, at a desktop's and a phone's width, in both colour schemes: pictures, and axe.

The pictures go to build/artefacts/gallery/, for people to look at; axe has to find nothing.
"""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from tests.support.page_server import WEB, serve_pages

ARTEFACTS = WEB.parent / "build" / "artefacts" / "gallery"
AXE = WEB / "node_modules" / "axe-core" / "axe.min.js"
SIZES = {1280: 800, 390: 844}
TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
CHROMIUM = os.environ.get("CHROMIUM", "/usr/bin/chromium")

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-sync"]
        )
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def site() -> Iterator[str]:
    with serve_pages() as base:
        yield base


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", SIZES)
def test_every_state_stands_and_is_accessible(browser: Browser, site: str, width: int, scheme: Any) -> None:
    page = _open(browser, f"{site}/web/tests/gallery.html", width, scheme)
    names = _states(page)
    assert len(names) > 60
    problems = []
    for name in names:
        page.evaluate("name => gallery.show(name)", name)
        problems += _judge(page, f"{name}-{width}-{scheme}", width)
    assert problems == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", SIZES)
def test_the_start_page_is_accessible(browser: Browser, site: str, width: int, scheme: Any) -> None:
    page = _open(browser, f"{site}/", width, scheme)
    assert _judge(page, f"start-{width}-{scheme}", width) == []


@pytest.mark.parametrize(
    "state", ["listener-full", "on-stage-live", "host-live", "invited", "entry-attendee", "admin-links"]
)
def test_nothing_is_cut_off_at_360_px_or_at_twice_the_size(browser: Browser, site: str, state: str) -> None:
    # 640 CSS px is what a 1280 px window has at 200 %; the last is a phone on its side.
    for width, height in ((360, 640), (640, 400), (844, 390)):
        page = _open(browser, f"{site}/web/tests/gallery.html", width, "light", height=height)
        _states(page)
        page.evaluate("name => gallery.show(name)", state)
        page.screenshot(path=_picture(f"{state}-{width}x{height}"))
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), (
            f"{state} scrolls sideways at {width} px"
        )
        page.close()


def _open(browser: Browser, url: str, width: int, scheme: Any, height: int | None = None) -> Page:
    page = browser.new_page(
        viewport={"width": width, "height": height or SIZES[width]},
        color_scheme=scheme,
        reduced_motion="reduce",
        timezone_id="Africa/Harare",
        locale="en-GB",
    )
    failures: list[str] = []
    page.on("pageerror", lambda error: failures.append(str(error)))
    page.on("console", lambda message: failures.append(message.text) if message.type == "error" else None)
    page.goto(url, wait_until="load")
    # Injected from outside the page, so that the page's own policy stays as strict as in production.
    page.evaluate(AXE.read_text())
    page.failures = failures  # type: ignore[attr-defined]
    return page


def _states(page: Page) -> list[str]:
    """The names of all states, once the gallery stands. Not `wait_for_function`: the page's policy forbids its eval."""
    ready = "async () => { while (!window.gallery) await new Promise(requestAnimationFrame); return gallery.states }"
    names: list[str] = page.evaluate(ready)
    return names


def _judge(page: Page, name: str, width: int) -> list[str]:
    """A picture of what stands now; what axe, the console and the layout have against it."""
    page.screenshot(path=_picture(name), full_page=True)
    found = page.evaluate("tags => axe.run(document, {runOnly: tags, resultTypes: ['violations']})", TAGS)
    problems = [
        f"{name}: {violation['id']}: {node['target']} {node['failureSummary']}"
        for violation in found["violations"]
        for node in violation["nodes"]
    ]
    if page.evaluate("document.documentElement.scrollWidth > innerWidth"):
        problems.append(f"{name}: scrolls sideways at {width} px")
    failures: list[str] = page.failures  # type: ignore[attr-defined]
    problems += [f"{name}: {failure}" for failure in failures]
    failures.clear()
    return problems


def _picture(name: str) -> Path:
    ARTEFACTS.mkdir(parents=True, exist_ok=True)
    return ARTEFACTS / f"{name}.png"
