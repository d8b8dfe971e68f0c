"""Microphones, cameras and the sound itself: pulled, plugged in again, taken by the system, muted by whom."""

import pytest
from playwright.async_api import Browser, expect

from tests.browser.people import act, audio_energy, enter, go_on_stage, video_in
from tests.support.browser import Person, until
from tests.support.server import Administrator

pytestmark = [pytest.mark.browser, pytest.mark.timeout(120)]

# Chromium's fake devices cannot be unplugged. What a page sees of it can be played: the track ends, the list shrinks.
UNPLUG = """(kind) => {
  const { publisher } = document.querySelector("room-join").session.media;
  const track = publisher.tracks[kind];
  const list = window.__list ??= navigator.mediaDevices.enumerateDevices.bind(navigator.mediaDevices);
  const gone = window.__gone ??= new Set();
  gone.add(track.getSettings().deviceId);
  navigator.mediaDevices.enumerateDevices = async () => (await list()).filter((one) => !gone.has(one.deviceId));
  track.stop();
  track.dispatchEvent(new Event("ended"));
  navigator.mediaDevices.dispatchEvent(new Event("devicechange"));
}"""
PLUG = """() => {
  window.__gone.clear();
  navigator.mediaDevices.dispatchEvent(new Event("devicechange"));
}"""
TRACKS = """() => {
  const { microphone, camera } = document.querySelector("room-join").session.media.publisher.tracks;
  return [microphone?.enabled ?? null, camera?.readyState ?? null];
}"""
# What the senders have: an encoder without a track sends nothing, and its device's lamp is out.
SENT = """() => document.querySelector("room-join").session.media.connection.pc.getSenders()
  .map((sender) => sender.track?.kind ?? null)"""
SENT_CAMERA = """() => document.querySelector("room-join").session.media.connection.senders.camera.sender.track"""
PACKETS = """() => __room.stats().then((all) => all
  .filter((one) => one.type === "inbound-rtp" && one.kind === "audio")
  .reduce((sum, one) => sum + one.packetsReceived, 0))"""
SEAT = "() => { const s = document.querySelector('room-join').session.room.stage[0]; return [s.microphone, s.camera]; }"


async def on_stage(browser: Browser, admin: Administrator) -> tuple[Person, Person]:
    """A speaker on seat 1 with microphone and camera, and the host who hears and sees them."""
    hall = await admin.town_hall()
    speaker = await enter(browser, admin, hall, "speaker", name="Tapiwa Chikwanda")
    host = await enter(browser, admin, hall, "host", name="Rutendo Moyo")
    await go_on_stage(speaker)
    await until(lambda: _sees(host), what="the speaker's picture")
    await until(lambda: _louder(host, 0), what="the speaker's voice")
    return speaker, host


async def test_what_was_on_when_it_was_pulled_is_on_when_it_is_plugged_in(
    browser: Browser, admin: Administrator
) -> None:
    speaker, host = await on_stage(browser, admin)
    for kind in ("microphone", "camera"):
        await speaker.evaluate(UNPLUG, kind)
        await expect(
            speaker.page.get_by_role("alert").get_by_text(f"Your {kind} was disconnected, and")
        ).to_be_visible()
    await until(lambda: _is(host, SEAT, [False, False]), what="both off for everybody")
    assert await speaker.evaluate(TRACKS) == [None, None]
    assert set(await speaker.evaluate(SENT)) == {None}
    await expect(host.page.locator('room-tile[data-seat="1"] video.shown')).to_have_count(0)

    await speaker.evaluate(PLUG)
    await until(lambda: _is(host, SEAT, [True, True]), what="both on again without a tap")
    await expect(speaker.page.get_by_role("alert").get_by_text("is back and on")).to_be_visible()
    assert await speaker.evaluate(TRACKS) == [True, "live"]
    energy = (await audio_energy(host))[1]
    await until(lambda: _louder(host, energy), what="the voice again")
    await expect(host.page.locator('room-tile[data-seat="1"] video.shown')).to_have_count(1)
    assert await speaker.evaluate("() => [__room.connections, __room.negotiationNeeded]") == [1, 1]


async def test_a_microphone_that_was_off_or_whose_person_has_left_the_stage_stays_shut(
    browser: Browser, admin: Administrator
) -> None:
    speaker, host = await on_stage(browser, admin)
    await act(speaker, "microphone")
    await until(lambda: _is(host, SEAT, [False, True]), what="muted")
    await speaker.evaluate(UNPLUG, "microphone")
    alert = speaker.page.get_by_role("alert")
    await expect(alert.get_by_text("It stays off when you plug it in again.")).to_be_visible()
    await speaker.evaluate(PLUG)
    await expect(alert.get_by_text("Your microphone is back, and off.")).to_be_visible()
    assert await speaker.evaluate(TRACKS) == [None, "live"]

    await act(speaker, "microphone")
    await until(lambda: _is(host, SEAT, [True, True]), what="on by a tap")
    await speaker.evaluate(UNPLUG, "microphone")
    await until(lambda: _is(host, SEAT, [False, True]), what="pulled")
    # Whoever uses another one misses the lost one no longer.
    await act(speaker, "microphone")
    await until(lambda: _is(host, SEAT, [True, True]), what="another one")
    await expect(alert).to_have_count(0)

    await speaker.evaluate(UNPLUG, "microphone")
    await until(lambda: _is(host, SEAT, [False, True]), what="pulled again")
    await act(speaker, "leave-stage")
    await expect(speaker.page.locator("[data-act=take-seat]")).to_be_visible()
    await expect(alert).to_have_count(0)
    await speaker.evaluate(PLUG)
    await act(speaker, "take-seat")
    await expect(speaker.page.locator("[data-act=leave-stage]")).to_be_visible()
    await until(lambda: _is(host, SEAT, [True, False]), what="on by the tap that says so")


async def test_what_the_system_takes_is_told_and_comes_back_by_itself_or_by_a_tap(
    browser: Browser, admin: Administrator
) -> None:
    speaker, host = await on_stage(browser, admin)
    microphone = "document.querySelector('room-join').session.media.publisher.tracks.microphone"
    muted = f"() => Object.defineProperty({microphone}, 'muted', {{ value: true, configurable: true }})"
    await speaker.evaluate(muted)
    await speaker.evaluate(f"() => {microphone}.dispatchEvent(new Event('mute'))")
    alert = speaker.page.get_by_role("alert")
    await expect(alert.get_by_text("Your device keeps the microphone silent")).to_be_visible()
    await speaker.evaluate(f"() => {microphone}.dispatchEvent(new Event('unmute'))")
    await expect(alert).to_have_count(0)

    audio = "document.querySelector('room-join').session.media.audio"
    await host.evaluate(f"() => {audio}.element.pause()")
    await until(lambda: host.evaluate(f"() => !{audio}.element.paused"), seconds=3, what="the sound by itself")
    tap = host.page.get_by_role("button", name="Tap to get sound back")
    await expect(tap).to_have_count(0)
    # A phone after a call: the element stays stopped until a person touches the page.
    await host.evaluate(
        f"""() => {{ const {{ element }} = {audio};
          element.play = () => Promise.reject(new DOMException("", "NotAllowedError"));
          element.pause(); }}"""
    )
    await expect(tap).to_be_visible(timeout=5000)
    await host.evaluate(f"() => delete {audio}.element.play")
    await tap.click()
    await expect(tap).to_have_count(0)
    # An output that the system has taken: the element says that it plays, and its clock stands.
    await host.evaluate(
        f"() => Object.defineProperty({audio}.element, 'currentTime', {{ value: 1, configurable: true }})"
    )
    await expect(tap).to_be_visible(timeout=8000)
    await host.evaluate(f"() => delete {audio}.element.currentTime")
    await tap.click()
    await expect(tap).to_have_count(0)
    energy = (await audio_energy(host))[1]
    await until(lambda: _louder(host, energy), what="the sound after the taps")


async def test_muting_by_oneself_by_a_moderator_and_leaving_the_stage(browser: Browser, admin: Administrator) -> None:
    speaker, host = await on_stage(browser, admin)
    shown = host.page.locator('room-tile[data-seat="1"] video.shown')
    microphone = "document.querySelector('room-join').session.media.publisher.tracks.microphone"
    await speaker.evaluate(f"() => {{ window.__microphone = {microphone}; }}")
    await speaker.evaluate(
        "() => { window.__camera = document.querySelector('room-join').session.media.publisher.tracks.camera; }"
    )
    await act(speaker, "microphone")
    await until(lambda: _is(host, SEAT, [False, True]), what="muted by oneself")
    assert await speaker.evaluate("() => [__microphone.enabled, __microphone.readyState]") == [False, "live"]
    await _silent(host)

    await host.page.get_by_role("button", name="Camera off: Tapiwa Chikwanda").click()
    await expect(shown).to_have_count(0)
    await until(lambda: _is(speaker, SENT_CAMERA, None), what="no track at the sender")
    assert await speaker.evaluate("() => __camera.readyState") == "ended", "the lamp is out"
    assert await host.page.locator('room-tile[data-seat="1"] video').evaluate("(video) => video.srcObject") is None

    await act(speaker, "microphone")
    await act(speaker, "camera")
    await expect(shown).to_have_count(1)
    await act(speaker, "leave-stage")
    await until(lambda: _is(speaker, TRACKS, [None, None]), what="both devices let go")
    assert set(await speaker.evaluate(SENT)) == {None}
    await expect(host.page.locator('room-tile[data-seat="1"]')).to_have_count(0)
    await _silent(host)


async def _silent(host: Person) -> None:
    """The relay lets nothing of the seat's sound through: the counter of packets stands."""
    before = await until(lambda: _steady(host, PACKETS), what="the gate")
    assert await host.evaluate(PACKETS) == before


async def _steady(person: Person, script: str) -> int | None:
    before = int(await person.evaluate(script))
    await person.page.wait_for_timeout(300)  # fifteen packets' time
    return before if int(await person.evaluate(script)) == before else None


async def _is(person: Person, script: str, wanted: object) -> bool:
    return bool(await person.evaluate(script) == wanted)


async def _sees(person: Person) -> bool:
    found = await video_in(person)
    return 1 in found and found[1].decoded > 0


async def _louder(person: Person, energy: float) -> bool:
    return (await audio_energy(person)).get(1, 0) > energy
