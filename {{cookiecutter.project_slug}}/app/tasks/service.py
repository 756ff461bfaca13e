"""What can be done with tasks. Knows nothing of HTTP."""

import asyncio
import hashlib
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import suppress
from typing import ClassVar
from uuid import UUID

from pydantic import BaseModel

from app.errors import AppError, UnavailableError
from app.kit.ids import new_id
from app.kit.pagination import split_page
from app.storage.connection import StorageUnavailableError
from app.tasks.engine.base import Engine
from app.tasks.kinds.registry import Kinds, find_kind
from app.tasks.records import NewTask, TaskNotFoundError
from app.tasks.schemas import Task, TaskPage, TaskState
from app.tasks.store import TaskStore


class NoTaskFileError(AppError):
    """This task has no file to download: only succeeded tasks of some kinds have one."""

    status = 409
    title = "No Task File"


class BadPayloadError(AppError):
    """This payload cannot be stored: a number or a text in it is none that JSON has."""

    status = 422
    title = "Bad Payload"


class QueueFullError(UnavailableError):
    """More work waits than TASK_QUEUE_BYTES allows; try again once some of it is done."""

    title = "Queue Full"
    headers: ClassVar[Mapping[str, str]] = {"Retry-After": "10"}


class TaskService:
    """The operations on tasks: submit, read, watch, cancel; made once in each worker process."""

    def __init__(self, store: TaskStore, engine: Engine, kinds: Kinds) -> None:
        self.store = store
        self.engine = engine
        self.kinds = kinds
        self.watch_seconds = 0.2  # from one look at a task to the next

    async def submit(
        self, kind: str, payload: BaseModel, key: str | None, pieces: Sequence[bytes] = ()
    ) -> Task:
        """Store a new task, so that it survives the process, or find the one that this key made."""
        body = encode_payload(payload)
        fingerprint = hashlib.sha256(f"{kind} {body}".encode()).hexdigest() if key else ""
        version = find_kind(self.kinds, kind).version
        new = NewTask(str(new_id()), kind, body, key, fingerprint, pieces, version)
        await self._demand_room(new.size)
        return await self.store.add(new)

    async def _demand_room(self, size: int) -> None:
        """Count a new task into the queue, or raise QueueFullError; an empty queue takes any."""
        most = max(0, self.engine.settings.task_queue_bytes - size)
        if self.engine.queued_bytes > most:
            await self.engine.look()  # some of it may be done
        if self.engine.queued_bytes > most:
            raise QueueFullError
        self.engine.queued_bytes += size

    async def get(self, task_id: UUID) -> Task:
        """Return the task, or raise TaskNotFoundError."""
        return await self.store.get(task_id)

    async def read_page(
        self, limit: int, cursor: UUID | None, state: TaskState | None, kind: str | None
    ) -> TaskPage:
        """Return a page of tasks; read one more, to know whether another page follows."""
        items = await self.store.page(limit + 1, cursor, state, kind)
        items, next_cursor = split_page(items, limit)
        return TaskPage(items=items, next_cursor=next_cursor)

    async def cancel(self, task_id: UUID) -> Task:
        """End a queued task at once; ask a running one to stop."""
        return await self.store.cancel(task_id)

    async def watch(self, task: Task) -> AsyncIterator[Task]:
        """Yield the task now and whenever it has changed, until it or the service ends."""
        yield task
        while not task.state.final and not self.engine.stopping.is_set():
            await asyncio.sleep(self.watch_seconds)
            before = task
            with suppress(StorageUnavailableError):  # the next look may succeed
                task = await self.get(task.id)
            if task != before:
                yield task

    async def result_file(self, task: Task) -> AsyncIterator[bytes]:
        """Return the pieces of the file that the task made, or raise NoTaskFileError."""
        name = str(task.id)
        count = await self.store.count_pieces(name, "result")
        if task.state is not TaskState.SUCCEEDED or not count:
            raise NoTaskFileError

        async def pieces() -> AsyncIterator[bytes]:
            for number in range(count):
                piece = await self.store.piece(name, "result", number)
                if piece is None:  # expired and removed: half a file must not look complete
                    raise TaskNotFoundError
                yield piece

        return pieces()


def encode_payload(payload: BaseModel) -> str:
    """Return the payload as JSON that its kind can read again, or raise BadPayloadError."""
    with suppress(ValueError):  # which Pydantic's errors are
        body = payload.model_dump_json()
        if type(payload).model_validate_json(body) == payload:  # NaN has become null, say
            return body
    raise BadPayloadError
