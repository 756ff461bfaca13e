"""The settings of the background tasks; they are part of `Settings`."""

from pydantic import Field

from app.kit.settings import ProcessSettings

LONGEST_BACKOFF_SECONDS = 300.0  # from one try to the next


class TaskSettings(ProcessSettings):
    """How many tasks run at once, how often one is tried, and how long it is kept."""

    task_concurrency: int = Field(4, ge=0, le=64, description="Tasks at once in a process; 0: none")
    task_lease_seconds: float = Field(
        30, ge=0.5, le=3600, description="A process silent for this long loses its tasks to others"
    )
    task_poll_seconds: float = Field(
        1, ge=0.05, le=60, description="How often each process looks for work that others left"
    )
    task_max_attempts: int = Field(5, ge=1, le=100, description="Tries before a task is dead")
    task_backoff_seconds: float = Field(
        1, ge=0.01, le=60, description="Wait before the second try; doubles with each one"
    )
    task_queue_bytes: int = Field(
        2**30,
        ge=1_024,
        le=2**40,
        description="Most bytes that wait as tasks, before more are refused",
    )
    task_upload_bytes: int = Field(
        2**24, ge=1_024, le=2**30, description="Largest file that a task may be given, in bytes"
    )
    task_result_bytes: int = Field(
        2**27, ge=1_024, le=2**30, description="Largest result of a task, in bytes"
    )
    task_retention_seconds: int = Field(
        86_400, ge=1, le=31_536_000, description="How long finished tasks are kept"
    )
