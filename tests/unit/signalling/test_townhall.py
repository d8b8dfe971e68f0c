"""A town hall over real sockets: what people do, and what others are told of it."""

import asyncio

from tests.unit.signalling.conftest import House, until

# What only staff may learn from.
STAFF_ONLY = {"joined", "left", "hands"}


async def test_two_pages_see_the_same_events_in_the_order_of_revisions(house: House) -> None:
    host = await house.enter("host", "host")
    moderator = await house.enter("mod", "moderator")
    for command in ("take_seat", "start", "raise_hand", "leave_stage", "raise_hand", "take_seat"):
        await asyncio.gather(host.ask({"type": command}), moderator.ask({"type": command}))
    last = (await host.do("rename", name="Last"))["revision"]
    for page in (host, moderator):
        await page.told("renamed", name="Last")
        revisions = [batch["revision"] for batch in page.batches]
        assert revisions == sorted(revisions)
        assert revisions[-1] == last
    assert [e for e in host.events if e["type"] == "seats"] == [e for e in moderator.events if e["type"] == "seats"]


async def test_every_command_acknowledges_its_revision(house: House) -> None:
    host = await house.enter("host", "host")
    before = host.entry["revision"]
    assert (await host.do("take_seat")) == {"revision": before + 1, "seat": 1}
    assert (await host.do("set_media", microphone=True)) == {"revision": before + 2}
    assert (await host.do("set_media", microphone=True)) == {"revision": before + 2}


async def test_start_and_close_reach_everybody_and_the_record(house: House) -> None:
    host = await house.enter("host", "host")
    ann = await house.enter("ann")
    await host.do("start")
    assert house.store.records["t"].phase == "live"
    await ann.told("phase", phase="live")
    await host.do("close")
    assert house.store.records["t"].phase == "closed"
    await ann.told("phase", phase="closed")
    assert (await ann.ask({"type": "raise_hand"}))["error"] == "wrong_phase"
    assert house.plane.calls[-2:] == [("air", "off"), ("close", "t")]


async def test_from_hand_to_stage_and_back(house: House) -> None:
    host = await house.enter("host", "host")
    ann = await house.enter("ann")
    bob = await house.enter("bob")
    assert (await ann.do("raise_hand"))["my_hand"] == 1
    assert (await bob.do("raise_hand"))["my_hand"] == 2
    await host.told("hands")
    await bob.told("my_hand", position=2)
    await host.do("invite", participant="ann")
    await ann.told("invited", participant="ann")
    assert (await ann.do("accept"))["seat"] == 1
    await bob.told("my_hand", position=1)
    seats = await bob.told("seats")
    assert seats["stage"][0]["participant"]["name"] == "Ann"
    assert not seats["stage"][0]["microphone"]
    assert "invited" not in bob.types()
    await ann.do("leave_stage")
    assert (await ann.ask({"type": "accept"}))["error"] == "not_invited"


async def test_an_attendee_never_receives_what_is_for_staff(house: House) -> None:
    host = await house.enter("host", "host")
    ann = await house.enter("ann")
    bob = await house.enter("bob")
    await bob.do("raise_hand")
    await bob.do("rename", name="Robert")
    await host.do("invite", participant="bob")
    await bob.do("decline")
    await bob.do("leave")
    await host.do("take_seat")
    await ann.told("seats")
    await host.told("left", participant="bob", reason="left")
    assert set(host.types()) >= STAFF_ONLY
    assert set(ann.types()) <= {"seats", "audience", "speaker"}
    revision = ann.batches[-1]["revision"]
    assert revision > ann.entry["revision"] + 5
    back = await house.page().connect()
    answer = await back.ask(
        {"type": "resume", "credential": ann.entry["credential"], "revision": ann.entry["revision"]}
    )
    assert [event["type"] for event in answer["events"]] == ["seats", "audience", "my_hand", "speaker"]


async def test_a_moderator_mutes_and_only_the_owner_opens(house: House) -> None:
    speaker = await house.enter("sam", "speaker")
    moderator = await house.enter("mod", "moderator")
    await speaker.do("take_seat")
    await speaker.do("set_media", microphone=True)
    await moderator.do("mute", participant="sam", kind="microphone")
    await until(lambda: any(e["stage"][0]["muted_by"] == "mod" for e in speaker.events if e["type"] == "seats"))
    assert (await moderator.ask({"type": "set_media", "microphone": True}))["error"] == "not_on_stage"


async def test_the_removed_are_out_at_once_and_for_good(house: House) -> None:
    host = await house.enter("host", "host")
    ann = await house.enter("ann", offer="sdp")
    await host.do("remove", participant="ann")
    await ann.told("removed")
    await asyncio.wait_for(ann.closed.wait(), 5)
    await host.told("left", participant="ann", reason="removed")
    assert house.plane.session("sdp").closed
    assert house.store.revoked == {"ann"}
    assert (await house.page().join(ann.entry["credential"]))["error"] == "removed"


async def test_a_page_that_leaves_belongs_to_nobody(house: House) -> None:
    host = await house.enter("host", "host")
    ann = await house.enter("ann", offer="sdp")
    await ann.do("leave")
    assert (await ann.ask({"type": "raise_hand"}))["error"] == "not_joined"
    assert house.plane.session("sdp").closed
    await ann.close()
    await host.told("left", participant="ann", reason="left")
    assert "presence" not in host.types()


async def test_a_lost_socket_shows_within_three_seconds(house: House) -> None:
    host = await house.enter("host", "host")
    ann = await house.enter("ann")
    await host.do("start")
    await ann.cut()
    async with asyncio.timeout(3):
        await host.told("presence", participant="ann", presence="reconnecting")
    assert house.halls.people("t") == 2


async def test_nobody_is_gone_while_their_media_flows(house: House) -> None:
    host = await house.enter("host", "host")
    await house.enter("ann", offer="sdp")
    ann, listener = house.pages[-1], house.plane.session("sdp").listener
    listener.media_state(True)
    assert (await ann.told("media_state"))["connected"] is True
    await ann.cut()
    await host.told("presence", participant="ann", presence="reconnecting")
    house.wait(61)
    assert house.halls.people("t") == 2
    listener.media_state(False)
    house.wait(59)
    assert house.halls.people("t") == 2
    house.wait(2)
    await host.told("left", participant="ann", reason="gone")
    assert house.plane.session("sdp").closed


async def test_an_invitation_ends_by_itself(house: House) -> None:
    host = await house.enter("host", "host")
    ann = await house.enter("ann")
    await ann.do("raise_hand")
    expires = (await host.do("invite", participant="ann"))["expires"]
    assert 19 < expires - house.clock() <= 20
    house.wait(20)
    for page in (host, ann):
        await page.told("invitation_ended", participant="ann", reason="expired")
    assert (await ann.do("raise_hand"))["my_hand"] == 1


async def test_the_speaker_is_told_to_all_and_kept_for_newcomers(house: House) -> None:
    ann = await house.enter("ann")
    house.plane.on_speaker(2)
    await ann.told("speaker", seat=2)
    bob = await house.enter("bob")
    assert bob.entry["snapshot"]["speaker"] == 2


async def test_lost_media_asks_for_a_new_offer(house: House) -> None:
    host = await house.enter("host", "host", offer="sdp")
    await host.do("take_seat")
    house.plane.take()
    house.plane.session("sdp").listener.media_gone("no_stun")
    assert (await host.told("rejoin"))["reason"] == "no_stun"
    assert house.plane.take() == [("clear", 1)]
    assert (await host.ask({"type": "restart", "offer": "sdp"}, "media"))["error"] == "no_media"
    assert (await host.do("set_media", microphone=True))["revision"]


async def test_the_audience_is_counted_at_most_every_two_seconds(house: House) -> None:
    first = await house.enter("host", "host")
    await first.told("audience", count=1)
    loop = asyncio.get_running_loop()
    begun = loop.time()
    for number in range(5):
        await house.enter(f"a{number}")
    await first.told("audience", count=6)
    assert loop.time() - begun > 1.5
    assert [event["count"] for event in first.events if event["type"] == "audience"] == [1, 6]
