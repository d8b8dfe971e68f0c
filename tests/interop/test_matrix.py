"""Everybody on stage with everybody: each publishes, and sees and hears each of the others, in every codec that it has.

`make matrix` runs it alone; the figures go to build/artefacts/matrix.json, and as a table to matrix.md beside it.
"""

import json
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

import pytest

from tests.interop.gathering import Gathering, Pair
from tests.support.network import Namespace
from tests.support.server import running

pytestmark = [pytest.mark.matrix, pytest.mark.timeout(180)]

# By the town hall's codec: who has it, and one who has not, whose own camera then sends VP8 to whoever shows that.
# Debian's GStreamer has no AV1 over RTP.
CLIENTS = {
    "vp8": ("Chromium", "Firefox", "aiortc", "GStreamer", "werift"),
    "h264": ("Chromium", "aiortc", "GStreamer", "Firefox"),
    "vp9": ("Chromium", "Firefox", "GStreamer", "aiortc"),
    "av1": ("Chromium", "Firefox", "aiortc"),
}
SECONDS = 10
ARTEFACTS = Path(__file__).parents[2] / "build" / "artefacts"


@pytest.fixture(scope="module")
def table() -> Iterator[dict[str, list[Pair]]]:
    """Pairs by the town hall's codec; written down when all have been watched, whatever came of it."""
    pairs: dict[str, list[Pair]] = {}
    yield pairs
    ARTEFACTS.mkdir(parents=True, exist_ok=True)
    figures = {codec: [asdict(pair) for pair in rows] for codec, rows in pairs.items()}
    (ARTEFACTS / "matrix.json").write_text(json.dumps(figures, indent=1))
    lines = ["| town hall | publisher | viewer | codec | sent, frames/s | decoded | size | colours off by | loudness |"]
    lines.append("|---|---|---|---|---|---|---|---|---|")
    lines += [_row(codec, pair) for codec, rows in pairs.items() for pair in rows]
    (ARTEFACTS / "matrix.md").write_text("\n".join(lines) + "\n")


@pytest.mark.parametrize("codec", CLIENTS)
async def test_everybody_sees_and_hears_everybody(tmp_path: Path, codec: str, table: dict[str, list[Pair]]) -> None:
    clients = CLIENTS[codec]
    # Firefox wants a namespace; inside one, everybody meets on the same addresses.
    with Namespace("10.77.0.1/24") as host, host.entered():
        async with (
            running(tmp_path, namespace=host) as (server, admin),
            Gathering(server, admin, host, tmp_path, seats=len(clients), codec=codec) as gathering,
        ):
            for client in clients:
                await gathering.bring(client)
            pairs = table[codec] = await gathering.watch(SECONDS)
            assert server.faults == []
    problems = [f"{pair}: {', '.join(pair.problems)}" for pair in pairs if pair.problems]
    assert not problems, "\n".join(problems)
    assert len(pairs) == len(clients) * (len(clients) - 1)


def _row(codec: str, pair: Pair) -> str:
    size = "x".join(str(edge) for edge in pair.size)
    picture = f"{pair.decoded:.1f} | {size} | {pair.colour_error:.0f}" if pair.shown else "has not the codec | |"
    names = f"{codec} | {pair.publisher} | {pair.viewer} | {pair.codec}"
    return f"| {names} | {pair.sent:.1f} | {picture} | {pair.loudness:.4f} |"
