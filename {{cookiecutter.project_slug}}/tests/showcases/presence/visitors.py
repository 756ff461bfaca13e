"""`python -m tests.showcases.presence.visitors URL NUMBER`: a process that updates presence."""

import asyncio
import subprocess
import sys
from collections.abc import Awaitable, Callable
from contextlib import closing
from pathlib import Path

from app.showcases.presence.schemas import Present
from app.showcases.presence.store import PresenceStore
from app.storage.opening import open_storage
from app.storage.settings import StorageSettings

ROOT = Path(__file__).parents[3]
PROCESSES, PEOPLE = 20, 4
SESSIONS = 40  # of each process, which makes 100 updates: join, refresh all, leave half of them
AT_ONCE = 10  # in one event loop, as requests are


async def visit(url: str, number: int) -> None:
    """Make the updates of a process, for a person whom other processes share."""
    given = StorageSettings.model_validate({"database_url": url, "storage_seconds": 60})
    with closing(open_storage(given)) as storage:
        store, name = PresenceStore(storage, 600), f"person {number % PEOPLE}"
        sessions = [f"{number}-{session}" for session in range(SESSIONS)]
        for update, wanted in ((store.join, sessions),) * 2 + ((store.leave, sessions[::2]),):
            await do_all(update, name, wanted)


async def do_all(
    update: Callable[[str, str], Awaitable[object]], name: str, sessions: list[str]
) -> None:
    """Update these sessions of a person, some at once."""
    for start in range(0, len(sessions), AT_ONCE):
        some = sessions[start : start + AT_ONCE]
        await asyncio.gather(*(update(name, session) for session in some))


def run_visitors(url: str) -> None:
    """Run twenty such processes at once."""
    command = [sys.executable, "-m", "tests.showcases.presence.visitors", url]
    running = [subprocess.Popen([*command, str(n)], cwd=ROOT) for n in range(PROCESSES)]
    assert [process.wait(timeout=120) for process in running] == [0] * PROCESSES


def check_visitors(present: Present) -> None:
    """Demand that each session that was not ended is there once, and no other."""
    left = PROCESSES * SESSIONS // 2 // PEOPLE
    expected = [(f"person {number}", left) for number in range(PEOPLE)]
    assert [(person.name, person.sessions) for person in present.items] == expected


if __name__ == "__main__":
    asyncio.run(visit(sys.argv[1], int(sys.argv[2])))
