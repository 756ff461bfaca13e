"""Presence in several processes, which share one SQLite file; one of them is killed."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import takewhile
from pathlib import Path

import httpx2

from app.showcases.presence.store import PresenceStore
from tests.conftest import kill_group, serve
from tests.showcases.presence.test_store import count_rows
from tests.showcases.presence.visitors import PROCESSES, SESSIONS, check_visitors, run_visitors
from tests.storage.helpers import Direct, opened

PATH = "/v1/presence"
LIVES = {"PRESENCE_SECONDS": "4", "ACCESS_LOG": "false"}
LONGEST_SECONDS = 30
NOBODY = 'data: {"items":[]}'


def test_twenty_processes_lose_and_duplicate_nothing(tmp_path: Path) -> None:
    file = tmp_path / "app.sqlite3"
    run_visitors(f"sqlite:///{file}")
    with opened(file) as storage:
        store = PresenceStore(storage, 600)
        check_visitors(Direct(store).present())
        assert count_rows(store) == PROCESSES * SESSIONS // 2


def listed(client: httpx2.Client) -> list[str]:
    """Return who is present."""
    items = client.get(PATH).raise_for_status().json()["items"]
    return [item["name"] for item in items]


def join(client: httpx2.Client, name: str) -> None:
    """Register or refresh the session that is called as the person is."""
    client.put(f"{PATH}/{name}", params={"session": name}).raise_for_status()


@contextmanager
def events(client: httpx2.Client) -> Iterator[Iterator[str]]:
    """Give the data of each event as it arrives, for a while: heartbeats would never end."""
    end = time.monotonic() + LONGEST_SECONDS
    with client.stream("GET", f"{PATH}/events") as answer:
        lines = takewhile(lambda _: time.monotonic() < end, answer.iter_lines())
        yield (line for line in lines if line.startswith("data: "))


def test_two_processes_agree_and_a_kill_leaves_no_ghost(tmp_path: Path) -> None:
    with serve(tmp_path, **LIVES) as (kept, _), serve(tmp_path, **LIVES) as (killed, process):
        with events(kept) as changes:
            assert next(changes) == NOBODY
            join(killed, "ada")
            assert '"ada"' in next(changes)
            assert listed(kept) == listed(killed) == ["ada"]
            join(kept, "bob")
            assert '"bob"' in next(changes)
            kept.delete(f"{PATH}/ada", params={"session": "ada"}).raise_for_status()
            assert '"ada"' not in next(changes)
            assert "ada" not in listed(killed)
            join(killed, "ghost")
            joined = time.monotonic()
            kill_group(process)
            assert "ghost" in listed(kept)
            assert NOBODY in changes
        assert time.monotonic() < joined + 4 + 3  # its time, and a slow machine's
        assert listed(kept) == []


def test_a_stream_ends_when_the_service_stops(tmp_path: Path) -> None:
    with serve(tmp_path, **LIVES) as (client, process), events(client) as changes:
        assert next(changes)
        process.terminate()
        assert list(changes) == []
        assert process.wait(timeout=30) == 0
