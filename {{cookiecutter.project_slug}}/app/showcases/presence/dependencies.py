"""The store that the presence routes use, and how a request to other routes refreshes a session."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Annotated, Any, cast

from fastapi import BackgroundTasks, Depends, FastAPI, Header, Request

from app.showcases.presence.schemas import Present
from app.showcases.presence.store import PresenceStore
from app.storage.connection import StorageUnavailableError


def open_presence(app: FastAPI, seconds: int) -> None:
    """Put the store into the state of every request, beside what the app's lifespan opens."""
    inner: Any = app.router.lifespan_context

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[Any]:
        async with inner(app) as state:
            yield {**state, "presence": PresenceStore(state["storage"], seconds)}

    app.router.lifespan_context = lifespan


async def get_store(request: Request) -> PresenceStore:
    """Return the store that the lifespan made."""
    return cast("PresenceStore", request.scope["state"]["presence"])


PresenceStoreDep = Annotated[PresenceStore, Depends(get_store)]


async def get_present(store: PresenceStoreDep) -> Present:
    """Return who is present; before a stream begins, an outage is still a 503."""
    return await store.present()


PresentDep = Annotated[Present, Depends(get_present)]


async def refresh_session(
    request: Request,
    store: PresenceStoreDep,
    background: BackgroundTasks,
    # no pattern: what cannot be a session refreshes nothing, but refuses no work
    x_presence_session: Annotated[
        str | None, Header(description="With a `POST`: the session of presence that it refreshes")
    ] = None,
) -> None:
    """Refresh the session after the answer to a `POST`, which it neither delays nor fails."""
    if x_presence_session and request.method == "POST":
        background.add_task(refresh, store, x_presence_session)


async def refresh(store: PresenceStore, session: str) -> None:
    """Refresh a session if the storage answers."""
    with suppress(StorageUnavailableError):
        await store.refresh(session)


RefreshSession = Depends(refresh_session)
