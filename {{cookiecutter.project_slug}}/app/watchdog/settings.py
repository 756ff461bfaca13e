"""The settings of the watchdog; they are part of `Settings`."""

from pydantic import Field
from pydantic_settings import BaseSettings


class WatchdogSettings(BaseSettings):
    """Whether, and after how long, a blocked event loop is reported."""

    loop_watchdog_ms: int = Field(
        0, ge=0, le=60_000, description="Report who blocks the event loop for longer; 0: off"
    )
