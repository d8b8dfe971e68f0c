"""What people do on the pages, in the words of the pages, and the figures that their browsers keep."""

import re
from dataclasses import dataclass
from functools import partial
from typing import Any

import pyotp
from playwright.async_api import Browser, Page, expect

from tests.support.browser import QUADRANT_COLOURS, Person, until
from tests.support.firefox import Firefox, FirefoxPerson
from tests.support.server import Administrator, Server

Anybody = Person | FirefoxPerson
_SCREEN = 100
_PASSWORD = "correct horse battery"
RAW_MICROPHONE = """{
  const open = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices);
  const raw = { echoCancellation: false, noiseSuppression: false, autoGainControl: false };
  navigator.mediaDevices.getUserMedia = (wanted) =>
    open({ ...wanted, audio: wanted.audio && { ...(wanted.audio === true ? {} : wanted.audio), ...raw } });
}"""
"""A page's script for a microphone whose tone is what another page plays: an echo canceller would take it out."""


async def enter(
    browser: Browser | Firefox,
    admin: Administrator,
    town_hall: str,
    *roles: str,
    name: str,
    query: str = "?debug",
    width: int = 1280,
    script: str = "",
) -> Anybody:
    """Open a link of these roles and press Join; returns once the page shows the town hall.

    `script` runs in the page before its own.
    """
    token = await admin.link(town_hall, *roles, name=name)
    opened = browser.open if isinstance(browser, Firefox) else partial(Person.open, browser)
    person = await opened(admin.server.url, token, query=query, width=width, script=script)
    await person.fill("room-entry input[name=name]", name)
    await person.click("room-entry button.primary")
    await person.shown("room-page")
    return person


async def open_set_up(page: Page, server: Server) -> str:
    """Open the printed set-up link; the authenticator's secret."""
    found = await until(lambda: _set_up_token(server), what="the set-up link")
    await page.goto(f"{server.url}/setup#{found}")
    assert "#" not in page.url
    await expect(page.get_by_role("img", name="QR code for the authenticator app")).to_be_visible()
    return re.sub(r"\s", "", await page.locator("room-account code").inner_text())


async def set_up(page: Page, server: Server) -> str:
    """Make the first account as the page says; the authenticator's secret."""
    secret = await open_set_up(page, server)
    await make_account(page, secret)
    return secret


async def make_account(page: Page, secret: str) -> None:
    """Fill in the form that the set-up link opened; returns once administration is open."""
    await page.get_by_label("Name").fill("rutendo")
    await page.get_by_label("Password").fill(_PASSWORD)
    await page.get_by_label("Code").fill(pyotp.TOTP(secret).now())
    await page.get_by_role("button", name="Make the account").click()
    await page.wait_for_url("**/admin")


async def _set_up_token(server: Server) -> str | None:
    found = re.search(r"/setup#([A-Za-z0-9_-]+)", "".join(server.output))
    return found.group(1) if found else None


async def act(person: Anybody, name: str) -> None:
    """Press the control of the dock that does this."""
    await person.click(f"[data-act={name}]")


async def go_on_stage(person: Anybody, *, camera: bool = True) -> None:
    """Take a seat by right; the microphone opens with it, the camera by its own button."""
    await act(person, "take-seat")
    await person.shown("[data-act=leave-stage]")
    if camera:
        await act(person, "camera")
        await until(lambda: sending(person, "video"), what="the camera's packets")


@dataclass(frozen=True)
class Frames:
    """Counters of one receive slot: frames, the decoder's picture size, and the sound's energy."""

    mid: str
    received: int
    decoded: int
    dropped: int
    freezes: int
    lost: int
    width: int
    height: int
    keyframes: int


async def stats(person: Anybody, kind: str) -> list[dict[str, Any]]:
    """The entries of `getStats` with this type."""
    entries: list[dict[str, Any]] = await person.evaluate("() => window.__room.stats()")
    return [entry for entry in entries if entry["type"] == kind]


async def sending(person: Anybody, kind: str) -> bool:
    return any(entry["kind"] == kind and entry["packetsSent"] > 0 for entry in await stats(person, "outbound-rtp"))


async def video_in(person: Anybody) -> dict[int, Frames]:
    """Every video slot that has ever received, by the seat that feeds it."""
    seats = {slot["mid"]: slot["seat"] for slot in await person.evaluate("() => window.__room.slots")}
    found = {}
    for entry in await stats(person, "inbound-rtp"):
        if entry["kind"] == "video" and entry.get("framesReceived"):
            found[seats[entry["mid"]]] = Frames(
                mid=entry["mid"],
                received=entry["framesReceived"],
                decoded=entry["framesDecoded"],
                dropped=entry.get("framesDropped", 0),
                freezes=entry.get("freezeCount", 0),
                lost=entry.get("packetsLost", 0),
                width=entry.get("frameWidth", 0),
                height=entry.get("frameHeight", 0),
                keyframes=entry.get("keyFramesDecoded", 0),
            )
    return found


async def audio_energy(person: Anybody) -> dict[int, float]:
    """Sound energy so far of each audio slot, by seat."""
    seats = {slot["mid"]: slot["seat"] for slot in await person.evaluate("() => window.__room.slots")}
    entries = [entry for entry in await stats(person, "inbound-rtp") if entry["kind"] == "audio"]
    return {
        seats[entry["mid"]]: entry.get("totalAudioEnergy", 0.0) for entry in entries if entry.get("packetsReceived")
    }


@dataclass(frozen=True)
class Sound:
    """Counters of one audio slot: energy (`totalAudioEnergy`), seconds, and samples, some of which were made up."""

    energy: float
    seconds: float
    samples: int
    concealed: int


async def sound_in(person: Anybody) -> dict[int, Sound]:
    """Every audio slot that has ever received, by the seat that feeds it."""
    seats = {slot["mid"]: slot["seat"] for slot in await person.evaluate("() => window.__room.slots")}
    return {
        seats[entry["mid"]]: Sound(
            energy=entry["totalAudioEnergy"],
            seconds=entry["totalSamplesDuration"],
            samples=entry["totalSamplesReceived"],
            concealed=entry["concealedSamples"],
        )
        for entry in await stats(person, "inbound-rtp")
        if entry["kind"] == "audio" and entry.get("packetsReceived")
    }


async def followed(viewer: Anybody) -> Frames:
    """The slot that shows whoever speaks; a phone has one for people."""
    return next(frames for seat, frames in (await video_in(viewer)).items() if seat != _SCREEN)


async def watches(viewer: Anybody, shape: tuple[int, int]) -> bool:
    """Whether the picture of people has this shape, whatever its layer."""
    found = [frames for seat, frames in (await video_in(viewer)).items() if seat != _SCREEN]
    return any(frames.width * shape[1] == frames.height * shape[0] for frames in found)


async def frames_sent(person: Anybody) -> dict[str, int]:
    """Frames sent per layer (rid) of the camera."""
    return {
        entry["rid"]: entry.get("framesSent", 0)
        for entry in await stats(person, "outbound-rtp")
        if entry["kind"] == "video" and entry.get("rid") and entry.get("framesSent")
    }


async def quadrants(person: Anybody, seat: int) -> list[list[float]]:
    """Average colours of the picture in this seat's tile: top left, top right, bottom left, bottom right."""
    found: list[list[float]] = await person.evaluate_on(f'room-tile[data-seat="{seat}"] video', QUADRANT_COLOURS)
    return found
