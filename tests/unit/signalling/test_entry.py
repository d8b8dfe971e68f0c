"""join and resume: who comes in, what they are told, what they find again."""

import asyncio

from room_server.ids import TownHallId
from tests.unit.signalling.conftest import House, Page, until


async def test_join_tells_who_one_is_and_what_there_is(house: House) -> None:
    answer = await house.page().join(house.store.admit("ann"), " Ann\u200b ")
    assert answer["you"] == {"id": "ann", "name": "Ann", "roles": ["attendee"], "presence": "here"}
    snapshot = answer["snapshot"]
    assert snapshot["town_hall"] == {
        "id": "t",
        "title": "Budget",
        "starts_at": None,
        "language": "en",
        "seats": 3,
        "video_codec": "vp8",
    }
    assert (snapshot["phase"], snapshot["audience"], snapshot["speaker"]) == ("backstage", 1, 0)
    assert [seat["participant"] for seat in snapshot["stage"]] == [None, None, None]
    assert snapshot["permissions"][0] == "accept"
    assert "participants" not in snapshot
    assert "media" not in answer
    await until(lambda: house.store.people["ann"].name == "Ann")


async def test_an_offer_is_answered(house: House) -> None:
    answer = await house.page().join(house.store.admit("ann"), offer="sdp", publish={"microphone": "0"}, slots=2)
    assert answer["media"] == {
        "answer": "answer to sdp",
        "slots": [{"mid": "3", "kind": "audio", "seat": 1}],
        "codecs": ["vp8"],
    }
    assert house.plane.published["sdp"] == {"microphone": "0"}


async def test_everybody_is_told_in_what_a_seat_and_the_screen_are_sent(house: House) -> None:
    house.store.schedule("av1", video_codec="av1")
    host = await house.enter("host", "host", town_hall="av1", offer="h", publish={"camera": "1", "screen": "2"})
    assert host.entry["media"]["codecs"] == ["av1"]
    ann = await house.enter("ann", town_hall="av1")
    await host.do("take_seat")
    await host.do("set_media", camera=True, screen=True)
    seats = await ann.told("seats", screen="host")
    assert (seats["stage"][0]["codec"], seats["screen_codec"]) == ("av1", "av1")
    # A new transport without a camera says so at once; one kept over a resume changes nothing.
    resumed = await host.ask({"type": "resume", "credential": host.entry["credential"], "revision": 0})
    assert resumed["snapshot"]["stage"][0]["codec"] == "av1"
    await host.ask({"type": "resume", "credential": resumed["credential"], "revision": 0, "offer": "again"})
    seats = await ann.told("seats", screen_codec=None, screen="host")
    assert seats["stage"][0]["codec"] is None


async def test_staff_receive_backstage(house: House) -> None:
    await house.enter("host", "host", offer="h")
    await house.enter("ann", offer="a")
    assert (house.plane.session("h").staff, house.plane.session("a").staff) == (True, False)


async def test_a_bad_offer_lets_nobody_in(house: House) -> None:
    host = await house.enter("host", "host")
    answer = await house.page().join(house.store.admit("ann"), offer="bad")
    assert answer == {"error": "offer_malformed", "message": "That is no offer."}
    assert house.halls.people("t") == 1
    assert "joined" not in host.types()


async def test_credentials_rotate_and_a_lost_answer_locks_nobody_out(house: House) -> None:
    first = house.store.admit("ann")
    second = (await house.page().join(first))["credential"]
    assert second != first
    again = await house.page().join(first)
    assert "error" not in again
    third = (await house.page().join(again["credential"]))["credential"]
    assert (await house.page().join(first))["error"] == "credential_invalid"
    assert "error" not in await house.page().join(third)


async def test_forged_credentials_and_unknown_or_closed_or_full_town_halls(house: House) -> None:
    house.store.schedule("over", phase="closed")
    house.store.schedule("small", capacity=1)
    await house.page().join(house.store.admit("a", town_hall="small"))
    refused = {
        "credential_invalid": "forged-credential",
        "town_hall_unknown": house.store.admit("b", town_hall="nowhere"),
        "town_hall_closed": house.store.admit("c", town_hall="over"),
        "town_hall_full": house.store.admit("d", town_hall="small"),
    }
    for code, credential in refused.items():
        assert (await house.page().join(credential))["error"] == code
    assert house.halls.people("small") == 1
    assert house.halls.people("over") == 0


async def test_the_newest_page_wins_and_the_older_is_told(house: House) -> None:
    old = await house.enter("ann", offer="one")
    new = house.page()
    await new.join(old.entry["credential"], offer="two")
    await old.told("replaced")
    await asyncio.wait_for(old.closed.wait(), 5)
    assert house.plane.session("one").closed
    assert not house.plane.session("two").closed
    assert (await new.do("raise_hand"))["my_hand"] == 1
    assert house.halls.people("t") == 1


async def test_a_new_page_that_only_listens_in_ends_the_transport_of_the_older(house: House) -> None:
    old = await house.enter("ann", offer="one")
    new = house.page()
    await new.join(old.entry["credential"])
    assert house.plane.session("one").closed
    assert (await new.ask({"type": "restart", "offer": "one"}, "media"))["error"] == "no_media"


async def test_of_two_joins_at_the_gate_the_later_wins(house: House) -> None:
    house.plane.gate.clear()
    credential = house.store.admit("ann")
    pages = [await house.page().connect(), await house.page().connect()]
    asked = []
    for number, page in enumerate(pages):
        asked.append(asyncio.create_task(page.join(credential, offer=f"sdp{number}")))
        await house.plane.waiting.acquire()
    house.plane.gate.set()
    early, late = await asyncio.gather(*asked)
    assert early["error"] == "replaced"
    assert "error" not in late
    assert house.plane.session("sdp0").closed


async def test_a_resume_overtakes_a_join_at_the_gate(house: House) -> None:
    ann = await house.enter("ann")
    await ann.cut()
    house.plane.gate.clear()
    slow, quick = await house.page().connect(), await house.page().connect()
    asked = asyncio.create_task(slow.join(ann.entry["credential"], offer="sdp"))
    await house.plane.waiting.acquire()
    resumed = await quick.ask({"type": "resume", "credential": ann.entry["credential"], "revision": 0})
    assert "snapshot" in resumed
    house.plane.gate.set()
    assert (await asked)["error"] == "replaced"
    assert house.plane.session("sdp").closed
    assert (await quick.do("raise_hand"))["my_hand"] == 1


async def test_a_page_that_leaves_while_it_waits_at_the_gate_leaves_the_queue(house: House) -> None:
    house.plane.gate.clear()
    page = await house.page().connect()
    asked = asyncio.create_task(page.join(house.store.admit("ann"), offer="sdp"))
    await house.plane.waiting.acquire()
    asked.cancel()
    await page.cut()
    await until(lambda: not house.halls._running[TownHallId("t")]._entering)
    house.plane.gate.set()
    await house.enter("bob", offer="other")
    assert [session.name for session in house.plane.sessions] == ["other"]
    assert house.halls.people("t") == 1


async def test_a_second_join_waits_for_the_first(house: House) -> None:
    house.plane.gate.clear()
    page, credential = await house.page().connect(), house.store.admit("ann")
    first = asyncio.create_task(page.join(credential, offer="sdp"))
    await house.plane.waiting.acquire()
    assert (await page.join(credential))["error"] == "too_many"
    house.plane.gate.set()
    assert "error" not in await first


async def test_a_socket_belongs_to_one_person(house: House) -> None:
    page = await house.enter("ann")
    assert (await page.join(house.store.admit("bob")))["error"] == "malformed"
    assert house.halls.people("t") == 1


async def test_resume_brings_what_was_missed_and_keeps_the_transport(house: House) -> None:
    host = await house.enter("host", "host")
    ann = await house.enter("ann", offer="sdp")
    revision = (await ann.do("raise_hand"))["revision"]
    await ann.cut()
    await host.told("presence", participant="ann", presence="reconnecting")
    await host.do("invite", participant="ann")
    await host.do("take_seat")
    back = await house.page().connect()
    answer = await back.ask({"type": "resume", "credential": ann.entry["credential"], "revision": revision})
    assert "snapshot" not in answer
    kinds = [event["type"] for event in answer["events"]]
    assert kinds == ["invited", "seats", "audience", "my_hand", "speaker"]
    assert answer["events"][3] == {"type": "my_hand", "position": 1}
    assert not house.plane.session("sdp").closed
    await host.told("presence", participant="ann", presence="here")
    assert (await back.do("accept"))["seat"] == 2


async def test_resume_with_an_offer_makes_a_new_transport_on_the_same_seat(house: House) -> None:
    host = await house.enter("host", "host", offer="one", publish={"microphone": "0"})
    await host.do("take_seat")
    await host.do("set_media", microphone=True)
    await host.cut()
    house.plane.take()
    back = await house.page().connect()
    resume = {"type": "resume", "credential": host.entry["credential"], "revision": 0, "offer": "two"}
    answer = await back.ask(resume)
    assert answer["snapshot"]["stage"][0]["microphone"]
    assert answer["media"]["answer"] == "answer to two"
    assert house.plane.session("one").closed
    assert house.plane.take() == [
        ("clear", 1),
        ("assign", 1, "two", "microphone", "camera"),
        ("gate", 1, True, False),
    ]


async def test_resume_with_other_roles_brings_a_snapshot(house: House) -> None:
    ann = await house.enter("ann")
    house.store.grant("ann", "moderator")
    back = await house.page().connect()
    answer = await back.ask(
        {"type": "resume", "credential": ann.entry["credential"], "revision": ann.entry["revision"]}
    )
    assert [person["id"] for person in answer["snapshot"]["participants"]] == ["ann"]
    assert "invite" in answer["snapshot"]["permissions"]


async def test_after_a_restart_people_find_the_town_hall_as_it_was(house: House) -> None:
    host = await house.enter("host", "host")
    ann = await house.enter("ann")
    await host.do("start")
    await host.told("phase", phase="live")
    await house.stop()
    assert (await ann.told("restarting"))["seconds"] > 0
    for page in (host, ann):
        await asyncio.wait_for(page.closed.wait(), 5)
    await house.start()
    back = Page(house.url)
    house.pages.append(back)
    await back.connect()
    revision = host.batches[-1]["revision"]
    answer = await back.ask({"type": "resume", "credential": host.entry["credential"], "revision": revision})
    assert answer["snapshot"]["phase"] == "live"
    assert answer["you"]["name"] == "Host"
    assert answer["revision"] > revision
    assert house.plane.calls[:2] == [("open", "t", 3), ("air", "on_air")]
