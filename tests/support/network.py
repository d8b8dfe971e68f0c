"""Network namespaces that a test makes for itself: hosts on wires of their own, without a way out.

A namespace has no name and no file. It lives as long as its descriptor or a process inside is open, so nothing is left
behind however the test ends. Moving into one is a matter of one thread and takes effect on what that thread opens or
starts next: descriptors that are open already stay where they were opened.
"""

import contextlib
import ctypes
import ipaddress
import os
import shlex
import socket
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import aiohttp

_CLONE_NEWUSER = 0x10000000
_CLONE_NEWNET = 0x40000000
_HERE = "/proc/thread-self/ns/net"
_NEEDS = (
    "Network namespaces need root, or a kernel that lets everybody make user namespaces "
    "(sysctl user.max_user_namespaces, kernel.unprivileged_userns_clone)"
)
_libc = ctypes.CDLL(None, use_errno=True)


class Namespace:
    """A host with loopback and, where addresses are given, one interface `v0` that has them. Use as `with`.

    `addresses` are IPv4 or IPv6 with their prefix length: "10.77.0.1/24", "fd77::1/64". The far end of `v0` is in the
    same namespace and has none, so what is sent to other hosts arrives nowhere. `wire` connects two namespaces instead.
    """

    def __init__(self, *addresses: str) -> None:
        self.addresses = [address.split("/")[0] for address in addresses]
        self._fd = _new_namespace()
        try:
            self.ip("link set lo up")
            if addresses:
                self.ip("link add v0 type veth peer name v1", "link set v1 addrgenmode none", "link set v1 up")
                self.give("v0", *addresses)
                # Browsers ask the routing table which address is theirs; one per family is enough for that.
                families = {":" in address: address for address in reversed(self.addresses)}
                self.ip(*(f"route add default dev v0 src {address}" for address in families.values()))
        except BaseException:
            self.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Let go of it; it ends with the last process inside. Idempotent."""
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1

    @property
    def address(self) -> str:
        """The first address, without its prefix length."""
        return self.addresses[0]

    @property
    def path(self) -> str:
        """A file that names this namespace to `nsenter` and `ip link set ... netns`, while it is open."""
        return f"/proc/{os.getpid()}/fd/{self._fd}"

    def command(self, *command: str) -> tuple[str, ...]:
        """The command line that runs `command` inside, under the process id that it is started with."""
        return ("nsenter", f"--net={self.path}", "--", *command)

    def ip(self, *lines: str, family: str = "") -> None:
        """Run lines of `ip -batch` inside, such as "addr add 10.77.0.9/24 dev v0".

        `family`: "-4" or "-6", where a line does not tell by itself.
        """
        done = subprocess.run(
            self.command("ip", *filter(None, [family]), "-batch", "-"),
            input="\n".join(lines),
            text=True,
            capture_output=True,
            check=False,
        )
        assert done.returncode == 0, f"ip: {done.stderr.strip()} in {lines}"

    def give(self, device: str, *addresses: str) -> None:
        """Give `device` these addresses, each with its prefix length, and set it up."""
        # Without duplicate detection: an IPv6 address could not be bound for its first second. And without an address
        # of the link's own, which would come after that second: Chromium gives up what it loads when addresses change.
        self.ip(
            f"link set {device} addrgenmode none",
            *(f"addr add {address} dev {device}{' nodad' if ':' in address else ''}" for address in addresses),
            f"link set {device} up",
        )

    @contextlib.contextmanager
    def entered(self) -> Iterator[None]:
        """This thread is inside meanwhile: with it every task of its loop, and every process that it starts."""
        home = os.open(_HERE, os.O_RDONLY | os.O_CLOEXEC)
        try:
            _move_to(self._fd)
            try:
                yield
            finally:
                _move_to(home)
        finally:
            os.close(home)

    def socket(self, family: int = socket.AF_INET, kind: int = socket.SOCK_DGRAM) -> socket.socket:
        """A socket of this namespace for the process of the test."""
        with self.entered():
            return socket.socket(family, kind)

    def connector(self, **options: Any) -> aiohttp.TCPConnector:
        """What lets an `aiohttp.ClientSession` of the test's own process speak from inside."""

        def opened(info: tuple[Any, ...]) -> socket.socket:
            return self.socket(info[0], info[1])

        return aiohttp.TCPConnector(socket_factory=opened, **options)

    @contextlib.contextmanager
    def wrapper(self, program: str) -> Iterator[str]:
        """An executable file that runs `program` inside, for who takes a path and not a command line."""
        with tempfile.TemporaryDirectory() as directory:
            script = Path(directory) / Path(program).name
            script.write_text(f'#!/bin/sh\nexec {shlex.join(self.command(program))} "$@"\n')
            script.chmod(0o700)
            yield str(script)


def wire(first: Namespace, second: Namespace, *, device: str = "w0", ends: Sequence[Sequence[str]]) -> None:
    """A pair of interfaces called `device`, one in each, with these addresses; a perfect link."""
    first.ip(f"link add {device} type veth peer name {device} netns {second.path}")
    for host, addresses in zip((first, second), ends, strict=True):
        host.give(device, *addresses)
        host.addresses += [str(ipaddress.ip_interface(address).ip) for address in addresses]


def become_root_of_a_user_namespace() -> None:
    """Where this process is not root: make it root of a user namespace, in which it may make network namespaces.

    Works in a process of one thread only, thus before tests run. Where the kernel refuses, nothing changes, and the
    first `Namespace` says what is needed.
    """
    user, group = os.geteuid(), os.getegid()
    if user == 0 or _libc.unshare(_CLONE_NEWUSER) != 0:
        return
    Path("/proc/self/setgroups").write_text("deny")
    Path("/proc/self/uid_map").write_text(f"0 {user} 1")
    Path("/proc/self/gid_map").write_text(f"0 {group} 1")


def _new_namespace() -> int:
    """A descriptor of a fresh namespace; the thread stays where it is."""
    home = os.open(_HERE, os.O_RDONLY | os.O_CLOEXEC)
    try:
        if _libc.unshare(_CLONE_NEWNET) != 0:
            raise AssertionError(f"{_NEEDS}: {os.strerror(ctypes.get_errno())}")
        try:
            return os.open(_HERE, os.O_RDONLY | os.O_CLOEXEC)
        finally:
            _move_to(home)
    finally:
        os.close(home)


def _move_to(fd: int) -> None:
    if _libc.setns(fd, _CLONE_NEWNET) != 0:
        raise OSError(ctypes.get_errno(), "setns")
