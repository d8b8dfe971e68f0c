"""Everybody on stage with everybody: each publishes, and sees and hears each of the others, in every codec that it has.

`make matrix` runs it alone; the figures go to build/artefacts/matrix.json, and as a table to matrix.md beside it.
"""

import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest

from tests.interop.gathering import Gathering, Pair
from tests.support.network import Namespace
from tests.support.server import running

pytestmark = [pytest.mark.matrix, pytest.mark.timeout(180)]

# Who has which codec: Debian's Firefox gets its H.264 from the network, aiortc has VP8 and H.264, Debian's GStreamer
# no AV1 over RTP; what werift sends and gets is encoded and decoded elsewhere, which is done for VP8.
CLIENTS = {
    "vp8": ("Chromium", "Firefox", "aiortc", "GStreamer", "werift"),
    "h264": ("Chromium", "aiortc", "GStreamer"),
    "vp9": ("Chromium", "Firefox", "GStreamer"),
    "av1": ("Chromium", "Firefox"),
}
SECONDS = 10
ARTEFACTS = Path(__file__).parents[2] / "build" / "artefacts"


@pytest.mark.parametrize("codec", CLIENTS)
async def test_everybody_sees_and_hears_everybody(tmp_path: Path, codec: str) -> None:
    clients = CLIENTS[codec]
    # Firefox wants a namespace; inside one, everybody meets on the same addresses.
    with Namespace("10.77.0.1/24") as host, host.entered():
        async with (
            running(tmp_path, namespace=host) as (server, admin),
            Gathering(server, admin, host, tmp_path, seats=len(clients), codec=codec) as gathering,
        ):
            for client in clients:
                await gathering.bring(client)
            pairs = await gathering.watch(SECONDS)
    _write(codec, pairs)
    problems = [f"{pair}: {', '.join(found)}" for pair in pairs if (found := pair.problems(codec))]
    assert not problems, "\n".join(problems)
    assert len(pairs) == len(clients) * (len(clients) - 1)


def _write(codec: str, pairs: Sequence[Pair]) -> None:
    """Put this codec's figures beside those of the others."""
    ARTEFACTS.mkdir(parents=True, exist_ok=True)
    figures = ARTEFACTS / "matrix.json"
    known = json.loads(figures.read_text()) if figures.exists() else {}
    known[codec] = [asdict(pair) for pair in pairs]
    figures.write_text(json.dumps(known, indent=1))
    lines = [
        "| town hall | publisher | viewer | sent, frames/s | decoded, frames/s | size | colours off by | loudness |"
    ]
    lines.append("|---|---|---|---|---|---|---|---|")
    lines += [_row(name, row) for name in CLIENTS for row in known.get(name, [])]
    (ARTEFACTS / "matrix.md").write_text("\n".join(lines) + "\n")


def _row(codec: str, row: dict[str, Any]) -> str:
    size = "x".join(str(edge) for edge in row["size"])
    figures = f"{row['sent']:.1f} | {row['decoded']:.1f} | {size} | {row['colour_error']:.0f} | {row['loudness']:.4f}"
    return f"| {codec} | {row['publisher']} | {row['viewer']} | {figures} |"
