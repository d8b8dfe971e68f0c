"""Every page in every state, at a desktop's and a phone's width, in both colour schemes: pictures, and axe.

The pictures go to build/artefacts/gallery/, for people to look at; axe has to find nothing.
"""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from tests.support import axe
from tests.support.page_server import WEB, serve_pages

ARTEFACTS = WEB.parent / "build" / "artefacts" / "gallery"
SIZES = {1280: 800, 390: 844}
# Colours are the same at every width, and targets in every scheme: each is judged once.
JUDGED_IN = {1280: "light", 390: "dark"}
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


@pytest.fixture(scope="module")
def gallery(browser: Browser, site: str) -> Page:
    """One page for all states, which are switched without a reload."""
    return _open(browser, f"{site}/web/tests/gallery.html")


@pytest.mark.parametrize("width", SIZES)
def test_every_state_stands_and_is_accessible(gallery: Page, width: int) -> None:
    gallery.set_viewport_size({"width": width, "height": SIZES[width]})
    names = _states(gallery)
    assert len(names) > 60
    problems = []
    for name in names:
        gallery.evaluate("name => gallery.show(name)", name)
        problems += _judge(gallery, name, width)
    assert problems == []


@pytest.mark.parametrize("width", SIZES)
def test_the_start_page_is_accessible(browser: Browser, site: str, width: int) -> None:
    page = _open(browser, f"{site}/")
    page.set_viewport_size({"width": width, "height": SIZES[width]})
    assert _judge(page, "start", width) == []
    page.close()


# A small phone; what a 1280 px window has at 200 %; a phone on its side; a wall.
@pytest.mark.parametrize(("width", "height"), [(360, 640), (640, 400), (844, 390), (1920, 1080)])
def test_nothing_is_cut_off_at_other_sizes(gallery: Page, width: int, height: int) -> None:
    gallery.set_viewport_size({"width": width, "height": height})
    gallery.emulate_media(color_scheme="light", reduced_motion="reduce")
    for state in ("listener-full", "listener-sixteen", "on-stage-live", "host-live", "host-sixteen", "invited",
                  "entry-attendee", "admin-links"):  # fmt: skip
        _states(gallery)
        gallery.evaluate("name => gallery.show(name)", state)
        gallery.screenshot(path=_picture(f"{state}-{width}x{height}"))
        assert not _scrolls_sideways(gallery), f"{state} scrolls sideways at {width} px"


def _open(browser: Browser, url: str) -> Page:
    page = browser.new_page(reduced_motion="reduce", timezone_id="Africa/Harare", locale="en-GB")
    failures: list[str] = []
    page.on("pageerror", lambda error: failures.append(str(error)))
    page.on("console", lambda message: failures.append(message.text) if message.type == "error" else None)
    page.goto(url, wait_until="load")
    page.evaluate(axe.SOURCE)
    page.failures = failures
    return page


def _states(page: Page) -> list[str]:
    """The names of all states, once the gallery stands. Not `wait_for_function`: the page's policy forbids its eval."""
    ready = "async () => { while (!window.gallery) await new Promise(requestAnimationFrame); return gallery.states }"
    names: list[str] = page.evaluate(ready)
    return names


def _judge(page: Page, name: str, width: int) -> list[str]:
    """Pictures of what stands now; what axe, the console and the layout have against it."""
    problems = []
    schemes: list[Any] = ["light", "dark"]
    for scheme in schemes:
        page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
        page.screenshot(path=_picture(f"{name}-{width}-{scheme}"), full_page=True)
        if scheme == JUDGED_IN[width]:
            problems += axe.problems(f"{name}-{width}-{scheme}", page.evaluate(axe.RUN, axe.TAGS))
    if _scrolls_sideways(page):
        problems.append(f"{name}: scrolls sideways at {width} px")
    if page.evaluate("!!document.querySelector('room-page') && document.documentElement.scrollHeight > innerHeight"):
        problems.append(f"{name}: the town hall does not fit the window at {width} px")
    failures: list[str] = page.failures
    problems += [f"{name}: {failure}" for failure in failures]
    failures.clear()
    return problems


def _scrolls_sideways(page: Page) -> bool:
    return bool(page.evaluate("document.documentElement.scrollWidth > innerWidth"))


def _picture(name: str) -> Path:
    ARTEFACTS.mkdir(parents=True, exist_ok=True)
    return ARTEFACTS / f"{name}.png"
