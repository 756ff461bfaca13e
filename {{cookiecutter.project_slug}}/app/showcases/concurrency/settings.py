"""What can be set about concurrency; it is part of `Settings`."""

from pydantic import Field

from app.kit.settings import ProcessSettings


class ConcurrencySettings(ProcessSettings):
    """How much of the waiting is done at once."""

    thread_tokens: int = Field(
        40, ge=1, le=1_000, description="Threads at once, for `def` routes and all that blocks"
    )
