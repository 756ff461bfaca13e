"""Every setting of the service: its type, its bounds, its default and what it is for.

A value comes from the environment, else from `.env.{APP_ENV}`, else from `.env`, else it is the
default. A wrong value keeps the app from starting. `python -m app.settings` prints every value and
where it came from. A feature that can be deleted has a settings class of its own.
"""

import re
import sys
from typing import Annotated, Literal, Self

from pydantic import Field, SecretStr, ValidationInfo, field_validator, model_validator
from pydantic_core import PydanticCustomError
from pydantic_settings import NoDecode, SettingsConfigDict

from app.kit.hosts import HOSTS, LOOPBACK, ORIGINS
from app.kit.settings import SettingsError, find_misspelt, load_settings, report
from app.predictions.settings import PredictionSettings
from app.serving.settings import ModelSettings

# {%- if cookiecutter.__showcases == "yes" +%}
from app.showcases.concurrency.settings import ConcurrencySettings
from app.showcases.machines.settings import MachineSettings
from app.showcases.presence.settings import PresenceSettings

# {%- endif +%}
from app.storage.settings import StorageSettings

# {%- if cookiecutter.__celery == "yes" +%}
from app.tasks.engine.celery.settings import CelerySettings

# {%- endif +%}
from app.tasks.settings import TaskSettings

SHORTEST_KEY = 32
OWN_KEY = (
    "API_KEY must be a key of your own of at least 32 characters when APP_ENV is not dev. "
    'Make one: python -c "import secrets; print(secrets.token_urlsafe(32))"'
)
ANY_KEY = "API_KEY must be set when HOST is reachable from other machines"
OLD_KEY = "API_KEY_OLD must be as long as an API_KEY, and there must be one that replaces it"
SENDABLE = "visible ASCII characters without a blank at either end: all that a header can carry"
is_sendable = re.compile(r"[!-~]([ -~]*[!-~])?").fullmatch

EXPECTED = {"allowed_hosts": HOSTS, "cors_origins": ORIGINS}

Names = Annotated[list[str], NoDecode]


class Settings(
    # {% if cookiecutter.__showcases == "yes" %}
    ConcurrencySettings,
    MachineSettings,
    PresenceSettings,
    # {% endif %}
    # {% if cookiecutter.__celery == "yes" %}
    CelerySettings,
    # {% endif %}
    TaskSettings,
    PredictionSettings,
    StorageSettings,
    ModelSettings,
):
    """The settings of the service itself, and those of its features."""

    model_config = SettingsConfigDict(
        env_ignore_empty=True, extra="ignore", frozen=True, hide_input_in_errors=True
    )

    app_env: Literal["dev", "staging", "prod"] = Field("dev", description="Where it runs")
    host: str = Field("127.0.0.1", description="The address to listen on")
    port: int = Field(8000, ge=1, le=65535, description="The port to listen on")
    workers: int = Field(1, ge=1, le=64, description="How many processes serve")
    api_key: SecretStr | None = Field(None, description="What clients send as `X-API-Key`")
    api_key_old: SecretStr | None = Field(
        None, description="A key that is accepted too, until all clients have the other one"
    )
    allowed_hosts: Names = Field(
        ["localhost", "127.0.0.1"],
        min_length=1,
        description="Hosts to answer to, comma-separated; * for all",
    )
    root_path: str = Field(
        "",
        pattern=r"^(/[\w.~-]+)*$",
        description="The prefix of the service behind a proxy, as /flowers",
    )
    cors_origins: Names = Field([], description="Web origins that may call, comma-separated")
    max_body_bytes: int = Field(262_144, ge=1_024, le=2**27, description="Largest body in bytes")
    docs_enabled: bool = Field(True, description="Serve the interactive pages, /docs")
    access_log: bool = Field(True, description="Write one log line per request")
    loop_watchdog_ms: int = Field(
        0, ge=0, le=60_000, description="Report blocks of the event loop longer than this; 0: off"
    )

    @field_validator("allowed_hosts", "cors_origins", mode="before")
    @classmethod
    def split_names(cls, value: str | list[str]) -> list[str]:
        """Split `a, b` into the list of a and b."""
        parts = value.split(",") if isinstance(value, str) else value
        return [part.strip() for part in parts if part.strip()]

    @field_validator("allowed_hosts", "cors_origins")
    @classmethod
    def check_names(cls, names: list[str], info: ValidationInfo) -> list[str]:
        """Refuse a name that could never match."""
        pattern, expected = EXPECTED[info.field_name or ""]
        for number, name in enumerate(names, 1):
            if not pattern.fullmatch(name):
                message = "Input should be {expected}; entry {number} is not"
                context = {"expected": expected, "number": number}
                raise PydanticCustomError("names", message, context)
        return names

    @field_validator("api_key", "api_key_old", mode="before")
    @classmethod
    def check_key(cls, key: object) -> object:
        """Refuse a key that no client could send."""
        if isinstance(key, str) and not is_sendable(key):
            raise PydanticCustomError("api_key", f"Input should be {SENDABLE}")
        return key

    @model_validator(mode="after")
    def demand_a_key(self) -> Self:
        """Demand a key, except in development on this machine alone."""
        key = self.api_key.get_secret_value() if self.api_key else ""
        if self.app_env != "dev" and (len(key) < SHORTEST_KEY or key.startswith("change-me")):
            raise PydanticCustomError("api_key", OWN_KEY)
        if not key and self.host not in LOOPBACK:
            raise PydanticCustomError("api_key", ANY_KEY)
        return self

    @model_validator(mode="after")
    def demand_two_keys(self) -> Self:
        """Refuse an old key that is alone or weak: it opens as much as the other one."""
        shortest = 1 if self.app_env == "dev" else SHORTEST_KEY
        old = self.api_key_old.get_secret_value() if self.api_key_old else None
        if old is not None and (not self.api_key or len(old) < shortest):
            raise PydanticCustomError("api_key_old", OLD_KEY)
        return self


def main() -> None:
    """Print the settings in force."""
    try:
        print(*report(load_settings(Settings)), *find_misspelt(Settings), sep="\n")
    except SettingsError as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main()
