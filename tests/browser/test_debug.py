"""The panel that `?debug` opens: figures of a real connection, a call report, pictures, axe."""

import asyncio
import json
from pathlib import Path

import pytest
from playwright.async_api import expect

from tests.browser.people import enter, go_on_stage
from tests.support import axe
from tests.support.browser import chromium, until
from tests.support.server import running

ARTEFACTS = Path(__file__).parents[2] / "build" / "artefacts" / "debug"
pytestmark = [pytest.mark.browser, pytest.mark.timeout(120)]


async def test_what_the_panel_says_of_a_good_link(tmp_path: Path) -> None:
    ARTEFACTS.mkdir(parents=True, exist_ok=True)
    async with running(tmp_path) as (server, admin), chromium() as browser:
        town_hall = await admin.town_hall()
        host = await enter(browser, admin, town_hall, "host", name="Rutendo")
        await go_on_stage(host)
        await host.page.locator("room-phase-bar button.primary").click()
        guest = await enter(browser, admin, town_hall, "attendee", name="Farai", width=390)
        for person in (host, guest):
            await person.page.get_by_role("button", name="Show how the connection is").click()
        readings = "() => window.__recorder.history.length >= 6"
        await guest.page.wait_for_function(readings)
        panel = guest.page.get_by_role("complementary", name="Connection")
        table = panel.get_by_role("region", name="What comes in")
        await expect(table.get_by_role("cell", name="VP8")).to_be_visible()
        await expect(table.get_by_role("cell", name="opus").first).to_be_visible()
        await expect(panel.get_by_text("UDP host")).to_be_visible()
        await expect(
            host.page.get_by_role("region", name="What goes out").get_by_role("cell", name="Picture f")
        ).to_be_visible()

        findings = await guest.evaluate("() => window.__recorder.findings.map(({ code }) => code)")
        assert not {"loss-down", "loss-up", "slow", "disconnected", "nothing-arrives"} & set(findings), findings

        async with guest.page.expect_download() as download:
            await panel.get_by_role("button", name="Save the call report").click()
        report = json.loads(await asyncio.to_thread(Path(await (await download.value).path()).read_text))
        assert report["state"] == "connected"
        assert report["latest"]["incoming"]
        assert report["minutes"][0]["downKbps"] > 0
        assert any(line["what"] == "media connected" for line in report["happenings"])
        assert "Farai" not in json.dumps(report)

        problems = []
        for name, person, width in (("host", host, 1280), ("guest", guest, 390)):
            await person.page.screenshot(path=ARTEFACTS / f"good-{name}-{width}.png")
            await person.evaluate(axe.SOURCE)
            problems += axe.problems(f"debug-{name}", await person.evaluate(axe.RUN, axe.TAGS))
        assert problems == []

        # The relay's own distributions have had the reports of both.
        async def reported() -> bool:
            metrics = await server.metrics()
            return all(
                metrics[f"room_relay_{name}_count"] > 0
                for name in ("rtt_seconds", "loss_down_ratio", "loss_up_ratio", "jitter_down_seconds")
            )

        await until(reported, what="reports in the distributions")
        assert host.errors() == guest.errors() == []
