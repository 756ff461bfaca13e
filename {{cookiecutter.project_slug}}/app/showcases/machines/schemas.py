"""What the machine routes answer."""

from enum import StrEnum
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field


class MachineState(StrEnum):
    """The state of a machine, as its provider and the service inside it say."""

    STOPPED = "stopped"
    NO_CAPACITY = "no-capacity"  # stopped, and the provider has no room to start it
    STARTING = "starting"  # also while it runs, until the service inside it answers
    RUNNING = "running"
    STOPPING = "stopping"
    GONE = "gone"  # terminated, or the provider never knew this id


class Machine(BaseModel):
    """A machine as it is now."""

    # every answer has them all
    model_config = ConfigDict(json_schema_serialization_defaults_required=True)

    name: str
    state: MachineState
    task: UUID | None = Field(None, description="The task that starts or stops it, if there is one")


class Machines(BaseModel):
    """Every machine that the service may start."""

    items: list[Machine]
