"""People whose network has one address family only, and a server that announces more addresses than reach it."""

from pathlib import Path

import pytest

from tests.browser.people import Anybody, enter, go_on_stage, stats, video_in
from tests.support.browser import chromium, until
from tests.support.link import link
from tests.support.network import Namespace
from tests.support.picture import write_tone, write_y4m
from tests.support.server import host_of, running

pytestmark = [pytest.mark.browser, pytest.mark.timeout(120)]

SIX, FOUR = "fd77::1", "10.77.0.1"
# On the server's own network, where nobody has it: a second line that is down, or a mistake in the configuration.
NOWHERE = "10.77.0.99"
FRAMES = 10


async def test_one_family_each_and_an_address_that_leads_nowhere(tmp_path: Path) -> None:
    tone, picture = write_tone(tmp_path / "tone.wav"), write_y4m(tmp_path / "picture.y4m", width=320, height=180)
    with Namespace(f"{SIX}/64", f"{FOUR}/24") as near, Namespace() as modern, Namespace() as old:
        async with (
            link(modern, near) as six,
            link(old, near) as four,
            running(tmp_path, namespace=near, media={"announce": [NOWHERE, FOUR, SIX]}) as (server, admin),
            chromium(video=picture, audio=tone, namespace=modern) as with_six,
            chromium(video=picture, audio=tone, namespace=old) as with_four,
        ):
            modern.ip(f"addr del {six.addresses[0]}/24 dev {six.device}")
            old.ip(f"addr del {four.addresses[1]}/64 dev {four.device}")
            hall = await admin.town_hall()
            people = []
            for browser, address, name in ((with_six, SIX, "Tendai Moyo"), (with_four, FOUR, "Ruth Ncube")):
                server.url = f"https://{host_of(address)}:{server.https_port}"
                people.append(await enter(browser, admin, hall, "host", "speaker", name=name))
                await go_on_stage(people[-1])
            for person, seat, address in ((people[0], 2, SIX), (people[1], 1, FOUR)):
                await until(lambda p=person, s=seat: _sees(p, s), what="a picture")
                assert await _way(person) == address


async def _sees(person: Anybody, seat: int) -> bool:
    frames = (await video_in(person)).get(seat)
    return frames is not None and frames.decoded >= FRAMES


async def _way(person: Anybody) -> str:
    """The relay's address on the pair of candidates in use."""
    remotes = {entry["id"]: entry["address"] for entry in await stats(person, "remote-candidate")}
    [pair] = [entry for entry in await stats(person, "candidate-pair") if entry.get("nominated")]
    return str(remotes[pair["remoteCandidateId"]]).strip("[]")
