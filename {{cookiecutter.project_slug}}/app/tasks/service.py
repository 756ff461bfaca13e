"""What can be done with tasks. Knows nothing of HTTP."""

import asyncio
import hashlib
from collections.abc import AsyncIterator, Sequence
from contextlib import suppress
from random import getrandbits
from uuid import UUID

from pydantic import BaseModel

from app.errors import AppError
from app.storage.connection import StorageUnavailableError
from app.tasks.engine.base import Engine
from app.tasks.kinds.registry import Kinds
from app.tasks.records import NewTask, TaskNotFoundError
from app.tasks.schemas import Task, TaskPage, TaskState
from app.tasks.store import TaskStore

WATCH_SECONDS = 0.2


class NoTaskFileError(AppError):
    """This task has no file to download: only succeeded tasks of some kinds have one."""

    status = 409
    title = "No Task File"


class TaskService:
    """Submits, reads, watches and cancels tasks; made once in each worker process."""

    def __init__(self, store: TaskStore, engine: Engine, kinds: Kinds) -> None:
        self.store = store
        self.engine = engine
        self.kinds = kinds
        self.watch_seconds = WATCH_SECONDS

    async def submit(
        self, kind: str, payload: BaseModel, key: str | None, pieces: Sequence[bytes] = ()
    ) -> Task:
        """Keep a new task with its input, or find the one that this key made before.

        Once this returns, the task survives the process.
        """
        # not uuid4, which asks the system each time; an id is no secret, for they are all listed
        task_id = UUID(int=getrandbits(128), version=4)
        body = payload.model_dump_json()
        fingerprint = hashlib.sha256(f"{kind} {body}".encode()).hexdigest() if key else ""
        new = NewTask(str(task_id), kind, body, key, fingerprint, pieces)
        return await self.store.add(new)

    async def get(self, task_id: UUID) -> Task:
        """One task, or TaskNotFoundError."""
        return await self.store.get(task_id)

    async def read_page(
        self, limit: int, cursor: UUID | None, state: TaskState | None, kind: str | None
    ) -> TaskPage:
        """A page of tasks; one more is read, to know whether there is a next page."""
        items = await self.store.page(limit + 1, cursor, state, kind)
        more = len(items) > limit
        return TaskPage(items=items[:limit], next_cursor=items[limit - 1].id if more else None)

    async def cancel(self, task_id: UUID) -> Task:
        """End a queued task at once; ask a running one to stop."""
        return await self.store.cancel(task_id)

    async def watch(self, task: Task) -> AsyncIterator[Task]:
        """The task as it is, and again whenever it has changed, until it or the service ends."""
        yield task
        while not task.state.final and not self.engine.stopping.is_set():
            await asyncio.sleep(self.watch_seconds)
            before = task
            with suppress(StorageUnavailableError):  # then the next look may tell
                task = await self.get(task.id)
            if task != before:
                yield task

    async def result_file(self, task: Task) -> AsyncIterator[bytes]:
        """The pieces of the file that the task made; NoTaskFileError when there is none."""
        name = str(task.id)
        count = await self.store.count_pieces(name, "result")
        if task.state is not TaskState.SUCCEEDED or not count:
            raise NoTaskFileError

        async def pieces() -> AsyncIterator[bytes]:
            for number in range(count):
                piece = await self.store.piece(name, "result", number)
                if piece is None:  # too old, and removed: half a file must not look like a whole
                    raise TaskNotFoundError
                yield piece

        return pieces()
