"""The settings of the machines; they are part of `Settings`."""

import re
from importlib.util import find_spec
from typing import Annotated, NamedTuple, Self
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, field_validator, model_validator
from pydantic_core import PydanticCustomError
from pydantic_settings import NoDecode

from app.kit.settings import ProcessSettings

is_strong_key = re.compile(r"[!-~]{32,}").fullmatch
ENTRY = re.compile(
    r"(?P<name>[a-z][a-z0-9-]{0,31})=(?P<instance_id>i-(?:[0-9a-f]{17}|[0-9a-f]{8}))"
    r"@(?P<health_url>https?://(?:[A-Za-z0-9.-]+|\[[0-9a-fA-F:.]+\])(?::[0-9]{1,5})?(?:/[^@#\s]*)?)"
)
WRONG = (
    "Input should be name=id@URL, as gpu=i-0123456789abcdef0@http://10.0.0.5:8000/health/ready; "
    "entry {number} is not"
)
TWICE = "Input should have each name and each id once; entry {number} repeats one"
NO_BOTO3 = "Machines need boto3, which is not installed: uv sync --group machines"
WEAK_KEY = "Input should be at least 32 visible ASCII characters, without blanks"
SAME_KEY = "MACHINES_ADMIN_KEY must not be the API_KEY: it allows what that one does not"


class Target(NamedTuple):
    """A machine of the setting MACHINES: its name here, its id, and where its service answers."""

    name: str
    instance_id: str
    health_url: str


def parse(entry: str) -> Target | None:
    """Return what an entry of MACHINES means, or None if it means nothing."""
    found = ENTRY.fullmatch(entry)
    try:
        urlsplit(found["health_url"] if found else "").port  # noqa: B018 - raises beyond 65535
    except ValueError:
        return None
    return Target(**found.groupdict()) if found else None


class MachineSettings(ProcessSettings):
    """Which machines there are, and how long each may take."""

    machines: Annotated[list[str], NoDecode] = Field(
        [], description="Machines to start on demand, comma-separated: name=id@URL of its health"
    )
    machines_admin_key: SecretStr | None = Field(
        None, description="What an operator sends as `X-Admin-Key` to stop a machine in use"
    )
    machines_seconds: float = Field(
        600, ge=0.1, le=7200, description="A machine may take this long to start, or to stop"
    )
    machines_poll_seconds: float = Field(
        2, ge=0.05, le=60, description="From one look at a machine that starts or stops to the next"
    )
    machines_retry_seconds: float = Field(
        15, ge=0, le=600, description="Wait before a second try to start; doubles with each one"
    )

    @property
    def targets(self) -> dict[str, Target]:
        """The machines, by name."""
        return {target.name: target for target in map(parse, self.machines) if target}

    @field_validator("machines", mode="before")
    @classmethod
    def split_machines(cls, value: str | list[str]) -> list[str]:
        """Split `a, b` into the list of a and b."""
        parts = value.split(",") if isinstance(value, str) else value
        return [part.strip() for part in parts if part.strip()]

    @field_validator("machines")
    @classmethod
    def check_machines(cls, entries: list[str]) -> list[str]:
        """Refuse what names no machine, or one twice; say which entry, but do not show it."""
        seen: set[str] = set()
        for number, entry in enumerate(entries, 1):
            if not (target := parse(entry)):
                raise PydanticCustomError("machines", WRONG, {"number": number})
            if seen & {target.name, target.instance_id}:
                raise PydanticCustomError("machines", TWICE, {"number": number})
            seen |= {target.name, target.instance_id}
        if entries and not find_spec("boto3"):  # looked for, not imported
            raise PydanticCustomError("machines", NO_BOTO3)
        return entries

    @field_validator("machines_admin_key", mode="before")
    @classmethod
    def check_admin_key(cls, key: object) -> object:
        """Refuse a key that could be guessed, or that no header can carry."""
        if isinstance(key, str) and not is_strong_key(key):
            raise PydanticCustomError("machines_admin_key", WEAK_KEY)
        return key

    @model_validator(mode="after")
    def demand_another_key(self) -> Self:
        """Refuse the key that every client has."""
        keys = [getattr(self, name, None) for name in ("api_key", "api_key_old")]
        if self.machines_admin_key and self.machines_admin_key in keys:
            raise PydanticCustomError("machines_admin_key", SAME_KEY)
        return self
