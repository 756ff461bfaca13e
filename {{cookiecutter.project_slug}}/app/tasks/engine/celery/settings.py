"""The settings of tasks on Celery; they are part of `Settings`."""

import re
from typing import Literal

from pydantic import Field, SecretStr, field_validator
from pydantic_core import PydanticCustomError

from app.tasks.settings import TaskSettings

EXPECTED = (
    "Input should be redis://:password@host:6379/0, rediss:// likewise, or filesystem://a/folder "
    "(%40 for @, %2F for /)"
)
# Kombu would guess: at a password with an @, that a part of it is the host, which then is logged.
known = re.compile(
    r"filesystem://.+"
    r"|rediss?://([\w.~!$&'()*+,=:%-]*@)?([\w.-]+|\[[\da-f:.]+\])"
    r"(:(?P<port>\d{1,5}))?(/\d{0,5})?(\?ssl_[\w=&./%-]+)?",
    re.ASCII | re.IGNORECASE,
).fullmatch


class CelerySettings(TaskSettings):
    """What runs the tasks, and where announcements of them wait."""

    task_engine: Literal["background", "celery"] = Field(
        "background", description="What runs tasks: this process, or Celery workers"
    )
    task_broker_url: SecretStr = Field(
        SecretStr("redis://127.0.0.1:6379/0"), description="Celery's broker"
    )

    @field_validator("task_broker_url")
    @classmethod
    def check_broker(cls, url: SecretStr) -> SecretStr:
        """Refuse any other broker, without showing the URL: part of it may be a password."""
        match = known(url.get_secret_value())
        if not match or not 0 < int(match["port"] or 6379) < 65_536:
            raise PydanticCustomError("task_broker_url", EXPECTED)
        return url
