"""What can be set about concurrency."""

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict


class ConcurrencySettings(BaseSettings):
    """How much of the waiting is done at once."""

    model_config = SettingsConfigDict(
        env_ignore_empty=True, extra="ignore", frozen=True, hide_input_in_errors=True
    )

    thread_tokens: int = Field(
        40, ge=1, le=1_000, description="Threads at once, for `def` routes and all that blocks"
    )
