"""Is the process alive, and can it do its work? For load balancers and orchestrators."""

from typing import Literal

from fastapi import APIRouter, Request
from pydantic import BaseModel, Field

from app.kit.problems import problems
from app.state import app_state

router = APIRouter(prefix="/health", tags=["health"])


class Live(BaseModel):
    """The process answers."""

    status: Literal["ok"] = "ok"


class Ready(Live):
    """The service can predict and store."""

    model_version: str = Field(description="The version of the model that answers")


@router.get("/live")
async def live() -> Live:
    """The event loop turns; says nothing of the model or the storage. Restart on failure."""
    return Live()


@router.get("/ready", responses=problems(503))
async def ready(request: Request) -> Ready:
    """The model is loaded and the storage answers. Send no traffic on failure."""
    state = app_state(request)
    await state["storage"].ping()
    return Ready(model_version=state["model"].card.version)
