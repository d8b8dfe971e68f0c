"""`room-server` and `python -m room_server`: arguments, settings, then the server until it is told to stop."""

import argparse
import asyncio
import os
import resource
import sys

import msgspec
import uvloop

from room_server import logs, seed
from room_server.addresses import AddressError
from room_server.api.listeners import PortError
from room_server.app import App, StartError, configured_file, run
from room_server.config_file import ConfigError, load

# What shells and service managers take for "wrong usage": restarting would not help.
_MISCONFIGURED = 2


def main(make: type[App] = App) -> int:
    """The exit code: 0 after a graceful stop, 2 where a setting has to be changed first."""
    parser = argparse.ArgumentParser(
        prog="room-server", description="Signalling server and media relay for town halls."
    )
    parser.add_argument("--config", metavar="FILE", help="settings (default: $ROOM_SERVER_CONFIG, then ./config.yaml)")
    parser.add_argument("--check", action="store_true", help="read the settings, say what is wrong with them, and exit")
    arguments = parser.parse_args()
    try:
        settings = load(configured_file(arguments.config, os.environ.get("ROOM_SERVER_CONFIG")))
    except ConfigError as error:
        return _refuse(*error.problems)
    if arguments.check:
        return 0
    logs.configure(settings.log.format, settings.log.level)
    _raise_file_limit()
    given = os.environ.pop(seed.VARIABLE, None)
    try:
        planted = msgspec.json.decode(given, type=seed.Seed) if given else None
    except msgspec.DecodeError as error:
        return _refuse(f"{seed.VARIABLE} cannot be read: {error}")
    try:
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(run(make(settings, planted)))
    except (AddressError, PortError, StartError) as error:
        return _refuse(str(error))
    return 0


def _raise_file_limit() -> None:
    """Each page holds a socket, and shells give 1024 files unless asked."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


def _refuse(*problems: str) -> int:
    for problem in problems:
        print(f"room-server: {problem}", file=sys.stderr)
    return _MISCONFIGURED


if __name__ == "__main__":
    sys.exit(main())
