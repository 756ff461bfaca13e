"""What can be done with tasks. Knows nothing of HTTP."""

import asyncio
import hashlib
from collections.abc import AsyncIterator, Sequence
from contextlib import suppress
from random import getrandbits
from uuid import UUID

from pydantic import BaseModel

from app.errors import AppError
from app.storage.database import StorageUnavailableError
from app.tasks.commits import GroupCommit
from app.tasks.engine.base import Engine
from app.tasks.repository import NewTask, TaskNotFoundError
from app.tasks.schemas import Task, TaskPage, TaskState

WATCH_SECONDS = 0.2


class NoTaskFileError(AppError):
    """This task has no file to download: only succeeded tasks of some kinds have one."""

    status = 409
    title = "No Task File"


class TaskService:
    """Submits, reads, watches and cancels tasks; made once in each worker process."""

    def __init__(self, commits: GroupCommit, engine: Engine) -> None:
        self._commits = commits
        self._repository = commits.repository
        self.engine = engine

    async def ping(self) -> None:
        """Return if the storage answers."""
        await self._commits.read(self._repository.ping)

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
        return await self._commits.run_each(self._repository.add, new)

    async def get(self, task_id: UUID) -> Task:
        """One task, or TaskNotFoundError."""
        return await self._commits.read(self._repository.get, task_id)

    async def read_page(
        self, limit: int, cursor: UUID | None, state: TaskState | None, kind: str | None
    ) -> TaskPage:
        """A page of tasks; one more is read, to know whether there is a next page."""
        items = await self._commits.read(self._repository.page, limit + 1, cursor, state, kind)
        more = len(items) > limit
        return TaskPage(items=items[:limit], next_cursor=items[limit - 1].id if more else None)

    async def cancel(self, task_id: UUID) -> Task:
        """End a queued task at once; ask a running one to stop."""
        return await self._commits.run(self._repository.cancel, task_id)

    async def watch(self, task: Task) -> AsyncIterator[Task]:
        """The task as it is, and again whenever it has changed, until it or the service ends."""
        yield task
        while not task.state.final and not self.engine.stopping.is_set():
            await asyncio.sleep(WATCH_SECONDS)
            before = task
            with suppress(StorageUnavailableError):  # then the next look may tell
                task = await self.get(task.id)
            if task != before:
                yield task

    async def result_file(self, task: Task) -> AsyncIterator[bytes]:
        """The pieces of the file that the task made; NoTaskFileError when there is none."""
        read, repository, name = self._commits.read, self._repository, str(task.id)
        count = await read(repository.count_pieces, name, "result")
        if task.state is not TaskState.SUCCEEDED or not count:
            raise NoTaskFileError

        async def pieces() -> AsyncIterator[bytes]:
            for number in range(count):
                piece = await read(repository.piece, name, "result", number)
                if piece is None:  # too old, and removed: half a file must not look like a whole
                    raise TaskNotFoundError
                yield piece

        return pieces()
