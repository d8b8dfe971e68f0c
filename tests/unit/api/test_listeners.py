"""Listening sockets, and what is said when one cannot be had."""

import re
import socket

import pytest

from room_server.addresses import LOOPBACK
from room_server.api.listeners import PortError, listen


def test_all_addresses_share_one_port() -> None:
    sockets = listen(LOOPBACK, 0, "http.http_port")
    assert len({opened.getsockname()[1] for opened in sockets}) == 1
    assert sockets[0].getsockname()[0] == "127.0.0.1"
    for opened in sockets:
        opened.close()


def test_a_port_taken_is_one_clear_line() -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        with pytest.raises(PortError) as caught:
            listen(["127.0.0.1"], port, "http.https_port")
    assert str(caught.value) == (
        f"TCP port {port} on 127.0.0.1 is taken by another program: choose another http.https_port or stop that program"
    )


def test_an_address_that_is_not_ours() -> None:
    with pytest.raises(PortError, match=re.escape("on 192.0.2.1 cannot be opened")):
        listen(["192.0.2.1"], 0, "http.https_port")
