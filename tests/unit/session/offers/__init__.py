"""The recorded offers, by name."""

from pathlib import Path

CODECS = ("chromium_h264", "chromium_vp9", "chromium_av1", "chromium_plain", "firefox_av1")
NAMES = (
    *("chromium_attendee", "chromium_stage", "chromium_phone", "chromium_largest", "firefox_stage", "aiortc_stage"),
    *CODECS,
)
OTHERS = ("gateway", "broadcaster", "compact")


def load(name: str) -> str:
    return (Path(__file__).parent / f"{name}.sdp").read_bytes().decode()
