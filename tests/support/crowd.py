"""A crowd of light clients in a process of its own: `python -m tests.support.crowd URL TOKEN COUNT OFFER_FILE`.

Each comes from an address of its own in 127.0.0.0/8. They exchange the link first and print a JSON line; at the first
line of input all join at once and print one when everybody is in or has failed; when the input ends, a last one with
what arrived, and they leave. A `*` in the token becomes a name of each member's own.
"""

import asyncio
import json
import statistics
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from room_server.session.plane import Use
from tests.support.client import TownHallClient
from tests.support.light import Identity, LightClient

# Where the recorded offers of pages that may speak have their send sections.
_STAGE: Mapping[Use, str] = {"microphone": "0", "camera": "1", "screen": "2"}


async def main(url: str, token: str, count: int, offer: str) -> None:
    identity = Identity()
    clients = [
        TownHallClient(url, token.replace("*", f"guest{i}"), name=f"Guest {i}", address=address_of(i))
        for i in range(count)
    ]
    try:
        await asyncio.gather(*(client.exchange() for client in clients))
        print(json.dumps({"exchanged": count}), flush=True)
        await asyncio.to_thread(sys.stdin.readline)
        began = time.monotonic()
        took = await asyncio.gather(*(_join(client, identity, offer) for client in clients), return_exceptions=True)
        print(json.dumps(_joined(took, time.monotonic() - began)), flush=True)
        await asyncio.to_thread(sys.stdin.read)
        media = [client.media for client in clients if isinstance(client.media, LightClient)]
        arrived = [sum(one.received.values()) for one in media]
        print(json.dumps({"packets": arrived, "undecryptable": sum(one.failed for one in media)}), flush=True)
    finally:
        await asyncio.gather(*(client.close() for client in clients))


def address_of(index: int) -> str:
    """The index-th loopback address, spread over networks."""
    return f"127.{1 + index // 62_500}.{index // 250 % 250}.{1 + index % 250}"


async def _join(client: TownHallClient, identity: Identity, offer: str) -> float:
    began = time.monotonic()
    await client.join_light(identity, offer, _STAGE if "a=sendonly" in offer else {})
    return time.monotonic() - began


def _joined(took: list[Any], seconds: float) -> dict[str, Any]:
    times = sorted(t for t in took if isinstance(t, float))
    failed = [repr(t) for t in took if not isinstance(t, float)]
    summary = {"median": statistics.median(times), "worst": times[-1]} if times else {}
    return {"joined": len(times), "failed": failed[:5], "seconds": seconds, **summary}


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], sys.argv[2], int(sys.argv[3]), Path(sys.argv[4]).read_bytes().decode()))
