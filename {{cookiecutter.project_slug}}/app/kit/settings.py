"""How settings are read: from the environment, else `.env.{APP_ENV}`, else `.env`."""

import os
import re
from collections.abc import Iterator, Mapping
from difflib import get_close_matches
from io import StringIO
from pathlib import Path
from typing import Any, TypeVar

from dotenv.parser import parse_stream
from pydantic import Field, SecretStr, ValidationError, field_validator
from pydantic_core import ErrorDetails, PydanticCustomError
from pydantic_settings import (
    BaseSettings,
    DotEnvSettingsSource,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
)

from app.kit.start import StartError

DEFAULT = "its default"
ENVIRONMENT = "the environment"
ENVIRONMENTS = ("dev", "staging", "prod")
HOW_TO_WRITE = "No colon; no word before the name but `export`; a quote that opens must close."
is_name = re.compile(r"[\w.-]+").fullmatch

SettingsT = TypeVar("SettingsT", bound=BaseSettings)


class SettingsError(StartError):
    """A setting has a value that cannot be used."""


class ProcessSettings(BaseSettings):
    """The settings that every feature has in common."""

    # deferred: what only the whole needs is not made for each part as well
    model_config = SettingsConfigDict(
        env_ignore_empty=True, extra="ignore", frozen=True, defer_build=True
    )

    shutdown_seconds: int = Field(10, ge=1, le=600, description="Time to finish when stopped")

    @field_validator("*", mode="before")
    @classmethod
    def check_characters(cls, value: object) -> object:
        """Refuse what nobody can see in a value, such as a line break or half a character."""
        if isinstance(value, str) and not value.isprintable():
            raise PydanticCustomError("characters", "Input should be one line that can be printed")
        return value

    @classmethod
    def settings_customise_sources(
        cls,
        _: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Take what is in the files as it is written: python-dotenv would replace `${name}`."""
        if isinstance(dotenv_settings, DotEnvSettingsSource):
            files: Any = dotenv_settings.env_file or ()
            pairs = [pair for path in files for pair in read_file(path).items()]
            dotenv_settings.env_vars = {name.lower(): value for name, value in pairs if value}
        return init_settings, env_settings, dotenv_settings, file_secret_settings


def env_files() -> tuple[Path, ...]:
    """Return the files that are read; the last one wins."""
    chosen = lookup("APP_ENV", os.environ, read_file(Path(".env"))) or "dev"
    # An unknown name must not become part of a path; the settings refuse it right after.
    return (Path(".env"), *(Path(f".env.{name}") for name in ENVIRONMENTS if name == chosen))


def lookup(name: str, *sources: Mapping[str, str]) -> str | None:
    """Return a setting's value from the first source that has one, or None."""
    pairs = (pair for source in sources for pair in source.items())
    return next((value for key, value in pairs if key.upper() == name and value), None)


def read_file(path: Path) -> dict[str, str]:
    """Return what a file sets, or {} if it does not exist; raise SettingsError at a bad line."""
    found: dict[str, str] = {}
    for binding in parse_stream(StringIO(read_text(path))):
        written = binding.original.string
        blank_lines = written[: len(written) - len(written.lstrip())].count("\n")
        place = f"{path}, line {binding.original.line + blank_lines}"
        name, value = binding.key, binding.value
        if binding.error or (name and (value is None or not is_name(name))):
            raise SettingsError(f"{place}, is not NAME=value. {HOW_TO_WRITE}")
        if name and value is not None and found.setdefault(name, value) != value:
            raise SettingsError(f"{place}: {name} already has another value. Keep one of them.")
    return found


def read_text(path: Path) -> str:
    """Return the text in a file, or "" if it does not exist; raise SettingsError if it is none."""
    if not os.path.lexists(path):
        return ""
    try:
        content = path.read_bytes()
        if b"\0" not in content:  # which is how UTF-16 looks without its first two bytes
            return content.decode("utf-8-sig")
    except OSError as error:
        raise SettingsError(f"{path} cannot be read: {error.strerror}. Replace it.") from None
    except UnicodeDecodeError as error:
        content = content[: error.start]
    line = content.partition(b"\0")[0].count(b"\n") + 1
    raise SettingsError(f"{path}, line {line}, is not UTF-8. Save the file again, as UTF-8.")


def load_settings(settings_class: type[SettingsT]) -> SettingsT:
    """Read and check the settings, or raise SettingsError: what is wrong, why, where it is set."""
    refuse_twins(settings_class)
    try:
        return settings_class(_env_file=env_files())
    except ValidationError as error:
        details = error.errors(include_url=False, include_context=False, include_input=False)
        raise SettingsError("\n".join(explain(details))) from None


def refuse_twins(settings_class: type[BaseSettings]) -> None:
    """Refuse a setting that one place sets twice, as `port` and as `PORT`."""
    for where, values in sources().items():
        for name in settings_class.model_fields:
            written = [key for key, value in values.items() if key.lower() == name and value]
            if len(written) > 1:
                twins = " and ".join(written)
                raise SettingsError(f"{twins} in {where} are the same setting. Keep one of them.")


def sources() -> dict[str, Mapping[str, str]]:
    """Return what is set, by the place where it is set; the first place wins."""
    files = {str(path): read_file(path) for path in reversed(env_files())}
    return {ENVIRONMENT: os.environ, **files}


def explain(details: list[ErrorDetails]) -> Iterator[str]:
    """Yield a line for each wrong setting. The value is never shown: it may be a secret."""
    yield "The settings are not valid:"
    for detail in details:
        if detail["loc"]:
            name = str(detail["loc"][0]).upper()
            yield f"  {name}: {detail['msg']} (set in {origin(name)})"
        else:  # a rule about several settings, which it names
            yield f"  {detail['msg']}"
            for name in dict.fromkeys(re.findall(r"[A-Z_]{4,}", detail["msg"])):
                yield f"    {name} is set in {origin(name)}"
    yield "Correct the value, then check the result: uv run python -m app.settings"


def origin(name: str) -> str:
    """Return where a setting's value comes from: the environment, a file, or its default."""
    return next((where for where, values in sources().items() if lookup(name, values)), DEFAULT)


def report(settings: BaseSettings) -> Iterator[str]:
    """Yield a line for each setting: its value, masked if secret, and where that came from."""
    for name, value in settings:
        shown = ",".join(value) if isinstance(value, list) else value
        if isinstance(value, SecretStr) and origin(name.upper()) == DEFAULT:
            shown = value.get_secret_value()
        yield f"{name.upper():<22} {shown!s:<28} from {origin(name.upper())}"


def find_misspelt(settings_class: type[BaseSettings]) -> Iterator[str]:
    """Yield a line for each name that is almost, but not quite, that of a setting."""
    known = [name.upper() for name in settings_class.model_fields]
    for where, values in sources().items():
        # most names in the environment are other programs'
        cutoff = 0.9 if where == ENVIRONMENT else 0.7
        for name in values:
            for meant in get_close_matches(name.upper(), known, n=1, cutoff=cutoff):
                if name.upper() not in known:
                    yield f"{name} in {where} is not a setting and has no effect; {meant} is one."
