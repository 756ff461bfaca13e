"""A storage that keeps nothing, for a process whose disk is lost with it."""

from typing import NoReturn

import structlog

from app.kit.aws_lambda.environment import on_lambda
from app.storage.calls import Call
from app.storage.connection import StorageUnavailableError, ThreadConnection
from app.storage.migrations import Migrations
from app.storage.settings import SQLITE, StorageSettings
from app.storage.thread import Storage

logger = structlog.get_logger()


NOTHING = "Nothing is stored here: AWS Lambda removes its disk, and DATABASE_URL names no server."


def refusal() -> StorageUnavailableError:
    """Return the error with which every call is refused: to try again would not help."""
    error = StorageUnavailableError(NOTHING)
    vars(error).update(status=501, title="Nothing Is Stored", headers={})
    return error


class RefusingStorage(Storage):
    """The storage of a service without a database: it refuses each call, and is always ready."""

    def __init__(self) -> None:
        self.connection = ThreadConnection()
        logger.warning("Nothing is stored, because DATABASE_URL names a file", answers=501)

    def migrate(self, feature: str, migrations: Migrations) -> None:
        """Do nothing: there are no tables."""

    async def ping(self) -> None:
        """Do nothing: what needs no database can be answered."""

    def put(self, _call: Call) -> NoReturn:
        """Refuse."""
        raise refusal()

    def wait_for(self, _call: Call) -> NoReturn:
        """Refuse."""
        raise refusal()

    def close(self) -> None:
        """Do nothing: nothing is open."""


def would_be_lost(settings: StorageSettings) -> bool:
    """Return whether what is stored would end with this process: AWS Lambda removes its disk."""
    return on_lambda() and settings.database_url.get_secret_value().startswith(SQLITE)
