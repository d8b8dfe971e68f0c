"""Real Firefox pages as people of a town hall: the verbs of `tests.support.browser.Person`, in a network namespace.

Firefox reaches no candidate on loopback, and it looks around in the network; so it runs in a namespace always.
"""

import asyncio
import contextlib
import itertools
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

from tests.support.network import Namespace

FIREFOX = "/usr/bin/firefox-esr"
_DRIVER = Path(__file__).parents[2] / "web" / "tests" / "support" / "firefox.js"
# A cold start on two busy cores takes 10 s.
_START_SECONDS = 60
_STOP_SECONDS = 15
# A screenshot as base64 is not sent, the text of a page may be.
_LONGEST_LINE = 16 << 20


class Firefox:
    """One browser process; every page has a profile and a window of its own."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process
        self._ids = itertools.count()
        self._asked: dict[int, asyncio.Future[Any]] = {}
        self._people: dict[str, FirefoxPerson] = {}
        self._reader = asyncio.create_task(self._read())

    async def open(
        self, url: str, token: str, *, query: str = "?debug", width: int = 1280, height: int = 720, script: str = ""
    ) -> "FirefoxPerson":
        """Open the link as it was sent; `script` runs in the page before its own."""
        person = FirefoxPerson(self, f"page {next(self._ids)}")
        self._people[person.page] = person
        await self.ask(
            "open", page=person.page, url=f"{url}/j{query}#{token}", width=width, height=height, script=script
        )
        return person

    async def ask(self, verb: str, *, seconds: float = 30, **arguments: object) -> Any:
        """The driver's answer. AssertionError: what it says went wrong, or no answer in `seconds`."""
        assert self._process.stdin is not None
        number = next(self._ids)
        self._asked[number] = asyncio.get_running_loop().create_future()
        self._process.stdin.write(json.dumps({"id": number, "verb": verb, **arguments}).encode() + b"\n")
        try:
            async with asyncio.timeout(seconds):
                return await self._asked[number]
        except TimeoutError:
            raise AssertionError(f"Firefox: no answer to {verb} within {seconds} s") from None
        finally:
            del self._asked[number]

    async def close(self) -> None:
        """End the browser and wait for it."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        try:
            async with asyncio.timeout(_STOP_SECONDS):
                await self._process.wait()
        except TimeoutError:
            self._process.kill()
        await self._reader

    async def _read(self) -> None:
        assert self._process.stdout is not None
        async for line in self._process.stdout:
            message = json.loads(line)
            if "console" in message:
                self._people[message["page"]].console.append(message["console"])
            elif waiting := self._asked.get(message["id"]):
                if "error" in message:
                    waiting.set_exception(AssertionError(f"Firefox: {message['error']}"))
                else:
                    waiting.set_result(message["value"])
        for waiting in self._asked.values():
            if not waiting.done():
                waiting.set_exception(AssertionError("Firefox ended"))


class FirefoxPerson:
    """One page of one person. Selectors are CSS; each space reaches into shadow trees, as Playwright's do."""

    def __init__(self, browser: Firefox, page: str) -> None:
        self._browser, self.page = browser, page
        self.console: list[str] = []

    async def close(self) -> None:
        await self._ask("close")

    async def evaluate(self, script: str, argument: object = None) -> Any:
        """The value of an expression, or of a function called with `argument`; promises are awaited."""
        return await self._ask("evaluate", script=script, argument=argument)

    async def evaluate_on(self, selector: str, script: str) -> Any:
        """What the function `script` makes of the element."""
        return await self._ask("evaluateOn", selector=_piercing(selector), script=script)

    async def shown(self, selector: str, *, seconds: float = 15) -> None:
        """Return once the element is visible."""
        await self._ask("shown", selector=_piercing(selector), patience=seconds)

    async def click(self, selector: str) -> None:
        """Click, as a hand does, once the element is visible."""
        await self._ask("click", selector=_piercing(selector))

    async def fill(self, selector: str, text: str) -> None:
        """Replace what the field holds by typing."""
        await self._ask("fill", selector=_piercing(selector), text=text)

    async def screenshot(self, path: Path) -> None:
        await self._ask("screenshot", path=str(path))

    def errors(self) -> list[str]:
        """What the console shows in red."""
        return [line for line in self.console if line.startswith(("error", "pageerror"))]

    async def _ask(self, verb: str, *, patience: float = 15, **arguments: object) -> Any:
        # The driver gives up first, and says on what.
        return await self._browser.ask(verb, seconds=patience + 5, page=self.page, patience=patience, **arguments)


def _piercing(selector: str) -> str:
    return ">>> " + " >>> ".join(selector.split())


@contextlib.asynccontextmanager
async def firefox(namespace: Namespace) -> AsyncIterator[Firefox]:
    """The system's Firefox inside `namespace`, with fake devices and every certificate accepted."""
    process = await asyncio.create_subprocess_exec(
        *namespace.command("node", str(_DRIVER), FIREFOX),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        limit=_LONGEST_LINE,
    )
    browser = Firefox(process)
    try:
        await browser.ask("version", seconds=_START_SECONDS)
        yield browser
    finally:
        await browser.close()
