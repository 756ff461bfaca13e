"""A lesson: above or below the route's decorator, `locked` does its work or does nothing.

A decorator that registers a function keeps the function that it is given. What is written above it
comes later, so the route never hears of it: no error, no warning, and updates are lost.
"""

import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import wraps
from pathlib import Path
from threading import Barrier, BrokenBarrierError, Lock

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

LONGEST_WAIT_SECONDS = 3


def locked(function: Callable[[str], None]) -> Callable[[str], None]:
    """Let one caller in at a time."""
    lock = Lock()

    @wraps(function)
    def call(name: str) -> None:
        with lock:
            function(name)

    return call


def build_app(file: Path) -> FastAPI:
    """Return an app whose two routes differ in the order of their decorators."""
    app, both = FastAPI(), Barrier(2)

    def add(name: str) -> None:
        names = json.loads(file.read_text())
        with suppress(BrokenBarrierError):  # nobody else comes in
            both.wait(LONGEST_WAIT_SECONDS)
        file.write_text(json.dumps([*names, name]))

    @locked
    @app.put("/broken/{name}")  # registers the function below, which is not locked yet
    def add_broken(name: str) -> None:
        add(name)

    @app.put("/right/{name}")  # registers what `locked` returns
    @locked
    def add_right(name: str) -> None:
        add(name)

    return app


@pytest.mark.parametrize(("route", "kept"), [("broken", 1), ("right", 2)])
def test_only_the_function_that_is_registered_counts(tmp_path: Path, route: str, kept: int) -> None:
    file = tmp_path / "names.json"
    file.write_text("[]")
    with TestClient(build_app(file)) as client, ThreadPoolExecutor(2) as pool:
        paths = [f"/{route}/{name}" for name in ("ada", "bob")]
        assert [answer.status_code for answer in pool.map(client.put, paths)] == [200, 200]
    assert len(json.loads(file.read_text())) == kept
