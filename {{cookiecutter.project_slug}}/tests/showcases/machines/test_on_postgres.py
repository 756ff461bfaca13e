"""Machines in two processes that share a database on Postgres."""

import pytest

from tests.showcases.machines.cloud import Inside
from tests.showcases.machines.test_processes import *  # noqa: F403
from tests.showcases.machines.test_processes import FAST
from tests.storage.postgres import server, url

__all__ = ["server", "url"]  # fixtures

pytestmark = pytest.mark.services


@pytest.fixture  # type: ignore[no-redef]
def machine(instance: str, inside: Inside, url: str) -> dict[str, str]:
    """Return the variables of a process that has this machine, and its tasks on Postgres."""
    return {**FAST, "MACHINES": f"gpu={instance}@{inside.url}", "DATABASE_URL": url}
