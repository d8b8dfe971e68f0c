"""The real pages of a real server in the states that people meet: pictures, axe, and a console without errors.

The pictures go to build/artefacts/pages/, for people to look at, at a desktop's and a phone's width.
"""

import asyncio
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Browser, Page, expect

from tests.browser.people import act, enter, make_account, open_set_up
from tests.support import axe
from tests.support.browser import Person
from tests.support.server import Administrator, Server, running

ARTEFACTS = Path(__file__).parents[2] / "build" / "artefacts" / "pages"
SIZES = {1280: 800, 390: 844}
# Each scheme is judged at one width, as in the gallery.
SCHEMES: dict[int, Any] = {1280: "light", 390: "dark"}
pytestmark = [pytest.mark.browser, pytest.mark.timeout(120)]


class Pictures:
    """Takes pictures and gathers what axe finds on them."""

    def __init__(self) -> None:
        self.problems: list[str] = []
        ARTEFACTS.mkdir(parents=True, exist_ok=True)

    async def take(self, name: str, page: Page, width: int) -> None:
        await page.set_viewport_size({"width": width, "height": SIZES[width]})
        await page.emulate_media(color_scheme=SCHEMES[width])
        await page.screenshot(path=ARTEFACTS / f"{name}-{width}.png")
        if not await page.evaluate("() => 'axe' in window"):
            await page.evaluate(axe.SOURCE)
        self.problems += axe.problems(f"{name}-{width}", await page.evaluate(axe.RUN, axe.TAGS))

    async def take_each(self, name: str, people: dict[int, Person]) -> None:
        """One person per width: a phone's page differs from a desktop's in more than its width."""
        for width, person in people.items():
            await self.take(name, person.page, width)


async def test_a_town_hall_from_the_waiting_to_the_end(tmp_path: Path, browser: Browser) -> None:
    pictures = Pictures()
    async with running(tmp_path) as (_, admin):
        town_hall = await admin.town_hall(title="Health workers abroad: questions to the Minister")
        async with _presenter(admin, town_hall):
            hosts = await _enter(browser, admin, town_hall, "host", ("Rutendo Moyo", "Anesu Gumbo"), query="?demo")
            guests = await _enter(browser, admin, town_hall, "attendee", ("Nomvula Ndlovu-Mpofu", "Farai Chidzonga"))
            await _backstage(pictures, hosts, guests)
            await _on_air(pictures, hosts, guests)
            await _on_stage(pictures, hosts, guests)
            await _closed(pictures, hosts, guests)
        await _link_error(pictures, browser, admin.server)
        assert [person.errors() for person in (*hosts.values(), *guests.values())] == [[]] * 4
    assert pictures.problems == []


async def test_administration_from_the_set_up_to_the_links(tmp_path: Path, browser: Browser) -> None:
    pictures = Pictures()
    async with Server(tmp_path) as server:
        page = await (await browser.new_context()).new_page()
        errors: list[str] = []
        page.on("console", lambda message: errors.append(message.text) if message.type == "error" else None)
        secret = await open_set_up(page, server)
        for width in SIZES:
            await pictures.take("setup", page, width)
        await make_account(page, secret)
        await _schedule(page)
        for width in SIZES:
            await pictures.take("admin-links", page, width)
        await page.get_by_role("button", name="Links").first.click()
        for width in SIZES:
            await pictures.take("admin-list", page, width)
        await page.get_by_role("button", name="Log out").click()
        await expect(page.get_by_role("heading", name="Log in")).to_be_visible()
        for width in SIZES:
            await pictures.take("login", page, width)
        assert errors == []
    assert pictures.problems == []


async def _enter(
    browser: Browser, admin: Administrator, town_hall: str, role: str, names: tuple[str, str], query: str = ""
) -> dict[int, Person]:
    """One person per width."""
    return {
        width: await enter(browser, admin, town_hall, role, name=name, query=query, width=width)
        for width, name in zip(SIZES, names, strict=True)
    }


async def _backstage(pictures: Pictures, hosts: dict[int, Person], guests: dict[int, Person]) -> None:
    await pictures.take_each("waiting", guests)
    for guest in guests.values():
        await act(guest, "raise-hand")
    await expect(hosts[390].page.get_by_role("button", name="Console · 2 hands")).to_be_visible()
    await expect(hosts[1280].page.get_by_role("heading", name="Three things to try")).to_be_visible()
    await _shown(*hosts.values())
    await pictures.take_each("host-backstage", hosts)
    await hosts[390].page.get_by_role("button", name="Console · 2 hands").click()
    await pictures.take("host-backstage-console", hosts[390].page, 390)
    await hosts[1280].page.get_by_role("button", name="Hide these hints").click()


async def _on_air(pictures: Pictures, hosts: dict[int, Person], guests: dict[int, Person]) -> None:
    await hosts[1280].page.get_by_role("button", name="Start").click()
    await _shown(*guests.values())
    await pictures.take_each("audience", guests)
    await pictures.take_each("host-on-air", hosts)
    for guest in ("Nomvula Ndlovu-Mpofu", "Farai Chidzonga"):
        await hosts[1280].page.get_by_role("button", name=f"Invite {guest} to speak").first.click()
    for person in guests.values():
        await expect(person.page.get_by_role("heading", name="You are invited to speak")).to_be_visible()
    await pictures.take_each("invited", guests)


async def _on_stage(pictures: Pictures, hosts: dict[int, Person], guests: dict[int, Person]) -> None:
    for person in guests.values():
        await person.page.get_by_role("button", name="Accept and speak").click()
        await expect(person.page.locator("[data-act=leave-stage]")).to_be_visible()
    await act(guests[390], "camera")
    await _shown(*guests.values())
    await pictures.take_each("on-stage", guests)
    await expect(hosts[1280].page.get_by_role("heading", name="On stage (3 of 8)")).to_be_visible()
    await pictures.take_each("host-guests-on-stage", hosts)


async def _closed(pictures: Pictures, hosts: dict[int, Person], guests: dict[int, Person]) -> None:
    await hosts[1280].page.get_by_role("button", name="Close…").click()
    await hosts[1280].page.get_by_role("button", name="Close for everybody").click()
    for person in guests.values():
        await expect(person.page.get_by_role("heading", name="The town hall has ended")).to_be_visible()
    await pictures.take_each("closed", guests)


async def _link_error(pictures: Pictures, browser: Browser, server: Server) -> None:
    stray = await Person.open(browser, server.url, "no-such-token-0123456789")
    await expect(stray.page.get_by_role("heading", name="This link is not known here")).to_be_visible()
    for width in SIZES:
        await pictures.take("link-error", stray.page, width)
    # The browser itself reports the refused exchange; nothing else may be there.
    assert len(stray.errors()) == 1
    assert "Failed to load resource" in stray.errors()[0]


async def _schedule(page: Page) -> None:
    """Two town halls in different phases; the second's links are open, one of them just made."""
    for title in ("Investing at home: pensions, property and the Diaspora Bond", "Health workers abroad"):
        await page.get_by_role("button", name="New town hall").click()
        await page.get_by_label("Title").fill(title)
        await page.get_by_role("button", name="Create").click()
        await expect(page.get_by_role("heading", name=title)).to_be_visible()
    await page.get_by_role("button", name="Open backstage").first.click()
    await page.get_by_role("button", name="Links").first.click()
    await page.get_by_role("button", name="Make a link").click()
    await page.get_by_label("For").select_option("host")
    await page.get_by_label("Name (optional)").fill("Rutendo Moyo")
    await page.get_by_role("button", name="Make a link").click()
    await expect(page.get_by_text("Host · Rutendo Moyo")).to_be_visible()


async def _shown(*people: Person) -> None:
    """Each of them sees a moving picture."""
    for person in people:
        await expect(person.page.locator("room-tile video.shown").first).to_be_visible()


@asynccontextmanager
async def _presenter(admin: Administrator, town_hall: str) -> AsyncIterator[None]:
    """The demonstration's presenter on seat 1, in a process of its own."""
    token = await admin.link(town_hall, "speaker", name="Simulated presenter")
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "room_server.demo.presenter", "--url", admin.server.url, f"--token={token}"
    )
    try:
        yield
    finally:
        if process.returncode is None:
            process.terminate()
        await process.wait()
