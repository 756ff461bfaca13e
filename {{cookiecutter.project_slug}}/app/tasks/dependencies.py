"""What the task routes get: the service, the task of a path, a checked payload."""

from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import Body, Depends, Header, Request, Response, UploadFile
from fastapi.exceptions import RequestValidationError
from fastapi.openapi.models import Example
from pydantic import BaseModel, Field, ValidationError

from app.kit.events import LastEventId, id_of
from app.state import app_state
from app.tasks.kinds.registry import KINDS, Kinds, find_kind
from app.tasks.kinds.row_format import JSON_LINES_TYPES, FileForm
from app.tasks.schemas import Task
from app.tasks.service import TaskService


async def get_tasks(request: Request) -> TaskService:
    """Return the service that the lifespan made."""
    return app_state(request)["tasks"]


TaskServiceDep = Annotated[TaskService, Depends(get_tasks)]


async def get_task(task_id: UUID, tasks: TaskServiceDep) -> Task:
    """Return the task that the path names, or raise TaskNotFoundError."""
    return await tasks.get(task_id)


TaskDep = Annotated[Task, Depends(get_task)]

IdempotencyKey = Annotated[
    str | None,
    Header(
        min_length=1,
        max_length=255,
        pattern=r"^[\x21-\x7e]+$",
        description="Your name for this request: sent again, it returns the same task",
    ),
]


class UploadOptions(BaseModel):
    """What a client may say of a file that it uploads."""

    model: str | None = Field(None, description="The model to ask, if not the first")
    on_error: Literal["fail", "skip"] = Field(
        "fail", description="Whether a bad row fails the task, or gets an `error` instead"
    )
    model_version: bool = Field(
        False, description="Whether each answer says which version of the model gave it"
    )

    def form(self, file: UploadFile) -> FileForm:
        """Return what is known of the file before it is read."""
        named = (file.filename or "").lower().endswith((".jsonl", ".ndjson"))
        return FileForm(
            format="jsonl" if named or file.content_type in JSON_LINES_TYPES else "csv",
            skip_bad_rows=self.on_error == "skip",
            model_version=self.model_version,
        )


def event_id(task: Task) -> str:
    """Return the id of the event that tells of the task as it is now."""
    return id_of(task.model_dump_json())


async def get_seen(
    task: TaskDep, response: Response, last_event_id: LastEventId = None
) -> str | None:
    """Return the event that the client has; if none can follow, make it a 204: a browser stops."""
    if task.state.final and event_id(task) == last_event_id:
        response.status_code = 204
    return last_event_id


SeenDep = Annotated[str | None, Depends(get_seen)]

EXAMPLES: dict[str, Example] = {
    name: {"value": kind.example} for name, kind in KINDS.items() if kind.example
}
Payload = Annotated[dict[str, Any], Body(openapi_examples=EXAMPLES)]


def check_payload(kinds: Kinds, kind: str, payload: dict[str, Any]) -> BaseModel:
    """Return the body as the kind's payload, or raise RequestValidationError: 422."""
    try:
        checked: BaseModel = find_kind(kinds, kind).payload.model_validate(payload)
    except ValidationError as error:
        details = [{**item, "loc": ("body", *item["loc"])} for item in error.errors()]
        raise RequestValidationError(details) from None
    return checked
