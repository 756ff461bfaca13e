"""Clients that public generators make of `/openapi.json`, by the commands of the project's page.

They are generated from a server that runs, checked as strictly as their languages can, and used.
"""

import os
import re
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from support import ROOT, Bake, module, run, served, uv

pytestmark = pytest.mark.services

JOURNEYS = ROOT / "tests" / "clients"
PAGE_URL = "http://127.0.0.1:8000"
KEY = "a key of the clients"
STRICT = ["--strict", "--skipLibCheck"]
TARGET = ["--target", "es2022", "--module", "nodenext"]
LIBRARIES = ["--lib", "es2022,dom,dom.iterable,dom.asynciterable"]


@pytest.fixture(scope="module")
def project(bake: Bake) -> Path:
    project = bake()
    run(module("app.models", "train"), project)
    return project


@pytest.fixture
def url(project: Path, tmp_path: Path) -> Iterator[str]:
    with served(project, tmp_path / "log", API_KEY=KEY) as url:
        yield url


def page_commands(project: Path, language: str, url: str) -> list[str]:
    """Return the lines that generate a client, as the page shows them, for this server."""
    page = (project / "docs" / "api.md").read_text("utf-8")
    block = re.search(rf"^{language}:\n\n```sh\n(.*?)```$", page, re.DOTALL | re.MULTILINE)
    assert block
    assert PAGE_URL in block[1]
    return block[1].replace(PAGE_URL, url).splitlines()


def generate(project: Path, language: str, url: str, folder: Path) -> None:
    """Do what the page says in a new folder, and add the journey."""
    folder.mkdir()
    path = f"{Path(uv()).parent}:{os.environ['PATH']}"
    for command in page_commands(project, language, url):
        run(["sh", "-c", command], folder, PATH=path)
    for journey in JOURNEYS.glob("journey.*"):
        shutil.copy(journey, folder)


def test_a_client_in_python(project: Path, url: str, tmp_path: Path) -> None:
    folder = tmp_path / "python"
    generate(project, "Python", url, folder)
    python = folder / "client" / "bin" / "python"
    strict = ["--strict", "--follow-imports=silent", f"--python-executable={python}"]
    run([sys.executable, "-m", "mypy", *strict, "journey.py"], folder)
    run([python, "journey.py", url, KEY], folder)


def test_a_client_in_typescript(project: Path, url: str, tmp_path: Path) -> None:
    folder = tmp_path / "typescript"
    generate(project, "TypeScript", url, folder)
    run(["npx", "tsc", *STRICT, *TARGET, *LIBRARIES, "journey.ts"], folder)
    run(["node", "journey.js", url, KEY], folder)
