"""Namespaces that tests make: apart from everything, joined where the test says so, gone with the test."""

import socket
import subprocess

import pytest

from tests.support.network import Namespace, wire


def test_a_namespace_has_its_own_network_and_no_way_out() -> None:
    with socket.create_server(("127.0.0.1", 0)) as outside, Namespace("10.77.0.1/24", "fd77::1/64") as host:
        port = outside.getsockname()[1]
        with host.socket(kind=socket.SOCK_STREAM) as inside, pytest.raises(ConnectionRefusedError):
            inside.connect(("127.0.0.1", port))
        seen = subprocess.run(host.command("ip", "-o", "link"), capture_output=True, text=True, check=True).stdout
        assert {line.split(": ")[1].split("@")[0] for line in seen.splitlines()} == {"lo", "v0", "v1"}


def test_the_test_itself_goes_in_and_comes_back() -> None:
    before = socket.if_nameindex()
    with Namespace("10.77.0.1/24") as host, host.entered():
        assert {name for _, name in socket.if_nameindex()} == {"lo", "v0", "v1"}
    assert socket.if_nameindex() == before


@pytest.mark.parametrize("family", [socket.AF_INET, socket.AF_INET6])
def test_a_wire_joins_two(family: socket.AddressFamily) -> None:
    ends = (("10.77.1.1/24", "fd77:1::1/64"), ("10.77.1.2/24", "fd77:1::2/64"))
    with Namespace() as first, Namespace() as second:
        wire(first, second, ends=ends)
        index = 0 if family == socket.AF_INET else 1
        with first.socket(family) as listening, second.socket(family) as talking:
            listening.settimeout(5)
            listening.bind((first.addresses[index], 0))
            talking.sendto(b"hello", listening.getsockname()[:2])
            data, sender = listening.recvfrom(100)
        assert (data, sender[0]) == (b"hello", second.addresses[index])


def test_a_mistake_is_told_in_the_words_of_ip() -> None:
    with Namespace() as host, pytest.raises(AssertionError, match="Cannot find device"):
        host.ip("link set nothing up")
