"""The settings of the storage; they are part of `Settings`."""

import re
from typing import Literal

from pydantic import Field, SecretStr, field_validator
from pydantic_core import PydanticCustomError

from app.kit.settings import ProcessSettings

SQLITE = "sqlite:///"
EXPECTED = "Input should be sqlite:///a/file or postgresql://user:password@host/db (%40 for @)"
# A database in memory is lost with each connection; a path with `/` at its end is a folder.
# One @ at most: with another one in the password, a part of it would pass for the host.
FILE = r"sqlite:///(?!:memory:|file:).*[^/]"
known = re.compile(FILE + r"|postgres(ql)?://([^@/?#]+@)?([^@/?#]+(/[^@]*)?|/[^@]+)").fullmatch


class StorageSettings(ProcessSettings):
    """Where predictions and tasks are kept, and whether a power cut may take the last of them."""

    database_url: SecretStr = Field(
        SecretStr("sqlite:///var/app.sqlite3"),
        description="sqlite:///path/of/a/file, or postgresql://… for several machines",
    )
    database_synchronous: Literal["NORMAL", "FULL"] = Field(
        "NORMAL", description="FULL: what SQLite has kept survives a power cut, not only a crash"
    )

    storage_seconds: float = Field(
        5, ge=0.05, le=60, description="A request waits this long for the database, then gets 503"
    )

    @field_validator("database_url")
    @classmethod
    def check_database(cls, url: SecretStr) -> SecretStr:
        """Refuse any other database, without showing the URL: part of it may be a password."""
        if not known(url.get_secret_value()):
            raise PydanticCustomError("database_url", EXPECTED)
        return url
