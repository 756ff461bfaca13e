"""Is the process alive, and can it do its work? For load balancers and orchestrators."""

from typing import Literal

from fastapi import APIRouter, Request
from pydantic import BaseModel, Field

from app.kit.problems import problems
from app.state import app_state

router = APIRouter(prefix="/health", tags=["health"])


class Live(BaseModel):
    """The answer of a process that is alive."""

    status: Literal["ok"] = "ok"


class Ready(Live):
    """The answer of a service that can predict and store."""

    model_version: str = Field(description="The version of the first model that answers")
    refused_versions: dict[str, str] | None = Field(
        default=None, description="By model: a version that should answer and is unfit, if any"
    )


@router.get("/live")
async def live() -> Live:
    """Answer if the event loop runs; this checks neither model nor storage. On failure, restart."""
    return Live()


@router.get("/ready", response_model_exclude_none=True, responses=problems(503))
async def ready(request: Request) -> Ready:
    """Check that every model answers; read and write a row. On failure, send no traffic."""
    state = app_state(request)
    models = state["models"]
    await models.probe()
    await state["storage"].ping()
    return Ready(model_version=models.first.card.version, refused_versions=models.refused or None)
