"""Administration in a browser: from the printed set-up link to a link that people can open."""

from collections.abc import AsyncIterator
from pathlib import Path

import pyotp
import pytest
from playwright.async_api import Browser, Page, expect

from tests.browser.people import set_up
from tests.support.browser import until
from tests.support.server import Server

pytestmark = [pytest.mark.browser, pytest.mark.timeout(120)]


@pytest.fixture
async def server(tmp_path: Path) -> AsyncIterator[Server]:
    async with Server(tmp_path) as server:
        yield server


async def test_from_the_set_up_link_to_a_town_hall_with_links(browser: Browser, server: Server) -> None:
    page = await browser.new_page()
    secret = await set_up(page, server)
    await expect(page.get_by_role("heading", name="Town halls")).to_be_visible()

    await page.get_by_role("button", name="New town hall").click()
    await page.get_by_label("Title").fill("Trade with the diaspora")
    await page.get_by_role("button", name="Create").click()
    await expect(page.get_by_role("heading", name="Trade with the diaspora")).to_be_visible()

    await page.get_by_role("button", name="Links").click()
    await page.get_by_label("For").select_option("host")
    await page.get_by_label("Name (optional)").fill("Rutendo Moyo")
    await page.get_by_role("button", name="Make a link").click()
    address = await page.get_by_label("Address").input_value()
    await page.get_by_role("button", name="New address").click()
    await until(lambda: _address_differs(page, address), what="another address for the same link")
    fresh = await page.get_by_label("Address").input_value()

    await page.get_by_role("button", name="Open backstage").click()
    await expect(page.get_by_text("Backstage", exact=True)).to_be_visible()
    host = await browser.new_page()
    await host.goto(f"{server.url}/j#{fresh.split('#')[1]}")
    await expect(host.get_by_text("You are the host")).to_be_visible()
    await expect(host.get_by_label("Your name")).to_have_value("Rutendo Moyo")
    stale = await browser.new_page()
    await stale.goto(f"{server.url}/j#{address.split('#')[1]}")
    await expect(stale.get_by_role("heading", name="This link is not known here")).to_be_visible()

    await page.get_by_role("button", name="Add an administrator").click()
    colleague = await browser.new_page()
    path = (await page.locator("room-dialog").get_by_label("Address").input_value()).split("/setup")[1]
    await colleague.goto(f"{server.url}/setup{path}")
    await expect(colleague.get_by_role("heading", name="Set up this server")).to_be_visible()
    await page.get_by_role("button", name="Done").click()

    await page.get_by_role("button", name="Log out").click()
    await expect(page.get_by_role("heading", name="Log in")).to_be_visible()
    await page.get_by_label("Name").fill("rutendo")
    await page.get_by_label("Password").fill("not the password")
    await page.get_by_label("Code").fill(pyotp.TOTP(secret).now())
    await page.get_by_role("button", name="Log in").click()
    await expect(page.get_by_role("alert")).to_contain_text("Name, password or code is wrong")


async def test_a_link_is_revoked_and_a_town_hall_deleted_in_two_taps_each(browser: Browser, server: Server) -> None:
    page = await browser.new_page()
    await set_up(page, server)
    await page.get_by_role("button", name="New town hall").click()
    await page.get_by_label("Title").fill("Trade with the diaspora")
    await expect(page.get_by_label("Picture format")).to_have_value("vp8")
    await page.get_by_label("Picture format").select_option("h264")
    await page.get_by_role("button", name="Create").click()
    await expect(page.get_by_text("· H.264 ·")).to_be_visible()
    await page.get_by_role("button", name="Links").click()
    await page.get_by_role("button", name="Make a link").click()
    address = await page.get_by_label("Address").input_value()
    await page.get_by_role("button", name="Revoke…").click()
    await page.locator("room-dialog").get_by_role("button", name="Revoke").click()
    await expect(page.get_by_text("No link yet")).to_be_visible()
    guest = await browser.new_page()
    await guest.goto(f"{server.url}/j#{address.split('#')[1]}")
    await expect(guest.get_by_role("heading", name="This link is no longer valid")).to_be_visible()

    await page.get_by_role("button", name="Delete Trade with the diaspora…").click()
    await page.locator("room-dialog").get_by_role("button", name="Delete").click()
    await expect(page.get_by_text("No town hall yet")).to_be_visible()


async def test_a_set_up_link_that_was_used_leads_to_the_login(browser: Browser, server: Server) -> None:
    page = await browser.new_page()
    await page.goto(f"{server.url}/setup#no-such-token")
    await expect(page.get_by_role("heading", name="This link cannot set up the server")).to_be_visible()
    await page.get_by_role("link", name="To the login").click()
    await expect(page.get_by_role("heading", name="Log in")).to_be_visible()


async def _address_differs(page: Page, before: str) -> bool:
    return await page.get_by_label("Address").input_value() != before
