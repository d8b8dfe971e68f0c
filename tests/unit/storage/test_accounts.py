"""Accounts, their one-time links and sessions."""

import pytest

from room_server.errors import RoomError
from room_server.ids import AccountId
from room_server.storage.accounts import AccountStore
from room_server.storage.database import Database
from tests.support.clock import Clock


@pytest.fixture
def store(database: Database, clock: Clock) -> AccountStore:
    return AccountStore(database, clock)


async def make(store: AccountStore, name: str = "chipo") -> AccountId:
    token = await store.open_setup("SECRET", 60)
    return await store.finish_setup(token, name=name, password_hash="hash", totp_step=5)


async def test_a_setup_link_makes_one_account(store: AccountStore) -> None:
    assert not await store.any()
    token = await store.open_setup("SECRET", 60)
    assert await store.setup_secret(token) == "SECRET"
    await store.finish_setup(token, name="chipo", password_hash="hash", totp_step=5)
    assert await store.any()
    account = await store.by_name("chipo")
    assert account is not None
    assert (account.totp_secret, account.totp_step, account.password_hash) == ("SECRET", 5, "hash")
    with pytest.raises(RoomError, match="setup_invalid"):
        await store.finish_setup(token, name="other", password_hash="hash", totp_step=5)


async def test_a_name_is_taken_once_and_the_link_stays_usable(store: AccountStore) -> None:
    await make(store)
    token = await store.open_setup("SECOND", 60)
    with pytest.raises(RoomError, match="name_taken"):
        await store.finish_setup(token, name="chipo", password_hash="hash", totp_step=5)
    await store.finish_setup(token, name="rudo", password_hash="hash", totp_step=5)


async def test_setup_links_expire_and_a_sole_one_ends_the_others(store: AccountStore, clock: Clock) -> None:
    first = await store.open_setup("A", 60)
    second = await store.open_setup("B", 60, sole=True)
    with pytest.raises(RoomError, match="setup_invalid"):
        await store.setup_secret(first)
    clock.now += 60
    with pytest.raises(RoomError, match="setup_invalid"):
        await store.setup_secret(second)


async def test_a_code_works_once_and_never_backwards(store: AccountStore) -> None:
    account = await make(store)
    assert [await store.use_code(account, step) for step in (5, 6, 6, 4, 7)] == [False, True, False, False, True]


async def test_sessions_end(store: AccountStore, clock: Clock) -> None:
    account = await make(store)
    token = await store.open_session(account, 100)
    other = await store.open_session(account, 100)
    assert await store.session_name(token) == "chipo"
    await store.close_session(token)
    assert await store.session_name(token) is None
    clock.now += 100
    assert await store.session_name(other) is None
    assert await store.by_name("nobody") is None
