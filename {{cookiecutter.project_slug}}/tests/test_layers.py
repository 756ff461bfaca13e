"""Imports go in one direction, from composition down to the tools. This is read from the source.

    composition   __main__, main, lifespan, settings
    features      health, tasks
                  predictions and showcases, which some tasks are about
    what they ask security, then state: what the lifespan opened
    models        yours
    serving       the machinery around a model
    storage       one database for every feature
    errors        what any of these may raise
    kit           tools that know nothing of this service

Imports for types alone (`if TYPE_CHECKING:`) do not count, because they import nothing.
"""

import ast
from collections.abc import Iterator
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

APP = Path(__file__).parents[1] / "app"
SOURCES = sorted(APP.rglob("*.py"))
HTTP = ("fastapi", "starlette", "app.main", "app.security")
FLOORS = [
    ["__main__", "aws_lambda"],
    ["main"],
    ["lifespan"],
    ["settings"],
    ["health", "tasks"],
    ["predictions", "showcases"],
    ["security"],
    ["state"],
    ["models"],
    ["serving"],
    ["storage"],
    ["todo"],
    ["errors"],
    ["kit"],
]
FLOOR = {part: floor for floor, parts in enumerate(FLOORS) for part in parts}


def is_for_types(node: ast.AST) -> bool:
    """Tell whether this is `if TYPE_CHECKING:`."""
    return isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"


def statements(node: ast.AST) -> Iterator[ast.AST]:
    """Yield every statement that runs, at the top or in a function."""
    for child in ast.iter_child_nodes(node):
        if not is_for_types(child):
            yield child
            yield from statements(child)


def imports(path: Path) -> Iterator[str]:
    """Yield the name of everything that a file imports, at its top or anywhere else."""
    for node in statements(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def module_of(path: Path) -> str:
    """Return `app.tasks.router`, for example, or `app.tasks` for its `__init__.py`."""
    return ".".join(path.relative_to(APP.parent).with_suffix("").parts).removesuffix(".__init__")


MODULES = {module_of(path): path for path in SOURCES}


def imported_modules(path: Path) -> set[str]:
    """Return the modules of the app that a file imports."""
    names = {name for name in imports(path) if name.startswith("app.")}
    return {name if name in MODULES else name.rpartition(".")[0] for name in names}


def part(module: str) -> str:
    """Return the file or folder of `app/` in which a module is."""
    return module.split(".")[1]


def named(*names: str) -> list[Path]:
    """Return the files of these names, and those in folders of these names."""
    found = [path for path in SOURCES if path.stem in names or path.parent.name in names]
    assert found, names
    return found


def test_every_part_has_its_floor() -> None:
    parts = {part(module) for module in MODULES if module != "app"}
    assert parts - FLOOR.keys() == set()


@pytest.mark.parametrize("module", sorted(MODULES.keys() - {"app"}))
def test_imports_go_down(module: str) -> None:
    own = part(module)
    for name in imported_modules(MODULES[module]):
        assert part(name) == own or FLOOR[part(name)] > FLOOR[own], f"{module} imports {name}"


def test_nothing_goes_round_in_a_circle() -> None:
    TopologicalSorter({m: imported_modules(path) for m, path in MODULES.items()}).prepare()
    parts: dict[str, set[str]] = {}
    for module, path in MODULES.items():
        if module != "app":
            below = {part(name) for name in imported_modules(path)} - {part(module)}
            parts.setdefault(part(module), set()).update(below)
    TopologicalSorter(parts).prepare()


@pytest.mark.parametrize("path", named("service", "store", "sql", "serving"), ids=str)
def test_services_stores_and_models_know_no_http(path: Path) -> None:
    assert not [name for name in imports(path) if name.startswith(HTTP)]


@pytest.mark.parametrize("path", named("kit"), ids=str)
def test_the_kit_takes_values_and_never_the_settings(path: Path) -> None:
    assert not [name for name in imports(path) if name.endswith(".Settings")]


@pytest.mark.parametrize("path", named("store", "sql", "schemas"), ids=str)
def test_nothing_points_back_to_a_service_or_router(path: Path) -> None:
    assert not [name for name in imports(path) if name.endswith((".service", ".router"))]


@pytest.mark.parametrize("path", named("router"), ids=str)
def test_routers_leave_sql_and_errors_to_others(path: Path) -> None:
    assert not [name for name in imports(path) if name.startswith(("sqlite3", "psycopg"))]
    assert not [node for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.Try)]


@pytest.mark.parametrize("path", SOURCES, ids=str)
def test_only_training_needs_scikit_learn(path: Path) -> None:
    if not path.stem.startswith("train"):
        assert not [name for name in imports(path) if name.startswith(("sklearn", "skl2onnx"))]


@pytest.mark.parametrize("path", SOURCES, ids=str)
def test_no_middleware_of_the_costly_kind_and_no_pickle(path: Path) -> None:
    pickles = () if "models" in path.parts else ("pickle", "joblib")  # yours may have one
    forbidden = ("BaseHTTPMiddleware", *pickles)
    assert not [name for name in imports(path) if name.split(".")[-1] in forbidden]
    assert '.middleware("http")' not in path.read_text().replace('`@app.middleware("http")`', "")
