"""Session descriptions (RFC 8866): text to frozen values and back."""

from room_server.session.sdp.reader import MAX_SECTIONS, MAX_SIZE, malformed, parse
from room_server.session.sdp.values import (
    Codec,
    Credentials,
    Description,
    Extension,
    Fingerprint,
    Rid,
    Section,
    SsrcGroup,
)
from room_server.session.sdp.writer import write

__all__ = [
    "MAX_SECTIONS",
    "MAX_SIZE",
    "Codec",
    "Credentials",
    "Description",
    "Extension",
    "Fingerprint",
    "Rid",
    "Section",
    "SsrcGroup",
    "malformed",
    "parse",
    "write",
]
