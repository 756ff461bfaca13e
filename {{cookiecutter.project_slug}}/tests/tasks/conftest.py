"""What the tests of the tasks may use: a store, and a runner that is in a hurry."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from app.settings import Settings
from app.tasks.engine.runner import Runner
from app.tasks.store import TaskStore
from tests.tasks.helpers import FAST, opened_tasks, started_runner


@pytest.fixture
def store(tmp_path: Path) -> Iterator[TaskStore]:
    with opened_tasks(tmp_path / "app.sqlite3") as tasks:
        yield tasks.store


@pytest.fixture
def runner(store: TaskStore, settings: Settings) -> Iterator[Runner]:
    with started_runner(store, settings.model_copy(update=FAST)) as runner:
        yield runner
