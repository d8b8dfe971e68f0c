"""A recording stand-in for the native relay: it keeps what it is told and says what a test puts into its mouth."""

import os
from typing import Any


class RecordingRelay:
    """As `_relay.Relay`, with no media: `calls` lists (name, arguments) in order; `emit` makes events."""

    def __init__(self, *, ports: tuple[int, ...] = (5000,)) -> None:
        self.ports = list(ports)
        self.event_fd = os.eventfd(0, os.EFD_NONBLOCK)
        self.calls: list[tuple[str, tuple[Any, ...]]] = []
        self._events: list[tuple[str, int, object]] = []

    def emit(self, name: str, target: int, value: object) -> None:
        self._events.append((name, target, value))
        os.eventfd_write(self.event_fd, 1)

    def poll(self) -> list[tuple[str, int, object]]:
        os.eventfd_read(self.event_fd)
        events, self._events = self._events, []
        return events

    def named(self, name: str) -> list[tuple[Any, ...]]:
        """The arguments of each call of this name."""
        return [arguments for call, arguments in self.calls if call == name]

    def peer_open(self, spec: Any) -> int:
        self.calls.append(("peer_open", (spec,)))
        return (spec.peer - 1) % len(self.ports)

    def seat_counters(self, hall: int) -> dict[int, dict[str, int]]:
        return {1: {"audio_in": hall}}

    def close(self) -> None:
        os.close(self.event_fd)

    def __getattr__(self, name: str) -> Any:
        if not name.startswith(("hall_", "seat_", "peer_")):
            raise AttributeError(name)

        def record(*arguments: Any, **named: Any) -> None:
            self.calls.append((name, (*arguments, *named.values())))

        return record
