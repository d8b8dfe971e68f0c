"""Every reason for which the relay drops a packet is explained where operators look it up."""

import re
from pathlib import Path

from room_server._relay import Relay

_API = Path(__file__).parents[2] / "room_server" / "api" / "API.md"


def test_every_reason_is_in_the_table_of_drops() -> None:
    relay = Relay(bind=["127.0.0.1"], port=0, workers=1)
    try:
        reasons = [name.removeprefix("drop_") for name in relay.metrics() if name.startswith("drop_")]
    finally:
        relay.close()
    table = _API.read_text().split("| reason | what was dropped |")[1]
    assert sorted(re.findall(r"^\| `(\w+)` \|", table, re.MULTILINE)) == sorted(reasons)
