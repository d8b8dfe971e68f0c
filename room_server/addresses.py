"""The addresses of this machine: which it has, which to bind, which to tell others."""

import asyncio
import ipaddress
import socket
from collections.abc import Sequence

import ifaddr

from room_server.config import Http, Media
from room_server.network import Address

LOOPBACK = ("127.0.0.1", "::1")
EVERYWHERE = ("0.0.0.0", "::")  # noqa: S104 - compared with, and the operator's own choice

# More candidates than this only lengthen every join.
_MOST_ANNOUNCED = 8


class AddressError(Exception):
    """A configured name leads nowhere; the message names it and its setting."""


def own_addresses() -> list[Address]:
    """Addresses on which other machines may reach this one: no loopback, no link-local; IPv4 first."""
    found = []
    for adapter in ifaddr.get_adapters():
        for ip in adapter.ips:
            address = ipaddress.ip_address(ip.ip if isinstance(ip.ip, str) else ip.ip[0])
            if not address.is_loopback and not address.is_link_local:
                found.append(address)
    return sorted(dict.fromkeys(found), key=lambda address: address.version)


def lan_address(bind: Sequence[str]) -> str | None:
    """The address to give to a phone on the same network, of those that `bind` covers; None if there is none."""
    own = [
        str(address) for address in own_addresses() if EVERYWHERE[address.version == 6] in bind or str(address) in bind
    ]
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            # Connecting a datagram socket sends nothing; it asks the kernel which address leads out (RFC 5737 net).
            probe.connect(("192.0.2.1", 9))
            leading = probe.getsockname()[0]
        except OSError:
            leading = None
    return leading if leading in own else next(iter(own), None)


def http_addresses(http: Http) -> list[str]:
    """Where plain HTTP listens: on this machine only; with http_lan also where HTTPS does."""
    if not http.http_lan:
        return list(LOOPBACK)
    uncovered = [own for own, every in zip(LOOPBACK, EVERYWHERE, strict=True) if every not in http.bind]
    return list(dict.fromkeys([*http.bind, *uncovered]))


def media_addresses(media: Media) -> list[str]:
    """What the relay binds: as configured, without "::" on a machine that has no IPv6."""
    kept = [address for address in media.bind if address != "::" or _has_ipv6()]
    return kept or list(media.bind)


async def announced(media: Media) -> list[str]:
    """Where browsers send media: as configured, names resolved; else what is bound; else all own addresses.

    `AddressError` names the entry that cannot be resolved.
    """
    if media.announce:
        return [address for name in media.announce for address in await _resolve(name)]
    specific = [address for address in media.bind if address not in EVERYWHERE]
    if specific:
        return specific
    # Loopback last: for pages on this machine when its network is away or has changed.
    return [*map(str, own_addresses()[: _MOST_ANNOUNCED - 1]), LOOPBACK[0]]


async def _resolve(name: str) -> list[str]:
    try:
        found = await asyncio.get_running_loop().getaddrinfo(name, None, type=socket.SOCK_DGRAM)
    except OSError as error:
        raise AddressError(f"media.announce: {name} is no address and cannot be resolved ({error.strerror})") from None
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


def _has_ipv6() -> bool:
    try:
        with socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as probe:
            probe.bind(("::", 0))
    except OSError:
        return False
    return True
