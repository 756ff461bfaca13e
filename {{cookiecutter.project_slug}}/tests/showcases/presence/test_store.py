"""What the store of presence promises, in SQLite."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from app.showcases.presence.schemas import Present
from app.showcases.presence.store import PresenceFullError, PresenceStore, SessionTakenError
from tests.storage.helpers import Direct, opened

pytestmark = pytest.mark.anyio

SECONDS = 90
HOUR = 3600.0


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[PresenceStore]:
    with opened(tmp_path / "app.sqlite3") as storage:
        yield PresenceStore(storage, SECONDS)


def pass_time(store: PresenceStore, seconds: float) -> None:
    """Let this much time pass for all that is stored; less than 0 sets the clock back."""
    moved = "UPDATE presence SET joined_at = joined_at - :by, seen_at = seen_at - :by"
    Direct(store).execute(moved, by=seconds)


def count_rows(store: PresenceStore) -> int:
    """Return how many sessions are stored, present or not."""
    [(count,)] = Direct(store).execute("SELECT COUNT(*) FROM presence")
    return int(count)


def names(present: Present) -> dict[str, int]:
    """Return how many sessions each person has, in the order of the list."""
    return {person.name: person.sessions for person in present.items}


async def test_who_has_joined_is_present_until_the_time_is_up(store: PresenceStore) -> None:
    await store.join("ada", "a")
    pass_time(store, SECONDS - 10)
    assert names(await store.present()) == {"ada": 1}
    pass_time(store, 11)
    assert names(await store.present()) == {}


async def test_a_session_says_when_to_refresh_it_by_the_storages_clock(
    store: PresenceStore,
) -> None:
    joined = await store.join("ada", "a")
    assert (joined.name, joined.session, joined.refresh_seconds) == ("ada", "a", SECONDS / 3)
    assert joined.expires_at == joined.seen_at + timedelta(seconds=SECONDS)
    pass_time(store, 60)
    again = await store.join("ada", "a")
    assert again.seen_at - again.joined_at >= timedelta(seconds=59.9)
    [person] = (await store.present()).items
    assert (person.since, person.last_seen) == (again.joined_at, again.seen_at)
    for time in (again.joined_at, again.seen_at, again.expires_at, person.since, person.last_seen):
        assert time.tzinfo is UTC
    assert abs(datetime.now(UTC) - again.seen_at) < timedelta(seconds=60)


async def test_an_update_never_makes_a_duplicate(store: PresenceStore) -> None:
    for _ in range(5):
        await store.join("ada", "a")
    assert names(await store.present()) == {"ada": 1}
    assert count_rows(store) == 1


async def test_to_join_again_after_the_end_is_to_join_anew(store: PresenceStore) -> None:
    await store.join("ada", "a")
    pass_time(store, SECONDS + 1)
    again = await store.join("ada", "a")
    assert abs(again.seen_at - again.joined_at) < timedelta(seconds=1)


async def test_to_expire_and_to_join_is_one_step(
    store: PresenceStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The place of a ghost is free at once, and its session is anybody's."""
    monkeypatch.setattr("app.showcases.presence.store.MOST_SESSIONS", 1)
    await store.join("ada", "a")
    pass_time(store, SECONDS + 1)
    await store.join("bob", "a")
    assert names(await store.present()) == {"bob": 1}
    assert count_rows(store) == 1


async def test_what_was_seen_in_the_future_is_not_alive(store: PresenceStore) -> None:
    """The clock was set back by an hour; the ghost would otherwise stay for that hour more."""
    await store.join("ada", "ghost")
    pass_time(store, -HOUR)
    assert names(await store.present()) == {}
    pass_time(store, HOUR)  # nor is it once the clock has caught up
    assert names(await store.present()) == {}
    assert count_rows(store) == 0


async def test_nothing_brings_a_ghost_of_the_future_back(store: PresenceStore) -> None:
    await store.join("ada", "ghost")
    pass_time(store, -HOUR)
    await store.refresh("ghost")
    await store.join("bob", "b")
    assert names(await store.present()) == {"bob": 1}
    assert count_rows(store) == 1


async def test_to_leave_ends_one_session_and_only_ones_own(store: PresenceStore) -> None:
    for name, session in (("ada", "tab"), ("ada", "phone"), ("bob", "b")):
        await store.join(name, session)
    await store.leave("ada", "tab")
    await store.leave("ada", "b")
    assert names(await store.present()) == {"ada": 1, "bob": 1}
    await store.leave("ada", "phone")
    assert names(await store.present()) == {"bob": 1}


async def test_to_leave_and_to_list_twice_is_to_do_it_once(store: PresenceStore) -> None:
    await store.join("ada", "a")
    first = await store.present()
    assert await store.present() == first
    for _ in range(2):
        await store.leave("ada", "a")
        assert names(await store.present()) == {}
    await store.leave("nobody", "none")


async def test_the_list_is_sorted_by_name(store: PresenceStore) -> None:
    for name in ("Zoë", "ada", "Émile", "Bob", "ada b"):
        await store.join(name, str(len(name)) + name[0].encode().hex())
    found = list(names(await store.present()))
    assert found == ["Bob", "Zoë", "ada", "ada b", "Émile"]


async def test_a_refresh_needs_a_session_that_is_present(store: PresenceStore) -> None:
    await store.join("ada", "a")
    pass_time(store, SECONDS - 10)
    await store.refresh("a")
    await store.refresh("unknown")
    pass_time(store, SECONDS - 10)
    assert names(await store.present()) == {"ada": 1}
    pass_time(store, 11)
    await store.refresh("a")
    assert names(await store.present()) == {}


async def test_a_session_is_one_persons(store: PresenceStore) -> None:
    """Otherwise the header of one person's work would keep the ghost of another."""
    await store.join("ada", "tab1")
    with pytest.raises(SessionTakenError):
        await store.join("bob", "tab1")
    assert names(await store.present()) == {"ada": 1}


async def test_only_so_many_sessions_have_room(
    store: PresenceStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.showcases.presence.store.MOST_SESSIONS", 2)
    for session in ("a", "b"):
        await store.join("ada", session)
    with pytest.raises(PresenceFullError):
        await store.join("ada", "c")
    await store.join("ada", "a")  # a refresh needs no room
    await store.leave("ada", "b")
    await store.join("ada", "c")
    assert names(await store.present()) == {"ada": 2}
