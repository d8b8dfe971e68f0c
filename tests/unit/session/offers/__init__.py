"""The recorded offers, by name."""

from pathlib import Path

NAMES = ("chromium_attendee", "chromium_stage", "chromium_phone", "chromium_largest", "firefox_stage", "aiortc_stage")


def load(name: str) -> str:
    return (Path(__file__).parent / f"{name}.sdp").read_bytes().decode()
