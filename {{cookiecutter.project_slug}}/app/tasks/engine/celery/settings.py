"""The settings of tasks on Celery; they are part of `Settings`."""

from typing import Literal

from pydantic import Field, SecretStr

from app.tasks.settings import TaskSettings


class CelerySettings(TaskSettings):
    """What runs the tasks, and where announcements of them wait."""

    task_engine: Literal["background", "celery"] = Field(
        "background", description="What runs tasks: this process, or Celery workers"
    )
    task_broker_url: SecretStr = Field(
        SecretStr("redis://127.0.0.1:6379/0"), description="Celery's broker"
    )
