"""Administrators' accounts, the one-time links that make them, and the sessions of their browsers."""

import time
from collections.abc import Callable

import msgspec
from sqlalchemy import delete, func, insert, select, update
from sqlalchemy.exc import IntegrityError

from room_server.errors import RoomError
from room_server.ids import AccountId, new_id, new_secret
from room_server.storage.database import Database, secret_hash
from room_server.storage.tables import accounts, sessions, setups


class Account(msgspec.Struct, frozen=True):
    """What a login needs. `totp_step`: the time step of the last code used."""

    id: AccountId
    name: str
    password_hash: str
    totp_secret: str
    totp_step: int


class AccountStore:
    """Accounts, set-up links and sessions; names are compared exactly as given."""

    def __init__(self, database: Database, clock: Callable[[], float] = time.time) -> None:
        self._database = database
        self._clock = clock

    async def any(self) -> bool:
        """Whether there is an account at all."""
        async with self._database.read() as connection:
            return bool((await connection.execute(select(func.count()).select_from(accounts))).scalar_one())

    async def by_name(self, name: str) -> Account | None:
        async with self._database.read() as connection:
            row = (await connection.execute(select(accounts).where(accounts.c.name == name))).one_or_none()
        if row is None:
            return None
        return Account(AccountId(row.id), row.name, row.password_hash, row.totp_secret, row.totp_step)

    async def use_code(self, id: AccountId, step: int) -> bool:
        """Mark a time step as used. False if it, or a later one, was used before: codes work once."""
        later = update(accounts).where(accounts.c.id == id, accounts.c.totp_step < step).values(totp_step=step)
        async with self._database.write() as connection:
            return bool((await connection.execute(later)).rowcount)

    async def open_setup(self, totp_secret: str, lifetime: float, *, sole: bool = False) -> str:
        """The token of a one-time set-up link, valid for `lifetime` seconds. `sole`: earlier ones end."""
        token, now = new_secret(), self._clock()
        ended = delete(setups) if sole else delete(setups).where(setups.c.expires_at <= now)
        values = {"token_hash": secret_hash(token), "totp_secret": totp_secret, "expires_at": now + lifetime}
        async with self._database.write() as connection:
            await connection.execute(ended)
            await connection.execute(insert(setups).values(values))
        return token

    async def setup_secret(self, token: str) -> str:
        """The TOTP secret that goes with a set-up link. `RoomError`: setup_invalid."""
        query = select(setups.c.totp_secret).where(
            setups.c.token_hash == secret_hash(token), setups.c.expires_at > self._clock()
        )
        async with self._database.read() as connection:
            secret: str | None = (await connection.execute(query)).scalar_one_or_none()
        if secret is None:
            raise _setup_invalid()
        return secret

    async def finish_setup(self, token: str, *, name: str, password_hash: str, totp_step: int) -> AccountId:
        """Make the account and use the link up, both or neither. `RoomError`: setup_invalid, name_taken."""
        id, now = AccountId(new_id()), self._clock()
        used = (
            delete(setups)
            .where(setups.c.token_hash == secret_hash(token), setups.c.expires_at > now)
            .returning(setups.c.totp_secret)
        )
        try:
            async with self._database.write() as connection:
                secret = (await connection.execute(used)).scalar_one_or_none()
                if secret is None:
                    raise _setup_invalid()
                values = {
                    "id": id,
                    "name": name,
                    "password_hash": password_hash,
                    "totp_secret": secret,
                    "totp_step": totp_step,
                    "created_at": now,
                }
                await connection.execute(insert(accounts).values(values))
        except IntegrityError:
            raise RoomError(
                "name_taken", "There is already an account of this name. Choose another.", status=409
            ) from None
        return id

    async def open_session(self, account: AccountId, lifetime: float) -> str:
        """The token of a new session of `lifetime` seconds; ended sessions are swept."""
        token, now = new_secret(), self._clock()
        values = {"token_hash": secret_hash(token), "account": account, "expires_at": now + lifetime}
        async with self._database.write() as connection:
            await connection.execute(delete(sessions).where(sessions.c.expires_at <= now))
            await connection.execute(insert(sessions).values(values))
        return token

    async def session_name(self, token: str) -> str | None:
        """The name of the account whose session this is; None if there is none or it has ended."""
        query = (
            select(accounts.c.name)
            .join(sessions, sessions.c.account == accounts.c.id)
            .where(sessions.c.token_hash == secret_hash(token), sessions.c.expires_at > self._clock())
        )
        async with self._database.read() as connection:
            name: str | None = (await connection.execute(query)).scalar_one_or_none()
        return name

    async def close_session(self, token: str) -> None:
        async with self._database.write() as connection:
            await connection.execute(delete(sessions).where(sessions.c.token_hash == secret_hash(token)))


def _setup_invalid() -> RoomError:
    return RoomError(
        "setup_invalid",
        "This set-up link is not valid any more. Restart the server, or ask an administrator, for a new one.",
        status=410,
    )
