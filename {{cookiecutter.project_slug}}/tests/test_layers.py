"""One direction: router, service, repository. Read from the source, so that no test can forget."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

APP = Path(__file__).parents[1] / "app"
SOURCES = sorted(APP.rglob("*.py"))
HTTP = ("fastapi", "starlette", "app.main", "app.security")


def imports(path: Path) -> Iterator[str]:
    """The name of every module that a file imports, at its top or anywhere else."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def named(*names: str) -> list[Path]:
    """The files of these names, and those in folders of these names."""
    found = [path for path in SOURCES if path.stem in names or path.parent.name in names]
    assert found, names
    return found


@pytest.mark.parametrize("path", named("service", "repository"), ids=str)
def test_services_and_repositories_know_no_http(path: Path) -> None:
    assert not [name for name in imports(path) if name.startswith(HTTP)]


@pytest.mark.parametrize("path", named("repository", "schemas"), ids=str)
def test_nothing_points_back_to_a_service_or_router(path: Path) -> None:
    assert not [name for name in imports(path) if name.endswith((".service", ".router"))]


@pytest.mark.parametrize("path", named("router"), ids=str)
def test_routers_leave_sql_and_errors_to_others(path: Path) -> None:
    assert not [name for name in imports(path) if name.startswith(("sqlite3", "aiosqlite"))]
    assert not [node for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.Try)]


@pytest.mark.parametrize("path", SOURCES, ids=str)
def test_only_training_needs_scikit_learn(path: Path) -> None:
    if not path.stem.startswith("train"):
        assert not [name for name in imports(path) if name.startswith(("sklearn", "skl2onnx"))]


@pytest.mark.parametrize("path", SOURCES, ids=str)
def test_no_middleware_of_the_costly_kind_and_no_pickle(path: Path) -> None:
    forbidden = ("BaseHTTPMiddleware", "pickle", "joblib")
    assert not [name for name in imports(path) if name.split(".")[-1] in forbidden]
    assert '.middleware("http")' not in path.read_text().replace('`@app.middleware("http")`', "")
