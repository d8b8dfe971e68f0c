"""Which addresses are bound and which are told to others."""

import pytest

from room_server.addresses import (
    LOOPBACK,
    AddressError,
    announced,
    http_addresses,
    lan_address,
    media_addresses,
    own_addresses,
)
from room_server.config import Http, Media


@pytest.mark.parametrize(
    ("http", "addresses"),
    [
        (Http(), ["127.0.0.1", "::1"]),
        (Http(http_lan=True), ["0.0.0.0", "::"]),
        (Http(http_lan=True, bind=("192.0.2.1",)), ["192.0.2.1", "127.0.0.1", "::1"]),
        (Http(http_lan=True, bind=("0.0.0.0",)), ["0.0.0.0", "::1"]),
        (Http(http_lan=True, bind=("127.0.0.1",)), ["127.0.0.1", "::1"]),
    ],
)
def test_plain_http_stays_on_this_machine_unless_opened(http: Http, addresses: list[str]) -> None:
    assert http_addresses(http) == addresses


async def test_media_is_announced_as_configured_else_as_bound_else_everywhere() -> None:
    assert await announced(Media(announce=("192.0.2.7", "2001:db8::7"))) == ["192.0.2.7", "2001:db8::7"]
    assert "127.0.0.1" in await announced(Media(announce=("localhost",)))
    assert await announced(Media(bind=("192.0.2.1", "0.0.0.0"))) == ["192.0.2.1"]
    everywhere = await announced(Media())
    assert everywhere[-1] == LOOPBACK[0]
    assert everywhere[:-1] == [str(address) for address in own_addresses()][:7]
    with pytest.raises(AddressError, match=r"media\.announce: no\.such\.host\.invalid"):
        await announced(Media(announce=("no.such.host.invalid",)))


def test_a_phone_is_given_an_address_that_is_bound() -> None:
    own = {str(address) for address in own_addresses()}
    assert lan_address(["127.0.0.1"]) is None
    assert lan_address(["0.0.0.0", "::"]) in (own or {None})


def test_the_relay_binds_what_the_machine_has() -> None:
    assert media_addresses(Media(bind=("127.0.0.1",))) == ["127.0.0.1"]
    assert media_addresses(Media())[0] == "0.0.0.0"
