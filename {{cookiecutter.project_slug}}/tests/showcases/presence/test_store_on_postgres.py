"""What the store of presence promises, on Postgres."""

import threading
from collections.abc import AsyncIterator

import psycopg
import pytest
from anyio import to_thread

from app.showcases.presence.store import PresenceStore
from tests.showcases.presence.test_store import *  # noqa: F403
from tests.showcases.presence.test_store import SECONDS, names
from tests.showcases.presence.visitors import check_visitors, run_visitors
from tests.storage.helpers import Direct
from tests.storage.postgres import opened, server, url

__all__ = ["server", "url"]  # fixtures

pytestmark = [pytest.mark.services, pytest.mark.anyio]  # type: ignore[assignment]


@pytest.fixture  # type: ignore[no-redef]
async def store(url: str) -> AsyncIterator[PresenceStore]:
    with psycopg.connect(url) as connection:
        connection.execute("DROP TABLE IF EXISTS presence")
    with opened(url) as storage:
        yield PresenceStore(storage, SECONDS)


async def test_twenty_processes_lose_and_duplicate_nothing(store: PresenceStore, url: str) -> None:
    await to_thread.run_sync(run_visitors, url)
    check_visitors(await store.present())


async def test_what_a_slow_transaction_finds_is_not_in_its_future(
    store: PresenceStore, url: str
) -> None:
    """Its `now()` is the time when it began; another process has refreshed a session since then."""
    with opened(url) as storage:
        slow = PresenceStore(storage, SECONDS)

        def wait_then_join() -> None:
            storage.connection.execute("SELECT pg_sleep(0.5)")
            slow.join.here("bob", "b")

        transaction = threading.Thread(target=Direct(slow).run, args=[wait_then_join])
        transaction.start()
        first = await store.join("ada", "a")
        while transaction.is_alive():
            last = await store.join("ada", "a")
    assert last.joined_at == first.joined_at
    assert names(await store.present()) == {"ada": 1, "bob": 1}
