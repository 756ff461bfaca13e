"""Every package that is imported is declared, in the group that the code runs with.

A package that another one happens to bring along works until that one no longer needs it.
"""

import ast
import sys
import tomllib
from collections.abc import Iterator
from functools import cache
from importlib.metadata import files, packages_distributions
from pathlib import Path
from typing import Any

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from support import CHOICES, EDITIONS, ROOT, TEMPLATE, Bake

Groups = dict[str, list[Any]]

# In environments of their own, which `python -m benchmarks.serving prepare` makes.
ALTERNATIVES = {"bentoml", "litserve", "service"}
# What only a type checker knows.
FOR_TYPES = {"_typeshed"}
# A driver that a project adds when it moves to Postgres; `app/storage/opening.py` says how. The
# provider of machines, for which `app/showcases/machines/settings.py` asks if it names any. And
# what only the zip for AWS Lambda has.
OPTIONAL = {"psycopg", "boto3", "botocore", "mangum"}


def imported(path: Path) -> Iterator[str]:
    """Yield the dotted name of everything that a file imports, at its top or anywhere else."""
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        match node:
            case ast.Import(names=names):
                yield from (alias.name for alias in names)
            case ast.ImportFrom(module=str(module), level=0, names=names):
                yield from (f"{module}.{alias.name}" for alias in names)


INSTALLED = cache(packages_distributions)


@cache
def providers(name: str) -> set[str]:
    """Return the distributions of an import: for a shared name, those that have this part."""
    top, *parts = name.split(".")
    found = set(INSTALLED().get(top, []))
    if len(found) > 1:
        part = "/".join([top, *parts[:1]])
        found = {d for d in found if any(str(file).startswith(part) for file in files(d) or ())}
    return {canonicalize_name(distribution) for distribution in found}


def of_group(groups: Groups, name: str) -> Iterator[str]:
    """Yield the distributions that a group names, and those of the groups that it includes."""
    for line in groups[name]:
        if isinstance(line, str):
            yield canonicalize_name(Requirement(line).name)
        else:
            yield from of_group(groups, line["include-group"])


def declared(folder: Path, *names: str) -> set[str]:
    """Return the distributions that a project needs to run, and those of these groups."""
    project = tomllib.loads((folder / "pyproject.toml").read_text("utf-8"))
    groups = {"": project["project"].get("dependencies", []), **project["dependency-groups"]}
    return {line for name in ("", *names) for line in of_group(groups, name)}


def undeclared(sources: list[Path], own: set[str], known: set[str]) -> dict[str, Path]:
    """Return each import that is neither declared, nor standard, nor local, with one file."""
    assert sources
    found: dict[str, Path] = {}
    for path in sources:
        for name in imported(path):
            top = name.split(".")[0]
            if top not in sys.stdlib_module_names | FOR_TYPES | own and not providers(name) & known:
                found[top] = path
    return found


def local(*folders: Path) -> set[str]:
    """Return the names of the modules and packages in these folders."""
    return {path.stem for folder in folders for path in folder.iterdir() if path.name[0] != "."}


EACH = [*EDITIONS.values(), *({"model": model} for model in CHOICES["model"][1:])]


@pytest.mark.parametrize("answers", EACH, ids=str)
def test_a_project_declares_what_it_imports(bake: Bake, answers: dict[str, str]) -> None:
    project = bake(**answers)
    is_course = answers.get("edition") == "course"
    course = [project / "course", project / "course" / "tests"] if is_course else []
    own = local(project, *course)
    app = sorted((project / "app").rglob("*.py"))
    training = [path for path in app if path.stem.startswith("train")]
    serving = declared(project) | (OPTIONAL & declared(project, "dev"))
    assert undeclared([p for p in app if p not in training], own, serving) == {}
    assert undeclared(training, own, declared(project, "train")) == {}
    for folder, group in {"lab": "lab", "tests": "dev", "course": "dev"}.items():
        if sources := sorted((project / folder).rglob("*.py")):
            assert undeclared(sources, own, declared(project, group)) == {}


def test_this_repository_declares_what_it_imports() -> None:
    own = local(ROOT, ROOT / "tests", TEMPLATE) | ALTERNATIVES | {"service_client"}
    for folder in ("tests", "scripts", "benchmarks"):
        sources = sorted((ROOT / folder).rglob("*.py"))
        assert undeclared(sources, own, declared(ROOT, "dev")) == {}


@pytest.mark.parametrize("folder", ["hooks", "scripts"])
def test_what_runs_without_an_environment_needs_only_the_standard_library(folder: str) -> None:
    assert undeclared(sorted((ROOT / folder).glob("*.py")), {folder}, set()) == {}
