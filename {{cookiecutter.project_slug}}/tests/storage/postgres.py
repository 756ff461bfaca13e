"""A Postgres server and storages in it, for tests marked `services`."""

from collections.abc import Iterator
from contextlib import closing, contextmanager

import psycopg
import pytest

from app.storage.opening import open_storage
from app.storage.settings import StorageSettings
from app.storage.thread import Storage
from app.tasks.store import TaskStore
from tests.servers import Postgres, running
from tests.storage.helpers import Direct
from tests.tasks.helpers import KNOWN, Tasks

EMPTY = "DROP TABLE IF EXISTS task_pieces, tasks, predictions, schema_versions, storage_pings, more"


@contextmanager
def opened(url: str, **settings: object) -> Iterator[Storage]:
    """Open the storage in this database, and close it at the end."""
    given = StorageSettings.model_validate({"database_url": url, **settings})
    with closing(open_storage(given)) as storage:
        yield storage


@contextmanager
def opened_postgres_tasks(url: str, **settings: object) -> Iterator[Tasks]:
    """Open the tasks in this database, as a test or another process does."""
    with opened(url, **settings) as storage:
        yield Direct(TaskStore(storage, KNOWN))


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Postgres]:
    """Run a server with an empty database."""
    with running(Postgres, tmp_path_factory.mktemp("postgres")) as server:
        yield server


@pytest.fixture
def url(server: Postgres) -> str:
    """Return the address of a database without tables."""
    with psycopg.connect(server.url) as connection:
        connection.execute(EMPTY)
    return server.url
