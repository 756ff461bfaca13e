"""A task that does nothing, in BentoML."""

import time

import bentoml
from pydantic import BaseModel


class Wait(BaseModel):
    """How long to wait."""

    seconds: float


@bentoml.service(workers=1, logging={"access": {"enabled": False}})
class Tasks:
    """One task; `POST /wait/submit` hands it over."""

    @bentoml.task  # type: ignore[untyped-decorator]
    def wait(self, payload: Wait, /) -> float:
        """Wait."""
        time.sleep(payload.seconds)
        return payload.seconds
