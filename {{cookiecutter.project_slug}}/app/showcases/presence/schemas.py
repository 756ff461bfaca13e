"""What the presence routes take and answer. Every time has its zone, which is UTC."""

from datetime import datetime
from typing import Annotated

from pydantic import AfterValidator, BaseModel, Field
from pydantic_core import PydanticCustomError


def check_printable(name: str) -> str:
    """Refuse what nobody can see in a name."""
    if not name.isprintable():
        raise PydanticCustomError("printable", "Input should have printable characters only")
    return name


Name = Annotated[str, Field(min_length=1, max_length=64), AfterValidator(check_printable)]
SessionId = Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{1,64}$")]


class Membership(BaseModel):
    """A session of a person, and when it must be refreshed to stay."""

    name: str
    session: str = Field(description="Send it with the next `PUT`, or that is another session")
    joined_at: datetime
    seen_at: datetime
    refresh_seconds: float = Field(description="Send the next `PUT` after so many seconds")
    expires_at: datetime = Field(description="When the session ends, unless it is refreshed")


class Person(BaseModel):
    """Somebody who is present, with one session or several."""

    name: str
    sessions: int = Field(description="Tabs, devices or programs: a session is not a person")
    since: datetime = Field(description="When the oldest of these sessions joined")
    last_seen: datetime


class Present(BaseModel):
    """Everybody who is present, by name."""

    items: list[Person]
