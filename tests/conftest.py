"""Fixtures of every test: `bake(**answers)`, and a cookiecutter without this user's settings."""

import os
import shutil
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from cookiecutter.main import cookiecutter

from support import QUESTIONS, ROOT, SCRATCH, Bake


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Run the longest tests first, so that no worker is left alone with one at the end."""

    def minutes(item: pytest.Item) -> int:
        marker = item.get_closest_marker("long")
        return int(marker.args[0]) if marker else 0

    items.sort(key=minutes, reverse=True)


@pytest.fixture(scope="session", autouse=True)
def _isolated_cookiecutter(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Keep this user's defaults and replays out of the tests, and the tests out of theirs."""
    # what is started from here receives Ctrl-C, even if a shell runs this in the background
    signal.signal(signal.SIGINT, signal.default_int_handler)
    SCRATCH.mkdir(parents=True, exist_ok=True)
    home = tmp_path_factory.mktemp("cookiecutter")
    config = home / "config.yaml"
    config.write_text(f"cookiecutters_dir: {home}/templates\nreplay_dir: {home}/replay\n")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("COOKIECUTTER_CONFIG", str(config))
        yield


@pytest.fixture(scope="session")
def replay_folder() -> Path:
    """Return the folder where cookiecutter keeps the answers of each generation."""
    return Path(os.environ["COOKIECUTTER_CONFIG"]).with_name("replay")


@pytest.fixture(scope="session")
def bake(tmp_path_factory: pytest.TempPathFactory) -> Bake:
    """Generate projects; refuse an answer to an unknown question, which cookiecutter ignores."""

    def bake(**answers: str) -> Path:
        unknown = answers.keys() - QUESTIONS.keys()
        if unknown:
            raise ValueError(f"no such question: {', '.join(sorted(unknown))}")
        folder = tmp_path_factory.mktemp("baked")
        return Path(
            cookiecutter(str(ROOT), no_input=True, extra_context=answers, output_dir=str(folder))
        )

    return bake


@pytest.fixture
def chromium() -> str:
    """Return Debian's Chromium, or the one that $CHROMIUM names; fail, not skip, without it."""
    path = os.environ.get("CHROMIUM", "/usr/bin/chromium")
    return shutil.which(path) or pytest.fail(
        f"there is no browser at {path}: apt-get install chromium, or set CHROMIUM", pytrace=False
    )
