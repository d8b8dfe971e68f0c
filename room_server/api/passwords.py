"""Passwords by argon2id, in threads; one-time codes by TOTP (RFC 6238)."""

import asyncio
import hmac
import time
from collections.abc import Callable

import pyotp
from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from room_server.errors import RoomError

SHORTEST_PASSWORD = 12
# Longer input only serves to keep the hasher busy.
LONGEST_PASSWORD = 256

# Each hash takes 64 MiB and a core for about 50 ms.
_HASHES_AT_ONCE = 2
# RFC 6238's step, and one step of clock difference either way.
_STEP_SECONDS = 30
_SKEW_STEPS = 1


class Passwords:
    """Hashes and verifies, a few at a time; the loop never waits for the arithmetic."""

    def __init__(self, hasher: PasswordHasher | None = None) -> None:
        self._hasher = hasher or PasswordHasher()
        self._turns = asyncio.Semaphore(_HASHES_AT_ONCE)
        # Verified against where there is no account, so that the time of an answer tells no names.
        self._nobody = self._hasher.hash("nobody has this password")

    async def hash(self, password: str) -> str:
        """`RoomError`: password_weak."""
        if not SHORTEST_PASSWORD <= len(password) <= LONGEST_PASSWORD:
            raise RoomError(
                "password_weak", f"Choose a password of {SHORTEST_PASSWORD} to {LONGEST_PASSWORD} characters."
            )
        async with self._turns:
            return await asyncio.to_thread(self._hasher.hash, password)

    async def verify(self, password_hash: str | None, password: str) -> bool:
        """Whether `password` matches; takes as long where `password_hash` is None."""
        if len(password) > LONGEST_PASSWORD:
            return False
        async with self._turns:
            matches = await asyncio.to_thread(self._matches, password_hash or self._nobody, password)
        return matches and password_hash is not None

    def _matches(self, password_hash: str, password: str) -> bool:
        try:
            return self._hasher.verify(password_hash, password)
        except (VerificationError, InvalidHashError):
            return False


def code_step(secret: str, code: str, clock: Callable[[], float] = time.time) -> int | None:
    """The time step whose code this is, or None."""
    totp = pyotp.TOTP(secret)
    now = int(clock()) // _STEP_SECONDS
    for step in range(now - _SKEW_STEPS, now + _SKEW_STEPS + 1):
        if hmac.compare_digest(totp.generate_otp(step).encode(), code.encode()):
            return step
    return None
