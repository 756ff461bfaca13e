"""What the task routes take and answer."""

from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from app.kit.pagination import NextCursor


class TaskState(StrEnum):
    """The state of a task: it moves from queued to running, perhaps back, and ends only once."""

    QUEUED = "queued"
    RUNNING = "running"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELLED = "cancelled"
    DEAD = "dead"

    @property
    def final(self) -> bool:
        """Whether no other state can follow."""
        return self not in (TaskState.QUEUED, TaskState.RUNNING)


class TaskProblem(BaseModel):
    """The reason why a task failed, is dead, or is being tried again."""

    type: str = Field(description="The name of the error", examples=["urn:problem:BadRow"])
    title: str
    detail: str = Field(description="What happened, for a person")


class Task(BaseModel):
    """A task, as clients see it."""

    # every answer has them all
    model_config = ConfigDict(json_schema_serialization_defaults_required=True)

    id: UUID
    kind: str = Field(examples=["wait"])
    state: TaskState
    progress: float = Field(0, ge=0, le=1, description="The fraction that is done")
    attempts: int = Field(0, ge=0, description="How often it was started, hand-backs not counted")
    cancel_requested: bool = Field(False, description="It stops at its next check")
    created_at: datetime
    started_at: datetime | None = Field(None, description="The first start")
    finished_at: datetime | None = None
    result: Any = Field(None, description="What the task returned, once it has succeeded")
    problem: TaskProblem | None = Field(None, description="The last error, if there was one")


class TaskPage(BaseModel):
    """A page of the tasks, newest first."""

    items: list[Task]
    next_cursor: NextCursor
