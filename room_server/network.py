"""Where a request comes from: the client's address behind trusted proxies, its network, what of it may be logged."""

import ipaddress
from collections.abc import Sequence

import msgspec
from aiohttp import web

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network

# A household or a person gets one IPv4 address or one IPv6 /64.
_PERSON_PREFIX = {4: 32, 6: 64}
# Coarse enough to name no household: the last byte of IPv4, and all but the provider's /48 of IPv6, are cut.
_LOGGED_PREFIX = {4: 24, 6: 48}


class Client(msgspec.Struct, frozen=True):
    """Who asks. `secure`: by HTTPS, at us or at a trusted proxy; `local`: from this machine."""

    address: Address
    secure: bool
    local: bool

    @property
    def network(self) -> str:
        """The prefix that limits are counted by: IPv4 address or IPv6 /64."""
        return _prefix(self.address, _PERSON_PREFIX)

    @property
    def logged(self) -> str:
        """The truncated form, the only one that goes into a log."""
        return _prefix(self.address, _LOGGED_PREFIX)


CLIENT = web.RequestKey("client", Client)
"""Set on every request before any handler runs."""


class Proxies:
    """The reverse proxies whose forwarding headers are believed."""

    def __init__(self, trusted: Sequence[str]) -> None:
        self._trusted: list[Network] = [ipaddress.ip_network(text, strict=False) for text in trusted]

    def client(self, peer: str, *, secure: bool, forwarded_for: str | None, forwarded_proto: str | None) -> Client:
        """The client behind `peer`, the socket's other end. Headers count only from trusted proxies, right to left."""
        address = parse(peer)
        if not contains(self._trusted, address):
            # A proxy on this machine that nobody declared makes the whole world look local: believe it in nothing.
            undeclared = forwarded_for is not None or forwarded_proto is not None
            return Client(address=address, secure=secure, local=address.is_loopback and not undeclared)
        if forwarded_proto is not None:
            # Each proxy may append; the last value is that of the proxy nearest to us.
            secure = forwarded_proto.rsplit(",", maxsplit=1)[-1].strip().lower() == "https"
        for hop in reversed((forwarded_for or "").split(",")):
            try:
                address = parse(hop.strip())
            except ValueError:
                break
            if not contains(self._trusted, address):
                break
        return Client(address=address, secure=secure, local=address.is_loopback)


def parse(text: str) -> Address:
    """An address without zone or brackets; IPv4 in its IPv6 mapping is IPv4. `ValueError` if it is none."""
    address = ipaddress.ip_address(text.strip("[]").split("%", maxsplit=1)[0])
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return mapped or address


def contains(networks: Sequence[Network], address: Address) -> bool:
    """Whether any of `networks` holds `address`."""
    return any(address.version == network.version and address in network for network in networks)


def _prefix(address: Address, lengths: dict[int, int]) -> str:
    network = ipaddress.ip_network((address, lengths[address.version]), strict=False)
    return str(network.network_address) if network.prefixlen == network.max_prefixlen else str(network)
