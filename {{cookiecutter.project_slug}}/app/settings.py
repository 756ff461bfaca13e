"""Every setting of the service: its type, its bounds, its default and what it is for.

A value is looked up in the environment first, then in `.env.{APP_ENV}`, then in `.env`, and is
its default otherwise. A wrong value stops the start. `python -m app.settings` prints what is in
force and where each value came from. A feature that can be deleted has a settings class of its own.
"""

import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Literal, Self, TypeVar

from dotenv import dotenv_values
from pydantic import Field, SecretStr, ValidationError, field_validator, model_validator
from pydantic_core import ErrorDetails, PydanticCustomError
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from app.errors import StartError
from app.tasks.settings import TaskSettings
from app.watchdog.settings import WatchdogSettings

ENVIRONMENTS = ("dev", "staging", "prod")
SHORTEST_KEY = 32
OWN_KEY = (
    "API_KEY must be a key of your own of at least 32 characters when APP_ENV is not dev. "
    'Make one: python -c "import secrets; print(secrets.token_urlsafe(32))"'
)
ANY_KEY = "API_KEY must be set when HOST is reachable from other machines"
LOOPBACK = ("127.0.0.1", "::1", "localhost")

SettingsT = TypeVar("SettingsT", bound=BaseSettings)
Names = Annotated[list[str], NoDecode]


class SettingsError(StartError):
    """A setting has a value that cannot be used."""


class Settings(TaskSettings, WatchdogSettings):
    """The settings of the service itself, and those of its features."""

    model_config = SettingsConfigDict(
        env_ignore_empty=True, extra="ignore", frozen=True, hide_input_in_errors=True
    )

    app_env: Literal["dev", "staging", "prod"] = Field("dev", description="Where it runs")
    host: str = Field("127.0.0.1", description="The address to listen on")
    port: int = Field(8000, ge=1, le=65535, description="The port to listen on")
    workers: int = Field(1, ge=1, le=64, description="How many processes serve")
    api_key: SecretStr | None = Field(None, description="What clients send as `X-API-Key`")
    allowed_hosts: Names = Field(
        ["localhost", "127.0.0.1"], description="Host names answered, by comma; * for all"
    )
    cors_origins: Names = Field([], description="Web origins that may call, by comma")
    max_body_bytes: int = Field(65_536, ge=1_024, le=2**27, description="Largest body in bytes")
    docs_enabled: bool = Field(True, description="Serve the interactive pages, /docs")
    access_log: bool = Field(True, description="Write one log line a request")
    shutdown_seconds: int = Field(10, ge=1, le=600, description="Time to finish when stopped")
    database_path: Path = Field(Path("var/app.sqlite3"), description="The SQLite file")
    model_dir: Path = Field(Path("var/model"), description="The folder of the model's artefact")
    model_loader: str = Field(
        "app.model.loader:load_model",
        pattern=r"^[A-Za-z_][\w.]*:[A-Za-z_]\w*$",
        description="What makes the model, as `package.module:function`",
    )
    model_threads: int = Field(1, ge=1, le=64, description="Threads that share one inference")
    model_batch_size: int = Field(32, ge=1, le=1024, description="Most rows in one inference")

    @field_validator("allowed_hosts", "cors_origins", mode="before")
    @classmethod
    def split_names(cls, value: str | list[str]) -> list[str]:
        """`a, b` is the list of a and b."""
        parts = value.split(",") if isinstance(value, str) else value
        return [part.strip() for part in parts if part.strip()]

    @model_validator(mode="after")
    def demand_a_key(self) -> Self:
        """Only development on this machine alone goes without a key."""
        key = self.api_key.get_secret_value() if self.api_key else ""
        if self.app_env != "dev" and (len(key) < SHORTEST_KEY or key.startswith("change-me")):
            raise PydanticCustomError("api_key", OWN_KEY)
        if not key and self.host not in LOOPBACK:
            raise PydanticCustomError("api_key", ANY_KEY)
        return self


def env_files() -> tuple[Path, ...]:
    """The files that are read, the stronger one last."""
    chosen = os.environ.get("APP_ENV") or dotenv_values(".env").get("APP_ENV") or "dev"
    # An unknown name must not become part of a path; the settings refuse it right after.
    return (Path(".env"), *(Path(f".env.{name}") for name in ENVIRONMENTS if name == chosen))


def load_settings(settings_class: type[SettingsT]) -> SettingsT:
    """Read and check the settings; SettingsError names what is wrong, why, and where it is set."""
    try:
        return settings_class(_env_file=env_files())
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(f"The settings cannot be read: {error}") from None
    except ValidationError as error:
        details = error.errors(include_url=False, include_context=False, include_input=False)
        raise SettingsError("\n".join(explain(details))) from None


def explain(details: list[ErrorDetails]) -> Iterator[str]:
    """A line for each wrong setting. The value is never shown: it may be a secret."""
    yield "The settings are not valid:"
    for detail in details:
        if not detail["loc"]:
            yield f"  {detail['msg']}"
            continue
        name = str(detail["loc"][0]).upper()
        yield f"  {name}: {detail['msg']} (set in {origin(name)})"
    yield "Mend the value, then look at the result: uv run python -m app.settings"


def origin(name: str) -> str:
    """Where the value of a setting comes from: the environment, a file, or its default."""
    if any(key.upper() == name and value for key, value in os.environ.items()):
        return "the environment"
    for path in reversed(env_files()):
        if any(key.upper() == name and value for key, value in dotenv_values(path).items()):
            return str(path)
    return "its default"


def report(settings: BaseSettings) -> Iterator[str]:
    """A line for each setting, secrets masked, with where its value came from."""
    for name, value in settings:
        shown = ",".join(value) if isinstance(value, list) else value
        yield f"{name.upper():<18} {shown!s:<28} from {origin(name.upper())}"


def main() -> None:
    """Print the settings in force."""
    try:
        print(*report(load_settings(Settings)), sep="\n")
    except SettingsError as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main()
