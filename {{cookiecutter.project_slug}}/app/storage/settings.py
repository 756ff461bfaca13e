"""The settings of the storage; they are part of `Settings`."""

from typing import Literal

from pydantic import Field, SecretStr

from app.kit.settings import ProcessSettings


class StorageSettings(ProcessSettings):
    """Where predictions and tasks are kept, and what of them a power cut may take."""

    database_url: SecretStr = Field(
        SecretStr("sqlite:///var/app.sqlite3"),
        pattern=r"^(sqlite:///|postgres(ql)?://).+",
        description="sqlite:///path/of/a/file, or postgresql://… for several machines",
    )
    database_synchronous: Literal["NORMAL", "FULL"] = Field(
        "NORMAL", description="FULL: what SQLite has kept survives a power cut, not only a crash"
    )
