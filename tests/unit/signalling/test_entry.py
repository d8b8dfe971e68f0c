"""join and resume."""

from tests.unit.signalling.conftest import House


async def test_join_tells_who_one_is_and_what_there_is(house: House) -> None:
    page = house.page()
    answer = await page.join(house.store.admit("ann"), " Ann\u200b ")
    assert answer["you"] == {"id": "ann", "name": "Ann", "roles": ["attendee"], "presence": "here"}
    assert answer["snapshot"]["phase"] == "backstage"
    assert [seat["participant"] for seat in answer["snapshot"]["stage"]] == [None, None, None]
    assert "participants" not in answer["snapshot"]
    assert "media" not in answer
