"""Real Chromium pages as people of a town hall: what a person does, and what their browser measures."""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from pathlib import Path
from typing import Any

from playwright.async_api import Browser, ConsoleMessage, Page, async_playwright

from tests.support.network import Namespace

CHROMIUM = "/usr/bin/chromium"
# No connection of the browser's own to anywhere; fake devices; no prompt.
FLAGS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
    "--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream",
    "--autoplay-policy=user-gesture-required",
    # Several pages in one headless browser: none is in the background.
    "--disable-backgrounding-occluded-windows", "--disable-renderer-backgrounding",
    "--disable-background-timer-throttling",
)  # fmt: skip


@contextlib.asynccontextmanager
async def chromium(
    *, video: Path | None = None, audio: Path | None = None, namespace: Namespace | None = None
) -> AsyncIterator[Browser]:
    """A browser whose camera shows `video` (y4m) and whose microphone hears `audio` (wav), inside `namespace`."""
    extra = []
    if video is not None:
        extra.append(f"--use-file-for-fake-video-capture={video}")
    if audio is not None:
        extra.append(f"--use-file-for-fake-audio-capture={audio}")
    inside = contextlib.nullcontext(CHROMIUM) if namespace is None else namespace.wrapper(CHROMIUM)
    with inside as program:
        async with async_playwright() as playwright:
            browser = await playwright.chromium.launch(
                executable_path=program, args=[*FLAGS, *extra], ignore_default_args=["--mute-audio"]
            )
            try:
                yield browser
            finally:
                await browser.close()


class Person:
    """One page of one person, in a browser profile of its own."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.console: list[str] = []
        page.on("console", self._note)
        page.on("pageerror", lambda error: self.console.append(f"pageerror: {error}"))

    @classmethod
    async def open(
        cls,
        browser: Browser,
        url: str,
        token: str,
        *,
        query: str = "?debug",
        width: int = 1280,
        height: int = 720,
        script: str = "",
    ) -> "Person":
        """Open the link as it was sent."""
        context = await browser.new_context(viewport={"width": width, "height": height}, ignore_https_errors=True)
        if script:
            await context.add_init_script(script)
        person = cls(await context.new_page())
        await person.page.goto(f"{url}/j{query}#{token}")
        return person

    async def close(self) -> None:
        await self.page.context.close()

    async def evaluate(self, script: str, argument: object = None) -> Any:
        return await self.page.evaluate(script, argument)

    async def evaluate_on(self, selector: str, script: str) -> Any:
        """What the function `script` makes of the element."""
        return await self.page.locator(selector).evaluate(script)

    async def shown(self, selector: str, *, seconds: float = 15) -> None:
        """Return once the element is visible."""
        await self.page.locator(selector).wait_for(timeout=seconds * 1000)

    async def click(self, selector: str) -> None:
        """Click, as a hand does, once the element is visible."""
        await self.page.locator(selector).click()

    async def fill(self, selector: str, text: str) -> None:
        """Replace what the field holds by typing."""
        await self.page.locator(selector).fill(text)

    def errors(self) -> list[str]:
        """What the console shows in red."""
        return [line for line in self.console if line.startswith(("error", "pageerror"))]

    def _note(self, message: ConsoleMessage) -> None:
        self.console.append(f"{message.type}: {message.text}")


async def until(
    check: Callable[[], Awaitable[Any]], *, seconds: float = 15, every: float = 0.05, what: str = ""
) -> Any:
    """The first truthy answer of `check`; AssertionError after `seconds`."""
    deadline = time.monotonic() + seconds
    answer: Any = None
    while time.monotonic() < deadline:
        answer = await check()
        if answer:
            return answer
        await asyncio.sleep(every)
    raise AssertionError(f"not within {seconds} s: {what or check} (last: {answer!r})")


def close_to(seen: Sequence[float], wanted: Sequence[float], *, tolerance: float) -> bool:
    """Whether two colours differ by at most `tolerance` in every channel."""
    return all(abs(a - b) <= tolerance for a, b in zip(seen, wanted, strict=True))


# Averages of the four quadrants of what a tile shows, away from edges and from the moving bar.
QUADRANT_COLOURS = """(video) => {
  const canvas = document.createElement("canvas");
  canvas.width = 64; canvas.height = 64;
  const context = canvas.getContext("2d", { willReadFrequently: true });
  context.drawImage(video, 0, 0, 64, 64);
  return [[8, 8], [40, 8], [8, 40], [40, 40]].map(([x, y]) => {
    const { data } = context.getImageData(x, y, 16, 16);
    const sum = [0, 0, 0];
    for (let at = 0; at < data.length; at += 4) for (const c of [0, 1, 2]) sum[c] += data[at + c];
    return sum.map((value) => value / (data.length / 4));
  });
}"""
