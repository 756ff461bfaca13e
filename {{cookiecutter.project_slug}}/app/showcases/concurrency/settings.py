"""The settings of concurrency; they are part of `Settings`."""

from pydantic import Field

from app.kit.settings import ProcessSettings


class ConcurrencySettings(ProcessSettings):
    """How many calls can wait at once."""

    thread_tokens: int = Field(
        40, ge=1, le=1_000, description="Threads at once, for `def` routes and all that blocks"
    )
