"""What one attempt to start or stop a machine works with."""

import time
from typing import TYPE_CHECKING

from app.errors import NotFoundError
from app.showcases.machines.errors import MachineGoneError, demand_nobody
from app.showcases.machines.health import is_healthy
from app.showcases.machines.provider import Provider, Seen
from app.showcases.machines.schemas import MachineState
from app.showcases.machines.settings import MachineSettings, Target
from app.showcases.presence.settings import PresenceSettings
from app.showcases.presence.store import PresenceStore

if TYPE_CHECKING:
    from app.tasks.engine.context import TaskContext

UNKNOWN = "No machine has this name; the setting MACHINES lists those that there are."


class Work:
    """An attempt at a task about one machine, in the thread where the task runs."""

    def __init__(self, task: "TaskContext", name: str) -> None:
        self._task = task
        self._settings = task.settings_of(MachineSettings)
        self._target = find_target(self._settings, name)
        self._provider = Provider()
        self._ends_at = time.monotonic() + self._settings.machines_seconds

    def look(self) -> Seen:
        """Return what the provider says, or raise MachineGoneError."""
        [seen] = self._provider.look([self._target.instance_id])
        if seen.state is MachineState.GONE:
            raise MachineGoneError
        return seen

    def is_healthy(self) -> bool:
        """Tell whether the service inside the machine answers."""
        return is_healthy(self._target.health_url)

    def start(self) -> None:
        """Ask for a start; at each attempt after the first, wait before that."""
        if (attempt := self._task.claim.attempt) > 1:
            self._task.sleep(self._settings.machines_retry_seconds * 2.0 ** min(attempt - 2, 8))
        self._provider.start(self._target.instance_id)

    def stop(self, forced: bool) -> None:
        """Ask for a stop, unless somebody is present at this moment."""
        if not forced:
            seconds = self._task.settings_of(PresenceSettings).presence_seconds
            store = PresenceStore(self._task.store.storage, seconds)
            demand_nobody(store.present.sync())
        self._provider.stop(self._target.instance_id)

    def wait(self, part: float) -> bool:
        """Record the fraction done, and wait before the next look; return False if time is up."""
        self._task.progress(part)
        self._task.sleep(self._settings.machines_poll_seconds)
        return time.monotonic() < self._ends_at


def find_target(settings: MachineSettings, name: str) -> Target:
    """Return the machine of this name, or raise NotFoundError."""
    if name not in settings.targets:
        raise NotFoundError(UNKNOWN)
    return settings.targets[name]
