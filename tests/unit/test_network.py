"""Who asks, behind which proxies, and what of an address may be logged."""

import pytest

from room_server.network import Proxies

PROXIES = Proxies(["10.0.0.0/8", "::1"])


def test_without_proxies_the_peer_is_the_client_whatever_the_headers_say() -> None:
    client = PROXIES.client("192.0.2.7", secure=False, forwarded_for="127.0.0.1", forwarded_proto="https")
    assert (str(client.address), client.secure, client.local) == ("192.0.2.7", False, False)


def test_a_trusted_proxy_is_believed_up_to_the_first_stranger() -> None:
    client = PROXIES.client(
        "10.0.0.1", secure=False, forwarded_for="127.0.0.1, 203.0.113.9, 10.1.1.1", forwarded_proto="http, https"
    )
    assert (str(client.address), client.secure, client.local) == ("203.0.113.9", True, False)


def test_an_undeclared_proxy_on_this_machine_makes_nobody_local() -> None:
    assert PROXIES.client("127.0.0.1", secure=False, forwarded_for=None, forwarded_proto=None).local
    assert not PROXIES.client("127.0.0.1", secure=False, forwarded_for="203.0.113.9", forwarded_proto=None).local


def test_garbage_in_the_header_stops_at_the_proxy() -> None:
    client = PROXIES.client("10.0.0.1", secure=True, forwarded_for="<script>, 10.9.9.9", forwarded_proto=None)
    assert str(client.address) == "10.9.9.9"


@pytest.mark.parametrize(
    ("peer", "network", "logged"),
    [
        ("203.0.113.9", "203.0.113.9", "203.0.113.0/24"),
        ("::ffff:203.0.113.9", "203.0.113.9", "203.0.113.0/24"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64", "2001:db8:1::/48"),
        ("fe80::1%eth0", "fe80::/64", "fe80::/48"),
    ],
)
def test_networks(peer: str, network: str, logged: str) -> None:
    client = PROXIES.client(peer, secure=True, forwarded_for=None, forwarded_proto=None)
    assert (client.network, client.logged) == (network, logged)
