"""A crowd of light clients in a process of its own: `python -m tests.support.crowd URL TOKEN COUNT OFFER_FILE`.

All join at once, each from an address of its own in 127.0.0.0/8. Prints one JSON line when everybody is in or has
failed, another with what arrived when its input ends, and leaves.
"""

import asyncio
import json
import statistics
import sys
import time
from pathlib import Path
from typing import Any

from tests.support.client import TownHallClient
from tests.support.light import Identity, LightClient


async def main(url: str, token: str, count: int, offer: str) -> None:
    identity = Identity()
    clients = [TownHallClient(url, token.replace("*", f"guest{i}"), name=f"Guest {i}", address=address_of(i)) for i in range(count)]
    try:
        began = time.monotonic()
        took = await asyncio.gather(*(_join(client, identity, offer) for client in clients), return_exceptions=True)
        print(json.dumps(_joined(took, time.monotonic() - began)), flush=True)
        await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)
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
    await client.join_light(identity, offer)
    return time.monotonic() - began


def _joined(took: list[Any], seconds: float) -> dict[str, Any]:
    times = sorted(t for t in took if isinstance(t, float))
    failed = [repr(t) for t in took if not isinstance(t, float)]
    summary = {"median": statistics.median(times), "worst": times[-1]} if times else {}
    return {"joined": len(times), "failed": failed[:5], "seconds": seconds, **summary}


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], sys.argv[2], int(sys.argv[3]), Path(sys.argv[4]).read_bytes().decode()))
