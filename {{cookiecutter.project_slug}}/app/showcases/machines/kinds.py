"""The kinds `start-machine` and `stop-machine`: what is asked of the provider, and what it does.

Each begins with a look at what the provider says now. So after a crash, or beside somebody with
the provider's own console, an attempt goes on from what is, and not from what was wanted.
"""

import time
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, ConfigDict, ValidationInfo, model_validator
from pydantic_core import PydanticCustomError

from app.showcases.machines.errors import (
    MachineInUseError,
    NoCapacityError,
    StartFailedError,
    StopFailedError,
)
from app.showcases.machines.provider import LACKS_CAPACITY, Seen
from app.showcases.machines.schemas import MachineState
from app.showcases.machines.work import Work

if TYPE_CHECKING:
    from app.tasks.engine.context import TaskContext

START, STOP = "start-machine", "stop-machine"
STALE_SECONDS = 5.0  # for which the provider may still show the state before a start
OWN_ROUTE = "Machines are started and stopped by the routes below /v1/instances alone"
STARTED_AGAIN = "Somebody has started the machine again."
TOO_SLOW = "{} within MACHINES_SECONDS; it may still do so."


class Order(BaseModel):
    """A machine to start or stop. Only the service itself makes an order, never a client.

    What clients send to `/v1/tasks` is validated as Python objects, what is stored is JSON.
    """

    model_config = ConfigDict(extra="forbid")

    machine: str
    forced: bool = False

    @classmethod
    def of(cls, machine: str, forced: bool = False) -> "Order":
        """Return an order; for the routes, which have checked who asks."""
        return cls.model_construct(machine=machine, forced=forced)

    @model_validator(mode="before")
    @classmethod
    def refuse_clients(cls, value: object, info: ValidationInfo) -> object:
        """Refuse what does not come from the store."""
        if info.mode != "json":
            raise PydanticCustomError("order", OWN_ROUTE)
        return value


def start_machine(order: Order, task: "TaskContext") -> dict[str, Any]:
    """Start the machine, and return once the service inside it answers.

    While it is stopping, that comes first. If it stops again, the start has failed.
    """
    work = Work(task, order.machine)
    asked_at, launched, stage = 0.0, False, 0.0
    while not ((seen := work.look()).state is MachineState.RUNNING and work.is_healthy()):
        if launched and seen.state in (MachineState.STOPPING, MachineState.STOPPED):
            raise failed_start(seen)
        if seen.state is MachineState.STOPPED:
            if asked_at and time.monotonic() > asked_at + STALE_SECONDS:
                raise failed_start(seen)
            if not asked_at:
                work.start()
                asked_at = time.monotonic()
        launched = launched or seen.state in (MachineState.STARTING, MachineState.RUNNING)
        stage = max(stage, STAGES[seen.state])
        if not work.wait(stage):
            raise StartFailedError(TOO_SLOW.format("The service inside it did not answer"))
    return {"state": MachineState.RUNNING.value}


STAGES = {  # the fraction of a start that is done
    MachineState.STOPPING: 0.1,
    MachineState.STOPPED: 0.2,
    MachineState.STARTING: 0.4,
    MachineState.RUNNING: 0.7,
}


def failed_start(seen: Seen) -> Exception:
    """Return the error of a machine that stopped again: no room is worth another attempt."""
    if LACKS_CAPACITY(seen.reason):
        return NoCapacityError()
    return StartFailedError(f"The machine stopped again while it started: {seen.reason}.")


def stop_machine(order: Order, task: "TaskContext") -> dict[str, Any]:
    """Stop the machine, unless somebody is present by then; while it starts, that comes first."""
    work = Work(task, order.machine)
    asked = False
    while (seen := work.look()).state is not MachineState.STOPPED:
        if asked and seen.state is MachineState.STARTING:
            raise MachineInUseError(STARTED_AGAIN)
        if seen.state is MachineState.RUNNING and not asked:
            work.stop(order.forced)
            asked = True
        if not work.wait(0.5 if asked else 0.1):
            raise StopFailedError(TOO_SLOW.format("The machine did not stop"))
    return {"state": MachineState.STOPPED.value}
