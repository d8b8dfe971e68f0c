"""A town hall in which every party, with a client of its own, is on stage, and sees and hears all the others."""

import asyncio
import contextlib
import time
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Self

from playwright.async_api import Browser

from tests.browser.people import enter
from tests.interop import parties
from tests.interop.parties import PICTURES, Account, PageParty, Party, SocketParty
from tests.support.browser import chromium
from tests.support.client import TownHallClient
from tests.support.clients import clips, scripted
from tests.support.firefox import Firefox, firefox
from tests.support.media_client import MediaClient
from tests.support.network import Namespace
from tests.support.server import Administrator, Server

# What quantisation, subsampling and each client's own conversion may move a flat colour by.
_COLOUR_TOLERANCE = 24
_LEAST_SHARE = 0.95
# Half of the quietest: Firefox has a fake microphone at -23 dBFS; the tone has -15, of which mono to stereo takes 3.
_LEAST_LOUDNESS = 1 / 400
_PAGES = {"Chromium", "Firefox"}
# Debian's Firefox would get its H.264 from the network; for werift everything is encoded and decoded elsewhere.
_CODECS = {
    "Chromium": {"vp8", "h264", "vp9", "av1"},
    "Firefox": {"vp8", "vp9", "av1"},
    "aiortc": {"vp8", "h264"},
    "werift": {"vp8"},
}
_SCRIPTED = {"GStreamer": scripted.gstreamer, "werift": scripted.werift}
# Many clients start at once on few cores.
_FIRST_PICTURES_SECONDS = 30


@dataclass(frozen=True)
class Pair:
    """What one viewer got of one publisher in a window of time."""

    publisher: str
    viewer: str
    wanted: str
    """The codec that the publisher's camera should send: the town hall's, or VP8 where it lacks that."""
    shown: bool
    """Whether the viewer has that codec. Who has not hears all the same."""
    codec: str
    """What the camera does send."""
    sent: float
    """Frames per second."""
    decoded: float
    """Frames per second."""
    size: tuple[int, int]
    colour_error: float
    """The largest difference of a channel of a quadrant from the known picture, 0..255."""
    loudness: float
    """Mean square of the sound, full scale 1."""

    @property
    def problems(self) -> list[str]:
        """What is wrong, in words."""
        wrong = {
            f"the codec is not {self.wanted}": self.codec != self.wanted,
            "hardly anything was sent": self.sent < parties.FPS / 2,
            "the tone is missing": self.loudness < _LEAST_LOUDNESS,
        }
        if self.shown:
            wrong |= {
                "frames are missing": self.decoded < _LEAST_SHARE * self.sent,
                "the picture has another size": self.size != (parties.WIDTH, parties.HEIGHT),
                "the picture has other colours": self.colour_error > _COLOUR_TOLERANCE,
            }
        else:
            wrong["there are frames of a codec that the viewer lacks"] = self.decoded > 0
        return [problem for problem, holds in wrong.items() if holds]

    def __str__(self) -> str:
        share = f"{self.decoded:.1f} of {self.sent:.1f} frames/s"
        return (
            f"{self.publisher} -> {self.viewer}: {self.codec}, {share}, {self.size[0]}x{self.size[1]}, "
            f"colours off by {self.colour_error:.0f}, loudness {self.loudness:.4f}"
        )


class Gathering:
    """Use as `async with`; `bring` everybody, then `watch`."""

    def __init__(
        self, server: Server, admin: Administrator, namespace: Namespace, directory: Path, *, seats: int, codec: str
    ) -> None:
        self.parties: list[Party] = []
        self._server, self._admin, self._namespace = server, admin, namespace
        self._directory, self._seats, self._codec = directory, seats, codec
        self._stack = contextlib.AsyncExitStack()
        self._town_hall = ""

    async def __aenter__(self) -> Self:
        self._town_hall = await self._admin.town_hall(seats=self._seats, video_codec=self._codec)
        token = await self._admin.link(self._town_hall, "host", name="Host")
        host = await self._stack.enter_async_context(TownHallClient(self._server.local_url, token, name="Host"))
        await host.join()
        await host.socket.command("start")
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._stack.aclose()

    async def bring(self, client: str) -> Party:
        """Somebody with this client takes the next seat."""
        seat = len(self.parties) + 1
        party = await self._page(client, seat) if client in _PAGES else await self._socket(client, seat)
        await party.take_seat()
        self.parties.append(party)
        return party

    async def watch(self, seconds: float) -> list[Pair]:
        """Every pair over the next `seconds`, once everybody gets from everybody what there is for them."""
        deadline = time.monotonic() + _FIRST_PICTURES_SECONDS
        while missing := await self._missing():
            assert time.monotonic() < deadline, f"no picture or sound: {', '.join(missing)}"
        before = await self._accounts()
        await asyncio.sleep(seconds)  # the window over which frames are counted
        after = await self._accounts()
        return [
            await self._pair(publisher, viewer, before, after)
            for publisher in self.parties
            for viewer in self.parties
            if viewer is not publisher
        ]

    async def _pair(
        self, publisher: Party, viewer: Party, before: Mapping[int, Account], after: Mapping[int, Account]
    ) -> Pair:
        seat, shown = publisher.seat, self._shows(viewer, publisher)
        first, last = before[seat], after[seat]
        return Pair(
            publisher=publisher.client,
            viewer=viewer.client,
            wanted=self._sends(publisher),
            shown=shown,
            codec=last.codec,
            sent=(last.sent - first.sent) / (last.at - first.at),
            colour_error=_colour_error(await viewer.colours(seat), seat) if shown else 0.0,
            **_received(before[viewer.seat], after[viewer.seat], seat),
        )

    def _has(self, party: Party) -> Collection[str]:
        # GStreamer offers what it is told to.
        return _CODECS.get(party.client, {self._codec})

    def _sends(self, publisher: Party) -> str:
        return self._codec if self._codec in self._has(publisher) else "vp8"

    def _shows(self, viewer: Party, publisher: Party) -> bool:
        return self._sends(publisher) in self._has(viewer)

    async def _accounts(self) -> dict[int, Account]:
        accounts = await asyncio.gather(*(party.account() for party in self.parties))
        return {party.seat: account for party, account in zip(self.parties, accounts, strict=True)}

    async def _missing(self) -> list[str]:
        """Who does not see and hear whom yet."""
        accounts = await self._accounts()
        return [
            f"{viewer.client} of {publisher.client}"
            for publisher in self.parties
            for viewer in self.parties
            if viewer is not publisher
            and not accounts[viewer.seat].complete(publisher.seat, picture=self._shows(viewer, publisher))
        ]

    async def _page(self, client: str, seat: int) -> Party:
        """In a browser of its own, since a browser has one camera."""
        browser: Browser | Firefox
        if client == "Firefox":
            browser = await self._stack.enter_async_context(firefox(self._namespace))
        else:
            clip = clips.raw(self._directory_of(seat), PICTURES[seat - 1])["camera"]["clip"]
            browser = await self._stack.enter_async_context(chromium(video=Path(clip), namespace=self._namespace))
        # Firefox's fake camera shows nothing that could be known before.
        script = parties.script(PICTURES[seat - 1] if client == "Firefox" else None)
        person = await enter(browser, self._admin, self._town_hall, "speaker", name=client, script=script)
        return PageParty(client, seat, person)

    def _directory_of(self, seat: int) -> Path:
        directory = self._directory / f"seat{seat}"
        directory.mkdir()
        return directory

    async def _socket(self, client: str, seat: int) -> Party:
        token = await self._admin.link(self._town_hall, "speaker", name=client)
        directory = self._directory_of(seat)
        slots = {"audio_slots": self._seats, "video_slots": self._seats}
        media: MediaClient | scripted.ScriptedClient
        if client == "aiortc":
            media = MediaClient(publish=await asyncio.to_thread(parties.tracks, directory, seat), **slots)
        else:
            # In a thread: encoding a clip would keep aiortc, which lives in this loop, from reading its socket.
            made = partial(_SCRIPTED[client], directory, PICTURES[seat - 1], codec=self._codec, **slots)
            media = await asyncio.to_thread(made)
        link = await self._stack.enter_async_context(TownHallClient(self._server.local_url, token, name=client))
        return SocketParty(client, seat, link, media)


def _received(before: Account, after: Account, seat: int) -> dict[str, Any]:
    seconds = after.at - before.at
    return {
        "decoded": (after.seen[seat].frames - before.seen[seat].frames) / seconds,
        "size": after.seen[seat].size,
        "loudness": (after.seen[seat].energy - before.seen[seat].energy) / seconds,
    }


def _colour_error(seen: Sequence[Sequence[float]], seat: int) -> float:
    wanted = PICTURES[seat - 1]
    assert len(seen) == len(wanted), f"no picture of seat {seat}"
    return max(abs(a - b) for got, colour in zip(seen, wanted, strict=True) for a, b in zip(got, colour, strict=True))
