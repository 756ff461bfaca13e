"""What the machine routes get: the service, and whether a stop is forced."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated, Any, cast

from fastapi import Depends, FastAPI, Header, HTTPException, Query, Request

from app.security import matches
from app.showcases.machines.service import MachineService
from app.showcases.machines.settings import MachineSettings

NO_ADMIN_KEY = "The server has no MACHINES_ADMIN_KEY, so nobody can force a stop."
LONGEST_WAIT_SECONDS = 60


def open_machines(app: FastAPI, settings: MachineSettings) -> None:
    """Put the service into the state of every request; presence must be open by then."""
    inner: Any = app.router.lifespan_context

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[Any]:
        async with inner(app) as state:
            machines = MachineService(settings, state["tasks"], state["presence"])
            yield {**state, "machines": machines}

    app.router.lifespan_context = lifespan


async def get_machines(request: Request) -> MachineService:
    """Return the service that the lifespan made."""
    return cast("MachineService", request.scope["state"]["machines"])


MachinesDep = Annotated[MachineService, Depends(get_machines)]

Wait = Annotated[
    float,
    Query(
        ge=0,
        le=LONGEST_WAIT_SECONDS,
        allow_inf_nan=False,
        description="Hold the answer until it is done, for so many seconds at most",
    ),
]


async def check_force(
    machines: MachinesDep,
    force: Annotated[bool, Query(description="Stop it also while somebody is present")] = False,
    x_admin_key: Annotated[str | None, Header(description="With `?force=true`")] = None,
) -> bool:
    """Return whether the stop is forced; refuse that without the key of an operator."""
    key = machines.settings.machines_admin_key
    if force and key is None:
        raise HTTPException(403, NO_ADMIN_KEY)
    if force and key and not matches(x_admin_key, key):
        raise HTTPException(403, "Send the operator's key in the X-Admin-Key header.")
    return force


Forced = Annotated[bool, Depends(check_force)]
