"""The task routes: parse, call the service, answer."""

from collections.abc import AsyncIterable
from typing import Annotated, Any
from uuid import UUID

from anyio import to_thread
from fastapi import APIRouter, BackgroundTasks, File, Query, Response, UploadFile
from fastapi.responses import StreamingResponse
from fastapi.sse import EventSourceResponse, ServerSentEvent

from app.kit.events import stream_of
from app.kit.mount import Router
from app.kit.pagination import Cursor, Limit
from app.kit.problems import problems
from app.security import ApiKeyRequired
from app.state import ModelsDep
from app.tasks.dependencies import (
    IdempotencyKey,
    Payload,
    SeenDep,
    TaskDep,
    TaskServiceDep,
    UploadOptions,
    check_payload,
    event_id,
)
from app.tasks.kinds.row_format import JSON_LINES_TYPES
from app.tasks.kinds.upload import split_upload
from app.tasks.schemas import Task, TaskPage, TaskState

PREFIX = "/v1/tasks"
CSV, JSON_LINES = ("text/csv", "csv"), (JSON_LINES_TYPES[0], "jsonl")

# generators of clients know a file by this; FastAPI documents only `contentMediaType`
RowsFile = Annotated[UploadFile, File(json_schema_extra={"format": "binary"})]

EVENTS: dict[int | str, dict[str, Any]] = {
    200: stream_of("Task"),
    204: {"description": "No event follows `Last-Event-ID`"},
}

router = Router(
    prefix=PREFIX, tags=["tasks"], dependencies=[ApiKeyRequired], responses=problems(401, 422, 503)
)


class RowsResponse(StreamingResponse):
    """A file of rows, in pieces: CSV, or JSON Lines."""

    media_type = "text/csv"


def accept(
    task: Task, response: Response, background: BackgroundTasks, tasks: TaskServiceDep
) -> Task:
    """Answer that the task is accepted; kick the engine after the answer."""
    response.headers["Location"] = f"{PREFIX}/{task.id}"
    response.headers["Retry-After"] = "1"
    background.add_task(tasks.engine.kick)
    return task


async def submit_batch_prediction(
    file: RowsFile,
    options: Annotated[UploadOptions, Query()],
    models: ModelsDep,
    tasks: TaskServiceDep,
    response: Response,
    background: BackgroundTasks,
    idempotency_key: IdempotencyKey = None,
) -> Task:
    """Accept a CSV with a column for each feature, or JSON Lines; what else is in it is kept."""
    model = models.get(options.model) if options.model else models.first
    largest = tasks.engine.settings.task_result_bytes
    payload, pieces = await to_thread.run_sync(
        split_upload, file.file, model.current.loaded, largest, options.form(file)
    )
    task = await tasks.submit("batch-prediction", payload, idempotency_key, pieces)
    return accept(task, response, background, tasks)


@router.post("/{kind}", status_code=202, responses=problems(400, 404, 409, 413))
async def submit_task(
    kind: str,
    payload: Payload,
    tasks: TaskServiceDep,
    response: Response,
    background: BackgroundTasks,
    idempotency_key: IdempotencyKey = None,
) -> Task:
    """Accept a task of this kind; once accepted, it survives the process."""
    task = await tasks.submit(kind, check_payload(tasks.kinds, kind, payload), idempotency_key)
    return accept(task, response, background, tasks)


@router.get("", responses=problems(404))
async def list_tasks(
    tasks: TaskServiceDep,
    state: Annotated[TaskState | None, Query(description="Only tasks in this state")] = None,
    kind: Annotated[
        str | None, Query(pattern=r"^[\w.-]{1,64}$", description="Only tasks of this kind")
    ] = None,
    limit: Limit = 20,
    cursor: Cursor = None,
) -> TaskPage:
    """List the tasks, newest first."""
    return await tasks.read_page(limit, cursor, state, kind)


@router.get("/{task_id}", responses=problems(404))
async def read_task(task: TaskDep) -> Task:
    """Return the task's state, and its result or its problem."""
    return task


@router.get(
    "/{task_id}/events",
    response_class=EventSourceResponse,
    responses=problems(404) | EVENTS,
)
async def watch_task(
    task: TaskDep, tasks: TaskServiceDep, seen: SeenDep
) -> AsyncIterable[ServerSentEvent]:
    """Send the task now and at each change, as server-sent events until it ends."""
    async for state in tasks.watch(task):
        if event_id(state) != seen:
            yield ServerSentEvent(event=state.state.value, data=state, id=event_id(state))


@router.get("/{task_id}/result", response_class=RowsResponse, responses=problems(404, 409))
async def download_result(task: TaskDep, tasks: TaskServiceDep) -> RowsResponse:
    """Return the file that the task made."""
    form = task.result.get("format") if isinstance(task.result, dict) else None
    media_type, suffix = JSON_LINES if form == "jsonl" else CSV
    return RowsResponse(
        await tasks.result_file(task),
        media_type=media_type,
        headers={"Content-Disposition": f'attachment; filename="{task.kind}-{task.id}.{suffix}"'},
    )


@router.delete("/{task_id}", responses=problems(404))
async def cancel_task(task_id: UUID, tasks: TaskServiceDep) -> Task:
    """Cancel a queued task at once, a running one at its next check; leave one that has ended."""
    return await tasks.cancel(task_id)


def build_router(upload_bytes: int) -> APIRouter:
    """Return every route of the tasks; only an upload may be as large as this."""
    responses = problems(400, 401, 409, 413, 422, 503)
    built = Router(
        prefix=PREFIX, tags=["tasks"], dependencies=[ApiKeyRequired], responses=responses
    )
    upload = built.post("/batch-prediction", status_code=202, max_body_size=upload_bytes)
    upload(submit_batch_prediction)
    built.routes.extend(router.routes)  # after it: `/{kind}` would take it for a kind
    return built
