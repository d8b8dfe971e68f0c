"""Child processes that are started again when they die, and stopped in order."""

import asyncio
import contextlib
import os
import sys
from collections.abc import Callable, Mapping, Sequence

# Doubled at every death in a row: a crash at start must not fill the terminal.
_FIRST_PAUSE = 1.0
_LONGEST_PAUSE = 10.0
# Whoever lived this long has started well; the next death counts as the first.
_WELL = 30.0
# The server tells its people before it goes; a client needs less.
_STOP_PATIENCE = 6.0
# Wrong settings, as `room_server.__main__` says it: starting again would change nothing.
MISCONFIGURED = 2


class Child:
    """One process under supervision. Its output appears line by line after its name."""

    def __init__(
        self,
        name: str,
        command: Sequence[str],
        environment: Mapping[str, str],
        say: Callable[[str], None] = print,
        *,
        finishes: bool = False,
    ) -> None:
        """`finishes`: its exit code 0 means that it has done its part."""
        self.name = name
        self.finished = asyncio.Event()
        """Set when it has done its part; it is not started again."""
        self._finishes = finishes
        self.fatal = asyncio.Event()
        """Set when it ended as wrongly configured; it is not started again."""
        self._command = [sys.executable, "-m", *command]
        self._environment = {**os.environ, **environment}
        self._say = say
        self._process: asyncio.subprocess.Process | None = None
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        self._task = asyncio.create_task(self._supervise(), name=self.name)

    async def stop(self) -> None:
        """SIGTERM, then SIGKILL for what does not go. Idempotent."""
        task, self._task = self._task, None
        if task is None:
            return
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task
        await self._end()

    async def _supervise(self) -> None:
        pause, loop = _FIRST_PAUSE, asyncio.get_running_loop()
        while True:
            started = loop.time()
            code = await self._run_once()
            if code == MISCONFIGURED:
                self.fatal.set()
                return
            if code == 0 and self._finishes:
                self.finished.set()
                return
            pause = _FIRST_PAUSE if loop.time() - started > _WELL else pause
            self._say(f"{self.name} ended ({_reason(code)}); starting it again in {pause:.0f} s")
            await asyncio.sleep(pause)
            pause = min(pause * 2, _LONGEST_PAUSE)

    async def _run_once(self) -> int:
        # A session of its own: Ctrl-C reaches the launcher only, which stops its children in order.
        self._process = await asyncio.create_subprocess_exec(
            *self._command,
            env=self._environment,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
            start_new_session=True,
        )
        assert self._process.stdout is not None
        while line := await _line(self._process.stdout):
            self._say(f"{self.name}: {line.decode(errors='replace').rstrip()}")
        return await self._process.wait()

    async def _end(self) -> None:
        process = self._process
        if process is None or process.returncode is not None:
            return
        with contextlib.suppress(ProcessLookupError):
            process.terminate()
        try:
            async with asyncio.timeout(_STOP_PATIENCE):
                # Read on, or a talkative child would block on a full pipe.
                await process.communicate()
        except TimeoutError:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            await process.wait()


async def _line(stream: asyncio.StreamReader) -> bytes:
    """The next line, of any length cut at the reader's limit; empty at the end."""
    try:
        return await stream.readline()
    except ValueError:
        return b"(a line too long to show)\n"


def _reason(code: int) -> str:
    return f"signal {-code}" if code < 0 else f"exit code {code}"
