"""The join page against a real server: the way in, the invitation, coming back, and every way out."""

from pathlib import Path

import pytest
from playwright.async_api import Browser, expect

from tests.browser.people import act, audio_energy, enter, go_on_stage
from tests.support.browser import Person, until
from tests.support.server import Administrator, Server, running

pytestmark = [pytest.mark.browser, pytest.mark.timeout(120)]

# What a join may cost a listener whose every kilobyte is paid for.
LARGEST_OFFER = {8: 12_000, 16: 18_000}
# Counts what the page asks the browser for; it would otherwise be granted silently by the fake devices.
COUNT_PERMISSIONS = """() => {
  window.__asked = [];
  for (const name of ["getUserMedia", "getDisplayMedia"]) {
    const original = navigator.mediaDevices[name].bind(navigator.mediaDevices);
    navigator.mediaDevices[name] = (wanted) => {
      window.__asked.push([name, Object.keys(wanted).sort().join()]);
      return original(wanted);
    };
  }
}"""


@pytest.mark.parametrize("seats", [8, 16])
async def test_an_attendees_offer_is_small_and_a_phones_smaller(tmp_path: Path, browser: Browser, seats: int) -> None:
    async with running(tmp_path) as (_, admin):
        town_hall = await admin.town_hall(seats=seats)
        desktop = await enter(browser, admin, town_hall, "attendee", name="Desktop")
        phone = await enter(browser, admin, town_hall, "attendee", name="Phone", width=390)
        sizes = [await person.evaluate("() => __room.offerBytes") for person in (desktop, phone)]
        kinds = [[slot["kind"] for slot in await person.evaluate("() => __room.slots")] for person in (desktop, phone)]
        assert sizes[1] < sizes[0] <= LARGEST_OFFER[seats]
        assert [k.count("video") for k in kinds] == [seats + 1, 2]
        assert [k.count("audio") for k in kinds] == [seats + 1, seats + 1]


async def test_the_link_leaves_the_address_bar_and_a_listener_is_asked_for_nothing(
    browser: Browser, hall: tuple[Server, Administrator, str]
) -> None:
    _, admin, town_hall = hall
    token = await admin.link(town_hall, "attendee")
    person = await Person.open(browser, admin.server.url, token)
    await person.evaluate(COUNT_PERMISSIONS)
    assert "#" not in person.page.url
    assert token not in await person.evaluate(
        "() => JSON.stringify([...Object.entries(localStorage), ...Object.entries(sessionStorage)])"
    )
    await person.page.get_by_role("button", name="Join").click()
    await expect(person.page.get_by_role("heading", name="The town hall has not started yet")).to_be_visible()
    await until(lambda: _connected(person), what="media of a listener")
    assert await person.evaluate("() => __asked") == []
    assert await person.evaluate("() => __room.negotiationNeeded") == 1
    assert person.errors() == []


async def test_from_the_raised_hand_to_the_stage_and_back(
    browser: Browser, hall: tuple[Server, Administrator, str]
) -> None:
    _, admin, town_hall = hall
    host = await enter(browser, admin, town_hall, "host", name="Rutendo Moyo")
    asker = await enter(browser, admin, town_hall, "attendee", name="Nomvula Ndlovu")
    await asker.evaluate(COUNT_PERMISSIONS)
    await host.page.get_by_role("button", name="Start").click()
    await act(asker, "raise-hand")
    await expect(asker.page.locator("room-page").get_by_text("You are next")).to_be_visible()
    await host.page.get_by_role("button", name="Invite Nomvula Ndlovu to speak").first.click()
    await asker.page.get_by_role("button", name="Accept and speak").click()

    await expect(asker.page.locator("room-page").get_by_text("You are on stage. Everybody hears you.")).to_be_visible()
    assert await asker.evaluate("() => __asked") == [["getUserMedia", "audio"]]
    await until(lambda: _hears(host, 1), what="the asker's voice at the host")
    await expect(host.page.get_by_role("heading", name="Raised hands (0)")).to_be_visible()

    await host.page.get_by_role("button", name="Mute Nomvula Ndlovu", exact=True).click()
    await expect(asker.page.locator("room-page").get_by_text("A moderator has muted you")).to_be_visible()
    await act(asker, "microphone")
    await expect(asker.page.locator("room-page").get_by_text("Everybody hears you.")).to_be_visible()

    await act(asker, "leave-stage")
    await expect(asker.page.locator("[data-act=raise-hand]")).to_be_visible()
    assert await asker.evaluate("() => __room.negotiationNeeded") == 1
    assert [p.errors() for p in (host, asker)] == [[], []]


async def test_a_declined_invitation_asks_for_nothing(
    browser: Browser, hall: tuple[Server, Administrator, str]
) -> None:
    _, admin, town_hall = hall
    host = await enter(browser, admin, town_hall, "host", name="Rutendo Moyo")
    asker = await enter(browser, admin, town_hall, "attendee", name="Nomvula Ndlovu")
    await asker.evaluate(COUNT_PERMISSIONS)
    await host.page.get_by_role("button", name="Invite Nomvula Ndlovu to speak").first.click()
    await asker.page.get_by_role("button", name="Not now").click()
    await expect(asker.page.get_by_role("dialog")).to_have_count(0)
    assert await asker.evaluate("() => __asked") == []


async def test_a_reload_brings_back_the_same_seat_with_the_same_mute_state(
    browser: Browser, hall: tuple[Server, Administrator, str]
) -> None:
    _, admin, town_hall = hall
    host = await enter(browser, admin, town_hall, "host", name="Rutendo Moyo")
    speaker = await enter(browser, admin, town_hall, "speaker", name="Tapiwa Chikwanda")
    await go_on_stage(speaker, camera=False)
    await act(speaker, "microphone")
    await expect(speaker.page.locator("room-page").get_by_text("Your microphone is off")).to_be_visible()
    await speaker.page.reload()
    await expect(
        speaker.page.locator("room-page").get_by_text("You are on stage. Your microphone is off.")
    ).to_be_visible()
    await until(lambda: _connected(speaker), what="media after the reload")
    await expect(host.page.get_by_role("heading", name="On stage (1 of 8)")).to_be_visible()
    await act(speaker, "microphone")
    await until(lambda: _hears(host, 1), what="the voice after the reload")


async def test_a_lost_line_comes_back_without_a_tap(browser: Browser, hall: tuple[Server, Administrator, str]) -> None:
    _, admin, town_hall = hall
    listener = await enter(browser, admin, town_hall, "attendee", name="Farai")
    await act(listener, "raise-hand")
    await expect(listener.page.locator("room-page").get_by_text("You are next")).to_be_visible()
    await listener.page.context.set_offline(True)
    await listener.evaluate("() => document.querySelector('room-join').session.wire.socket.io.engine.close()")
    await expect(listener.page.locator("room-page").get_by_text("is being restored")).to_be_visible()
    await listener.page.context.set_offline(False)
    await expect(listener.page.locator("room-page").get_by_text("is being restored")).to_have_count(0, timeout=8_000)
    await expect(listener.page.locator("room-page").get_by_text("You are next")).to_be_visible()


async def test_a_lost_transport_is_made_anew_while_the_person_stays(
    browser: Browser, hall: tuple[Server, Administrator, str]
) -> None:
    _, admin, town_hall = hall
    host = await enter(browser, admin, town_hall, "host", name="Rutendo Moyo")
    speaker = await enter(browser, admin, town_hall, "speaker", name="Tapiwa Chikwanda")
    await go_on_stage(speaker, camera=False)
    await until(lambda: _hears(host, 1), what="the voice")
    await speaker.evaluate("() => document.querySelector('room-join').session.media.dispatchEvent(new Event('rejoin'))")
    await until(lambda: _connections(speaker, 2), what="a second connection")
    await until(lambda: _connected(speaker), what="its media")
    before = (await audio_energy(host))[1]
    await until(lambda: _energy_above(host, before), what="the voice over the new transport")


async def test_ice_restarts_within_the_running_connection(
    browser: Browser, hall: tuple[Server, Administrator, str]
) -> None:
    _, admin, town_hall = hall
    listener = await enter(browser, admin, town_hall, "attendee", name="Farai")
    await until(lambda: _connected(listener), what="media")
    running_connection = "document.querySelector('room-join').session.media.connection.pc"
    ufrag = f"() => {running_connection}.localDescription.sdp.match(/a=ice-ufrag:(.*)/)[1]"
    before = await listener.evaluate(ufrag)
    await listener.evaluate("() => dispatchEvent(new Event('online'))")
    await until(lambda: _differs(listener, ufrag, before), what="new ICE credentials")
    await until(lambda: _connected(listener), what="media after the restart")
    assert await listener.evaluate("() => [__room.connections, __room.negotiationNeeded]") == [1, 1]


async def test_a_second_page_takes_over_and_can_be_taken_back(
    browser: Browser, hall: tuple[Server, Administrator, str]
) -> None:
    _, admin, town_hall = hall
    first = await enter(browser, admin, town_hall, "attendee", name="Farai")
    second = await first.page.context.new_page()
    await second.goto(f"{admin.server.url}/j?debug")
    await expect(first.page.get_by_role("heading", name="You are taking part on another page")).to_be_visible()
    await expect(second.locator("room-page")).to_be_visible()
    await first.page.get_by_role("button", name="Take part here").click()
    await expect(first.page.locator("room-page")).to_be_visible()
    await expect(second.get_by_role("heading", name="You are taking part on another page")).to_be_visible()


async def test_the_removed_and_those_who_come_after_the_end_are_told_so(
    browser: Browser, hall: tuple[Server, Administrator, str]
) -> None:
    _, admin, town_hall = hall
    host = await enter(browser, admin, town_hall, "host", name="Rutendo Moyo")
    guest = await enter(browser, admin, town_hall, "attendee", name="Farai")
    late = await admin.link(town_hall, "attendee")
    await host.page.get_by_role("button", name="Remove Farai from the town hall").click()
    await host.page.locator("room-dialog").get_by_role("button", name="Remove").click()
    await expect(guest.page.get_by_role("heading", name="You were removed from this town hall")).to_be_visible()

    await host.page.get_by_role("button", name="Start").click()
    await host.page.get_by_role("button", name="Close…").click()
    await host.page.get_by_role("button", name="Close for everybody").click()
    await expect(host.page.get_by_role("heading", name="The town hall has ended")).to_be_visible()
    latecomer = await Person.open(browser, admin.server.url, late)
    await expect(latecomer.page.get_by_role("heading", name="This town hall is over")).to_be_visible()


@pytest.mark.parametrize(
    ("fragment", "heading"), [("#no-such-token-0123456789", "This link is not known here"), ("", "Open your link")]
)
async def test_a_link_that_leads_nowhere_says_what_to_do(
    browser: Browser, hall: tuple[Server, Administrator, str], fragment: str, heading: str
) -> None:
    server, _, _ = hall
    page = await browser.new_page()
    await page.goto(f"{server.url}/j{fragment}")
    await expect(page.get_by_role("heading", name=heading)).to_be_visible()
    await expect(page.get_by_role("link", name="To the start page")).to_be_visible()
    await page.close()


async def test_staff_must_give_a_name_and_a_guest_need_not(
    browser: Browser, hall: tuple[Server, Administrator, str]
) -> None:
    _, admin, town_hall = hall
    host = await Person.open(browser, admin.server.url, await admin.link(town_hall, "host"))
    await host.page.get_by_role("button", name="Join").click()
    await expect(host.page.get_by_role("alert")).to_have_text("Enter the name that others shall see.")
    await host.page.get_by_label("Your name").fill("Rutendo Moyo")
    await host.page.get_by_role("button", name="Join").click()
    await enter(browser, admin, town_hall, "attendee", name="")
    await expect(host.page.locator("room-page").get_by_text("Guest ")).to_be_visible()


async def _connected(person: Person) -> bool:
    return bool(await person.evaluate("() => window.__room?.state === 'connected'"))


async def _connections(person: Person, number: int) -> bool:
    return bool(await person.evaluate("() => __room.connections") == number)


async def _differs(person: Person, script: str, before: object) -> bool:
    return bool(await person.evaluate(script) != before)


async def _hears(person: Person, seat: int) -> bool:
    return (await audio_energy(person)).get(seat, 0) > 0


async def _energy_above(person: Person, energy: float) -> bool:
    return (await audio_energy(person)).get(1, 0) > energy
