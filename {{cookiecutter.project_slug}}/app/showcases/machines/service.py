"""What can be done with machines. Knows nothing of HTTP."""

import asyncio
from contextlib import suppress
from typing import TYPE_CHECKING

from anyio import CapacityLimiter, to_thread

from app.errors import AppError
from app.showcases.machines import errors
from app.showcases.machines.health import is_healthy
from app.showcases.machines.kinds import START, STOP, Order
from app.showcases.machines.provider import Provider, Seen
from app.showcases.machines.schemas import Machine, MachineState
from app.showcases.machines.settings import MachineSettings, Target
from app.showcases.machines.store import OrderStore
from app.showcases.machines.work import find_target
from app.showcases.presence.store import PresenceStore

if TYPE_CHECKING:
    from app.tasks.schemas import Task
    from app.tasks.service import TaskService

MOST_LOOKS = 16  # at once: threads, which a provider that hangs keeps
PROBLEMS: dict[str, type[AppError]] = {
    f"urn:problem:{error.__name__.removesuffix('Error')}": error
    for error in (
        errors.MachineInUseError,
        errors.MachineGoneError,
        errors.NoCapacityError,
        errors.ProviderRefusedError,
        errors.ProviderUnavailableError,
        errors.StopFailedError,
    )
}
NO_CAPACITY = "urn:problem:NoCapacity"
CANCELLED = "The task of this machine was cancelled."


class MachineService:
    """The machines of the settings: look at them, start and stop them."""

    def __init__(
        self, settings: MachineSettings, tasks: "TaskService", presence: PresenceStore
    ) -> None:
        self.settings = settings
        self._tasks = tasks
        self._presence = presence
        self._orders = OrderStore(presence.storage)
        self._provider = Provider()
        self._limiter = CapacityLimiter(MOST_LOOKS)

    async def read_all(self) -> list[Machine]:
        """Return every machine, with one question to the provider."""
        targets = list(self.settings.targets.values())
        if not targets:
            return []
        ids = [target.instance_id for target in targets]
        seen = await to_thread.run_sync(self._provider.look, ids, limiter=self._limiter)
        return await asyncio.gather(*map(self._describe, targets, seen))

    async def get(self, name: str) -> Machine:
        """Return the machine, or raise NotFoundError or MachineGoneError."""
        target = find_target(self.settings, name)
        [seen] = await to_thread.run_sync(
            self._provider.look, [target.instance_id], limiter=self._limiter
        )
        if seen.state is MachineState.GONE:
            raise errors.MachineGoneError
        return await self._describe(target, seen)

    async def start(self, name: str, wait: float) -> Machine:
        """Return the machine if it runs, or else with the task that starts it: one for all."""
        machine = await self.get(name)
        if machine.state is MachineState.RUNNING:
            return machine.model_copy(update={"task": None})
        return await self._carry_out(machine, START, Order.of(name), wait)

    async def stop(self, name: str, forced: bool, wait: float) -> Machine:
        """Return the machine if it is stopped, or else with the task that stops it.

        Or raise MachineInUseError if somebody is present; the task itself asks again.
        """
        machine = await self.get(name)
        if machine.state in (MachineState.STOPPED, MachineState.NO_CAPACITY):
            return machine.model_copy(update={"task": None})
        if not forced:
            errors.demand_nobody(await self._presence.present())
        return await self._carry_out(machine, STOP, Order.of(name, forced), wait)

    async def _describe(self, target: Target, seen: Seen) -> Machine:
        """Add what the service inside says, and which task is at work."""
        state, task = seen.state, None
        if state is MachineState.RUNNING:
            healthy = await to_thread.run_sync(is_healthy, target.health_url, limiter=self._limiter)
            state = MachineState.RUNNING if healthy else MachineState.STARTING
        for kind, forced in ((START, False), (STOP, False), (STOP, True)):
            last = await self._orders.last(kind, Order.of(target.name, forced))
            task = last.task or task
        if state is MachineState.STOPPED and task and lacks_capacity(await self._tasks.get(task)):
            state = MachineState.NO_CAPACITY
        return Machine(name=target.name, state=state, task=task)

    async def _carry_out(self, machine: Machine, kind: str, order: Order, wait: float) -> Machine:
        """Find or submit the task, and wait for it; raise what keeps it from its end."""
        last = await self._orders.last(kind, order)
        if last.task:
            task = await self._tasks.get(last.task)
        else:
            task = await self._tasks.submit(kind, order, last.key)
        await self._tasks.engine.kick()
        if wait:
            task = await self._wait_for(task, wait)
        raise_problem(task)
        if wait or task.state.final:
            machine = await self.get(machine.name)
        return machine.model_copy(update={"task": None if task.state.final else task.id})

    async def _wait_for(self, task: "Task", seconds: float) -> "Task":
        """Return the task once it has ended or lacks capacity, or when the time is over."""
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                async for changed in self._tasks.watch(task):
                    task = changed
                    if lacks_capacity(task):
                        break
        return task


def lacks_capacity(task: "Task") -> bool:
    """Tell whether the task failed for want of room when it was tried last."""
    return task.problem is not None and task.problem.type == NO_CAPACITY


def raise_problem(task: "Task") -> None:
    """Raise the problem of a task that failed, or of one that waits for room."""
    if lacks_capacity(task):
        raise errors.NoCapacityError
    if task.state.final and task.state.value != "succeeded":
        problem = task.problem
        error = PROBLEMS.get(problem.type if problem else "", errors.StartFailedError)
        raise error(problem.detail if problem else CANCELLED)
