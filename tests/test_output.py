"""What is generated: for every combination of answers the exact files, all of them sound."""

import os
import re
import subprocess
import sys
import tomllib
from collections.abc import Callable, Iterator
from functools import cache
from itertools import combinations, product
from pathlib import Path

import pytest
import yaml

from support import (
    CHOICES,
    ROOT,
    TEMPLATE,
    Bake,
    clean_environment,
    module,
    run,
    script,
    tracked,
    tree,
    uv,
)

Answers = dict[str, str]

SETTINGS = {".env", ".env.prod"}
CONTAINER = {"Dockerfile", "compose.yaml", ".dockerignore"}
ALWAYS = {
    ".env.example",
    ".env.prod.example",
    ".github/workflows/ci.yml",
    ".gitignore",
    "Makefile",
    "README.md",
    "app/__init__.py",
    "app/__main__.py",
    "app/database.py",
    "app/docs.py",
    "app/errors.py",
    "app/health.py",
    "app/lifespan.py",
    "app/logs.py",
    "app/main.py",
    "app/middleware.py",
    "app/model/__init__.py",
    "app/model/artefact.py",
    "app/model/dependencies.py",
    "app/model/features.py",
    "app/model/loader.py",
    "app/model/router.py",
    "app/model/train.py",
    "app/mount.py",
    "app/predictions/__init__.py",
    "app/predictions/dependencies.py",
    "app/predictions/repository/__init__.py",
    "app/predictions/repository/memory.py",
    "app/predictions/repository/sqlite.py",
    "app/predictions/router.py",
    "app/predictions/schemas.py",
    "app/predictions/service.py",
    "app/security.py",
    "app/settings.py",
    "docs/api.md",
    "docs/deploy.md",
    "docs/own-model.md",
    "docs/settings.md",
    "pyproject.toml",
    "tests/__init__.py",
    "tests/conftest.py",
    "tests/fakes.py",
    "tests/model/__init__.py",
    "tests/model/test_model.py",
    "tests/predictions/__init__.py",
    "tests/predictions/test_repository.py",
    "tests/predictions/test_router.py",
    "tests/predictions/test_service.py",
    "tests/test_database.py",
    "tests/test_docs.py",
    "tests/test_errors.py",
    "tests/test_health.py",
    "tests/test_layers.py",
    "tests/test_lifespan.py",
    "tests/test_logs.py",
    "tests/test_middleware.py",
    "tests/test_mount.py",
    "tests/test_security.py",
    "tests/test_settings.py",
    "tests/test_start.py",
}

COMBINATIONS: list[Answers] = [
    dict(zip(CHOICES, values, strict=True)) for values in product(*CHOICES.values())
]


def pairs(answers: Answers) -> set[frozenset[tuple[str, str]]]:
    """Every two answers that this row tries together; single ones while there is one question."""
    return {frozenset(pair) for pair in combinations(answers.items(), min(2, len(answers)))}


def pairwise() -> Iterator[Answers]:
    """Few rows that try each two answers together at least once: the greedy choice."""
    missing = set().union(*map(pairs, COMBINATIONS))
    while missing:
        best = max(COMBINATIONS, key=lambda answers: len(pairs(answers) & missing))
        missing -= pairs(best)
        yield best


def label(answers: Answers) -> str:
    return " ".join(f"{name}={value}" for name, value in answers.items())


@pytest.fixture(scope="session", params=COMBINATIONS, ids=label)
def answers(request: pytest.FixtureRequest) -> Answers:
    chosen: Answers = request.param
    return chosen


@pytest.fixture(scope="session")
def project(bake: Bake, answers: Answers) -> Path:
    return bake(**answers)


def expected_files(answers: Answers) -> set[str]:
    return ALWAYS | SETTINGS | (CONTAINER if answers["container"] == "yes" else set())


def test_the_files_are_exactly_these(project: Path, answers: Answers) -> None:
    assert tree(project) == expected_files(answers)


def test_every_file_comes_from_git(project: Path) -> None:
    assert tree(project) - SETTINGS - tracked(TEMPLATE) == set()


def test_nothing_is_left_unrendered(project: Path) -> None:
    for name in sorted(tree(project)):
        text = (project / name).read_text("utf-8")
        workflow = name.startswith(".github/workflows/")
        marks = (
            ["cookiecutter.", "# {%", "# {#"] if workflow else ["cookiecutter.", "{{", "{%", "{#"]
        )
        assert [mark for mark in marks if mark in text] == [], name


@pytest.mark.parametrize("arguments", [["check"], ["format", "--check"]], ids=" ".join)
def test_ruff_has_nothing_to_say(project: Path, arguments: list[str]) -> None:
    run(module("ruff", *arguments), project)


def test_toml_and_yaml_are_well_formed(project: Path) -> None:
    for path in project.rglob("*.toml"):
        tomllib.loads(path.read_text("utf-8"))
    for path in (path for path in project.rglob("*") if path.suffix in {".yml", ".yaml"}):
        yaml.safe_load(path.read_text("utf-8"))


LONGEST: dict[str, Answers] = {
    "long": {
        "project_name": ("Name " * 16).strip(),
        "project_slug": "n" * 50,
        "description": ("A word or more. " * 18).strip(),
        "author": ("Author " * 14).strip(),
    },
    "wide": {
        "project_name": "붓" * 80,
        "project_slug": "wide",
        "description": "꽃" * 300,
        "author": "저" * 100,
    },
    "quotes": {
        "project_name": "O'Brien’s “best” – models",  # noqa: RUF001
        "project_slug": "null",
        "description": "Rock'n'roll: #1 & <2>, 50 % off; a – b",  # noqa: RUF001
        "author": "O'Brien, Ο and О",  # noqa: RUF001
    },
}


@pytest.mark.parametrize("answers", LONGEST.values(), ids=LONGEST)
def test_the_strangest_accepted_answers_give_sound_files(bake: Bake, answers: Answers) -> None:
    project = bake(**answers)
    run(module("ruff", "check"), project)
    run(module("ruff", "format", "--check"), project)
    test_toml_and_yaml_are_well_formed(project)
    name = tomllib.loads((project / "pyproject.toml").read_text("utf-8"))["project"]["name"]
    assert name == answers["project_slug"]


@pytest.mark.parametrize("folder", [ROOT, TEMPLATE], ids=["template", "project"])
def test_the_workflows_are_sound(folder: Path) -> None:
    """They are copied as they are, so what lies in the template is what is generated."""
    workflows = sorted((folder / ".github" / "workflows").glob("*.yml"))
    assert workflows
    run(
        [script("check-jsonschema"), "--builtin-schema", "vendor.github-workflows", *workflows],
        ROOT,
    )
    zizmor = [script("zizmor"), "--offline", "--no-progress", "--pedantic"]
    run([*zizmor, "--config", ROOT / ".github" / "zizmor.yml", *workflows], ROOT)


@pytest.mark.parametrize("answers", list(pairwise()), ids=label)
def test_types_and_tests_of_the_project_pass(bake: Bake, answers: Answers) -> None:
    project = bake(**answers)
    run(module("mypy"), project)
    run(module("pytest", "-q", "-p", "no:cacheprovider"), project)


@cache
def interpreters() -> dict[tuple[int, int], str]:
    """The newest Python of each minor version that runs on this machine, from 3.11 on."""
    candidates = [Path(sys.executable)]
    candidates += (Path.home() / ".pyenv" / "versions").glob("3.*/bin/python3")
    for folder in os.get_exec_path():
        candidates += (Path(folder, f"python3.{minor}") for minor in range(11, 20))
    found: dict[tuple[int, int], str] = {}
    for path in candidates:
        version = version_of(path)
        if version >= (3, 11):
            found.setdefault(version, str(path))
    return found


def version_of(python: Path) -> tuple[int, int]:
    """The version of an interpreter; (0, 0) when it is missing, or a pyenv shim for nothing."""
    if not python.exists():
        return 0, 0
    ask = [str(python), "-c", "import sys; print(*sys.version_info[:2])"]
    environment = clean_environment()
    done = subprocess.run(ask, capture_output=True, text=True, check=False, env=environment)
    numbers = re.fullmatch(r"(\d+) (\d+)\s*", done.stdout)
    return (int(numbers[1]), int(numbers[2])) if numbers else (0, 0)


def oldest() -> str:
    return min(interpreters().items())[1]


def newest() -> str:
    return max(interpreters().items())[1]


@pytest.mark.parametrize(
    ("python", "arguments"),
    [(oldest, []), (newest, []), (oldest, ["--resolution", "lowest-direct"])],
    ids=["newest on the oldest Python", "newest on the newest Python", "oldest allowed"],
)
def test_the_project_passes_in_a_fresh_environment(
    bake: Bake, python: Callable[[], str], arguments: list[str]
) -> None:
    """A shared environment would hide a dependency that the project forgot to name."""
    project = bake()
    run([uv(), "sync", "--quiet", "--python", python(), *arguments], project)
    own = project / ".venv" / ("Scripts" if os.name == "nt" else "bin") / "python"
    run([own, "-m", "pytest", "-q", "-p", "no:cacheprovider"], project)
