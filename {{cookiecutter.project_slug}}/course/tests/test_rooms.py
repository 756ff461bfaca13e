"""The rooms of the command: which may use which, and what runs where nothing is installed."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

from learn.chapters.folders import COURSE

PACKAGE = COURSE / "learn"
# Room -> the rooms that it may use. `terminal` knows nothing of chapters.
USES = {
    "__main__": {"cli"},
    "cli": {"commands", "teach", "progress", "terminal"},
    "commands": {"progress", "grading", "chapters", "terminal"},
    "teach": {"progress", "grading", "chapters", "terminal"},
    "progress": {"grading", "chapters", "terminal"},
    "grading": {"chapters"},
    "chapters": set(),
    "terminal": set(),
}


def modules() -> dict[str, ast.Module]:
    """Every module of the command by its dotted name, such as `learn.terminal.screen`."""
    found = {}
    for path in sorted(PACKAGE.rglob("*.py")):
        parts = path.relative_to(COURSE).with_suffix("").parts
        name = ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
        found[name] = ast.parse(path.read_text("utf-8"))
    return found


MODULES = modules()


def imports(tree: ast.Module) -> Iterator[str]:
    """The modules that a module imports anywhere, also in a function or for types alone."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            names = {f"{node.module}.{alias.name}" for alias in node.names}
            yield from names & MODULES.keys() or {node.module}


def room(module: str) -> str:
    return [*module.split("."), ""][1]


@pytest.mark.parametrize("name", MODULES)
def test_a_room_uses_only_the_rooms_below_it(name: str) -> None:
    used = {room(module) for module in imports(MODULES[name]) if module.split(".")[0] == "learn"}
    assert used <= USES.get(room(name), set()) | {room(name)}


def test_no_modules_import_each_other_in_a_circle() -> None:
    graph = {name: set(imports(tree)) & MODULES.keys() for name, tree in MODULES.items()}
    assert all(name not in used for name, used in graph.items())
    assert list(TopologicalSorter(graph).static_order())  # raises CycleError


def test_a_name_is_used_once() -> None:
    """One word for one thing: no two classes have the same name."""
    nodes = (node for tree in MODULES.values() for node in tree.body)
    names = [node.name for node in nodes if isinstance(node, ast.ClassDef)]
    assert sorted(names) == sorted(set(names))


def test_the_handout_needs_nothing_but_python(tmp_path: Path) -> None:
    """The template's hook runs it where no package is installed."""
    code = f"import sys; sys.path.insert(0, {str(COURSE)!r}); import learn.chapters.handout"
    subprocess.run([sys.executable, "-I", "-S", "-B", "-c", code], cwd=tmp_path, check=True)
