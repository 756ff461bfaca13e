"""How settings are read: from the environment, else `.env.{APP_ENV}`, else `.env`."""

import os
from collections.abc import Iterator
from difflib import get_close_matches
from pathlib import Path
from typing import TypeVar

from dotenv import dotenv_values
from pydantic import Field, SecretStr, ValidationError
from pydantic_core import ErrorDetails
from pydantic_settings import BaseSettings, SettingsConfigDict

from app.kit.start import StartError

DEFAULT = "its default"
ENVIRONMENTS = ("dev", "staging", "prod")

SettingsT = TypeVar("SettingsT", bound=BaseSettings)


class SettingsError(StartError):
    """A setting has a value that cannot be used."""


class ProcessSettings(BaseSettings):
    """The settings that every feature has in common."""

    model_config = SettingsConfigDict(env_ignore_empty=True, extra="ignore", frozen=True)

    shutdown_seconds: int = Field(10, ge=1, le=600, description="Time to finish when stopped")


def env_files() -> tuple[Path, ...]:
    """Return the files that are read; the last one wins."""
    chosen = os.environ.get("APP_ENV") or dotenv_values(".env").get("APP_ENV") or "dev"
    # An unknown name must not become part of a path; the settings refuse it right after.
    return (Path(".env"), *(Path(f".env.{name}") for name in ENVIRONMENTS if name == chosen))


def load_settings(settings_class: type[SettingsT]) -> SettingsT:
    """Read and check the settings, or raise SettingsError: what is wrong, why, where it is set."""
    try:
        return settings_class(_env_file=env_files())
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(f"The settings cannot be read: {error}") from None
    except ValidationError as error:
        details = error.errors(include_url=False, include_context=False, include_input=False)
        raise SettingsError("\n".join(explain(details))) from None


def explain(details: list[ErrorDetails]) -> Iterator[str]:
    """Yield a line for each wrong setting. The value is never shown: it may be a secret."""
    yield "The settings are not valid:"
    for detail in details:
        if not detail["loc"]:
            yield f"  {detail['msg']}"
            continue
        name = str(detail["loc"][0]).upper()
        yield f"  {name}: {detail['msg']} (set in {origin(name)})"
    yield "Correct the value, then check the result: uv run python -m app.settings"


def origin(name: str) -> str:
    """Return where a setting's value comes from: the environment, a file, or its default."""
    if any(key.upper() == name and value for key, value in os.environ.items()):
        return "the environment"
    for path in reversed(env_files()):
        if any(key.upper() == name and value for key, value in dotenv_values(path).items()):
            return str(path)
    return DEFAULT


def report(settings: BaseSettings) -> Iterator[str]:
    """Yield a line for each setting: its value, masked if secret, and where that came from."""
    for name, value in settings:
        shown = ",".join(value) if isinstance(value, list) else value
        if isinstance(value, SecretStr) and origin(name.upper()) == DEFAULT:
            shown = value.get_secret_value()
        yield f"{name.upper():<22} {shown!s:<28} from {origin(name.upper())}"


def find_misspelt(settings_class: type[BaseSettings]) -> Iterator[str]:
    """Yield a line for each name in a file that is almost, but not quite, that of a setting."""
    known = [name.upper() for name in settings_class.model_fields]
    for path in env_files():
        for name in dotenv_values(path).keys() - known:
            for meant in get_close_matches(name.upper(), known, n=1, cutoff=0.7):
                if name.upper() != meant:
                    yield f"{name} in {path} is not a setting and has no effect; {meant} is one."
