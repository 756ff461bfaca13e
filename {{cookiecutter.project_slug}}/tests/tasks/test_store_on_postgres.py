"""What the store of tasks promises, on Postgres."""

from collections.abc import Iterator

import pytest

from tests.storage.postgres import opened_postgres_tasks, server, url
from tests.tasks.helpers import Tasks
from tests.tasks.test_store import *  # noqa: F403

__all__ = ["server", "url"]  # fixtures

pytestmark = pytest.mark.services


@pytest.fixture  # type: ignore[no-redef]
def tasks(url: str) -> Iterator[Tasks]:
    with opened_postgres_tasks(url) as tasks:
        yield tasks
