"""The settings of presence; they are part of `Settings`."""

from pydantic import Field

from app.kit.settings import ProcessSettings


class PresenceSettings(ProcessSettings):
    """How long somebody who was seen is present."""

    presence_seconds: int = Field(
        90, ge=3, le=86_400, description="A session is present for this long after it was seen"
    )
