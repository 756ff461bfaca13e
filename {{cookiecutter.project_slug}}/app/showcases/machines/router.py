"""`/v1/instances`: the machines that run only while somebody uses them."""

from math import ceil
from typing import Any

from fastapi import Response

from app.kit.mount import Router
from app.kit.problems import problems
from app.security import ApiKeyRequired
from app.showcases.machines.dependencies import Forced, MachinesDep, Wait
from app.showcases.machines.schemas import Machine, Machines

AT_WORK: dict[int | str, dict[str, Any]] = {
    202: {"model": Machine, "description": "`Location` says which task is at work on it"}
}

router = Router(
    prefix="/v1/instances",
    tags=["machines"],
    dependencies=[ApiKeyRequired],
    responses=problems(401, 503),
)


def answer(machine: Machine, response: Response, machines: MachinesDep) -> Machine:
    """Return the machine: as it is to be, or with 202 and the task that is at work on it."""
    if machine.task:
        response.status_code = 202
        response.headers["Location"] = f"/v1/tasks/{machine.task}"
        response.headers["Retry-After"] = str(ceil(machines.settings.machines_poll_seconds))
    return machine


@router.get("")
async def list_machines(machines: MachinesDep) -> Machines:
    """List the machines with their states, as the setting `MACHINES` names them."""
    return Machines(items=await machines.read_all())


@router.get("/{name}", responses=problems(404, 410, 422))
async def read_machine(name: str, machines: MachinesDep) -> Machine:
    """Return the machine's state: what its provider says, and the service inside it."""
    return await machines.get(name)


@router.post("/{name}/start", responses=problems(404, 409, 410, 422) | AT_WORK)
async def start_machine(
    name: str, machines: MachinesDep, response: Response, wait: Wait = 0
) -> Machine:
    """Start the machine; however many ask, it is started once. 200: it runs, and answers."""
    return answer(await machines.start(name, wait), response, machines)


@router.post("/{name}/stop", responses=problems(403, 404, 409, 410, 422) | AT_WORK)
async def stop_machine(
    name: str, machines: MachinesDep, response: Response, forced: Forced, wait: Wait = 0
) -> Machine:
    """Stop the machine; 409 while somebody is present, unless an operator forces it."""
    return answer(await machines.stop(name, forced, wait), response, machines)
