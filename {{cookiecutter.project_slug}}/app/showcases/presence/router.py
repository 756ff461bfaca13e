"""`/v1/presence`: who is using the service now."""

from collections.abc import AsyncIterable
from typing import Any

from fastapi import Request
from fastapi.sse import EventSourceResponse, ServerSentEvent

from app.kit.events import LastEventId, stream_of
from app.kit.ids import new_id
from app.kit.mount import Router
from app.kit.problems import problems
from app.security import ApiKeyRequired
from app.showcases.presence import service
from app.showcases.presence.dependencies import PresenceStoreDep, PresentDep
from app.showcases.presence.schemas import Membership, Name, Present, SessionId
from app.state import app_state

EVENTS: dict[int | str, dict[str, Any]] = {200: stream_of("Present")}

router = Router(
    prefix="/v1/presence",
    tags=["presence"],
    dependencies=[ApiKeyRequired],
    responses=problems(401, 503),
)


@router.put("/{name}", responses=problems(409, 422))
async def join_presence(
    name: Name, store: PresenceStoreDep, session: SessionId | None = None
) -> Membership:
    """Register a session of this person, or refresh it; without one, make one."""
    return await store.join(name, session or str(new_id()))


@router.delete("/{name}", status_code=204, responses=problems(422))
async def leave_presence(name: Name, session: SessionId, store: PresenceStoreDep) -> None:
    """End this session, but no other one of the person; 204 also if there is none."""
    await store.leave(name, session)


@router.get("")
async def list_presence(present: PresentDep) -> Present:
    """List who is present, by name."""
    return present


@router.get("/events", response_class=EventSourceResponse, responses=problems(422) | EVENTS)
async def watch_presence(
    request: Request,
    store: PresenceStoreDep,
    present: PresentDep,
    last_event_id: LastEventId = None,
) -> AsyncIterable[ServerSentEvent]:
    """Send who is present now and whenever somebody joins, leaves or expires, not at a refresh."""
    stopping = app_state(request)["tasks"].engine.stopping  # which ends every stream
    async for now in service.watch(store, present, last_event_id, stopping):
        yield ServerSentEvent(event="present", data=now, id=service.event_id(now))
