"""Who is present, as it changes. Knows nothing of HTTP."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress

from app.kit.events import id_of
from app.showcases.presence.schemas import Present
from app.showcases.presence.store import PresenceStore
from app.storage.connection import StorageUnavailableError

LOOK_SECONDS = 1.0  # from one look at the storage to the next


def event_id(present: Present) -> str:
    """Return an id for who is present: the same in every process, and after a mere refresh."""
    return id_of(present.model_dump_json(exclude={"items": {"__all__": {"last_seen"}}}))


async def watch(
    store: PresenceStore, present: Present, seen: str | None, stopping: asyncio.Event
) -> AsyncIterator[Present]:
    """Yield who is present now, unless its id was seen, and at each change until all stops."""
    while True:
        if event_id(present) != seen:
            seen = event_id(present)
            yield present
        if stopping.is_set():
            return
        await asyncio.sleep(LOOK_SECONDS)
        with suppress(StorageUnavailableError):  # the next look may succeed
            present = await store.present()
