"""A STUN client's two halves (RFC 8489): make an ICE check, read the answer. Independent of the relay's own."""

import binascii
import hashlib
import hmac
import os
import struct

_MAGIC = 0x2112A442
_REQUEST, _SUCCESS = 0x0001, 0x0101
_USERNAME, _INTEGRITY, _PRIORITY, _USE_CANDIDATE = 0x0006, 0x0008, 0x0024, 0x0025
_FINGERPRINT, _CONTROLLING = 0x8028, 0x802A


def check(*, username: str, password: str, nominate: bool = True) -> tuple[bytes, bytes]:
    """(transaction id, binding request) as a controlling agent sends it."""
    transaction = os.urandom(12)
    body = _attribute(_USERNAME, username.encode()) + _attribute(_PRIORITY, struct.pack("!I", 0x7E0000FF))
    body += _attribute(_CONTROLLING, os.urandom(8))
    if nominate:
        body += _attribute(_USE_CANDIDATE, b"")
    body += _attribute(_INTEGRITY, _mac(transaction, body, password))
    crc = binascii.crc32(_header(_REQUEST, len(body) + 8, transaction) + body) ^ 0x5354554E
    body += _attribute(_FINGERPRINT, struct.pack("!I", crc))
    return transaction, _header(_REQUEST, len(body), transaction) + body


def succeeded(datagram: bytes, *, transaction: bytes, password: str) -> bool:
    """Whether this is a genuine success response to that check."""
    if len(datagram) < 20 or datagram[:2] != struct.pack("!H", _SUCCESS) or datagram[8:20] != transaction:
        return False
    body, place = datagram[20:], 0
    while place + 4 <= len(body):
        kind, length = struct.unpack_from("!HH", body, place)
        if kind == _INTEGRITY:
            head = _header(_SUCCESS, place + 24, transaction)
            mac = hmac.new(password.encode(), head + body[:place], hashlib.sha1).digest()
            return hmac.compare_digest(mac, body[place + 4 : place + 24])
        place += 4 + (length + 3) // 4 * 4
    return False


def _header(kind: int, length: int, transaction: bytes) -> bytes:
    return struct.pack("!HHI", kind, length, _MAGIC) + transaction


def _attribute(kind: int, value: bytes) -> bytes:
    return struct.pack("!HH", kind, len(value)) + value + b"\0" * (-len(value) % 4)


def _mac(transaction: bytes, body: bytes, password: str) -> bytes:
    return hmac.new(password.encode(), _header(_REQUEST, len(body) + 24, transaction) + body, hashlib.sha1).digest()
