"""What can go wrong with a machine. A task gives up at a 409 or 410, and tries again at a 503."""

from collections.abc import Mapping
from typing import ClassVar

from app.errors import AppError, UnavailableError
from app.showcases.presence.schemas import Present

MOST_NAMES = 20  # that a message has


class MachineInUseError(AppError):
    """Somebody uses the machine."""

    status = 409
    title = "Machine In Use"


class StartFailedError(AppError):
    """The machine did not start."""

    status = 409
    title = "Start Failed"


class StopFailedError(AppError):
    """The machine did not stop."""

    status = 409
    title = "Stop Failed"


class MachineGoneError(AppError):
    """The provider has no such machine: it was terminated, or its id in MACHINES is wrong."""

    status = 410
    title = "Machine Gone"


class NoCapacityError(UnavailableError):
    """The provider has no room for this machine at the moment; the start is tried again."""

    title = "No Capacity"
    headers: ClassVar[Mapping[str, str]] = {"Retry-After": "30"}


class ProviderRefusedError(UnavailableError):
    """The provider refuses what the service asks; the operator finds the cause in the log."""

    title = "Provider Refused"
    headers: ClassVar[Mapping[str, str]] = {"Retry-After": "60"}


class ProviderUnavailableError(UnavailableError):
    """The provider of the machines does not answer; try again soon."""

    title = "Provider Unavailable"
    headers: ClassVar[Mapping[str, str]] = {"Retry-After": "5"}


def demand_nobody(present: Present) -> None:
    """Return if nobody is present, or raise MachineInUseError with their names."""
    names = [person.name for person in present.items]
    if names:
        shown = ", ".join(names[:MOST_NAMES])
        others = f" and {len(names) - MOST_NAMES} others" if len(names) > MOST_NAMES else ""
        raise MachineInUseError(f"It is not stopped while these are present: {shown}{others}.")
