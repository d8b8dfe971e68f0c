"""Clients that nobody here wrote are on stage together: each publishes, and sees and hears each of the others."""

from pathlib import Path

import pytest

from tests.interop.gathering import Gathering
from tests.support.network import Namespace
from tests.support.server import running

pytestmark = [pytest.mark.browser, pytest.mark.interop, pytest.mark.timeout(180)]

CLIENTS = ("Chromium", "Firefox", "aiortc", "GStreamer", "werift")
SECONDS = 10


async def test_everybody_sees_and_hears_everybody(tmp_path: Path) -> None:
    # Firefox wants a namespace; inside one, everybody meets on the same addresses.
    with Namespace("10.77.0.1/24") as host, host.entered():
        async with (
            running(tmp_path, namespace=host) as (server, admin),
            Gathering(server, admin, host, tmp_path, seats=len(CLIENTS)) as gathering,
        ):
            for client in CLIENTS:
                await gathering.bring(client)
            pairs = await gathering.watch(SECONDS)
            problems = [f"{pair}: {', '.join(pair.problems)}" for pair in pairs if pair.problems]
            assert not problems, "\n".join(problems)
            assert len(pairs) == len(CLIENTS) * (len(CLIENTS) - 1)
