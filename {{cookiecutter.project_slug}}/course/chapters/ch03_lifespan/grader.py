"""Chapter 03: the model is there before the first request, and closed after the last."""

import sqlite3
from contextlib import closing
from pathlib import Path

from learn.grading.lab import CheckFailed, Gate, Lab, check
from learn.grading.process import DATABASE, CannotGrade, NotStarted

PREDICT = "/v1/predict"
STORE = "/v1/predictions"


@check("one-load")
def one_load_before_anybody_asks(lab: Lab) -> None:
    loads = lab.app.gate.events("load")
    if not loads:
        raise CheckFailed("none", got="0 loads", expected="1 load, before the first request")
    if len(loads) > 1:
        raise CheckFailed("twice", got=f"{len(loads)} loads", expected="1", count=len(loads))


@check("none-per-request")
def requests_load_nothing(lab: Lab) -> None:
    requests = lab.random.randint(3, 6)
    for _ in range(requests):
        lab.app.post(PREDICT, lab.flower()).expect(200, why="works")
    count = len(lab.app.gate.events("load"))
    if count != 1:
        raise CheckFailed(
            "again", got=f"{count} loads", expected="1", requests=requests, count=count
        )


@check("works")
def everything_is_open(lab: Lab) -> None:
    long = lab.flower(sepal_length_cm=7.1)
    lab.app.post(PREDICT, long).expect(200, {"label": "long"}, why="works")
    stored = lab.app.post(STORE, lab.flower(sepal_length_cm=5.0))
    stored.expect(201, {"label": "short"}, why="works")
    found = lab.app.get(f"{STORE}/{stored.json['id']}")
    found.expect(200, {"label": "short"}, why="works")
    lab.app.get("/health/ready").expect(200, {"model_version": "00000000c0de"}, why="works")
    if lab.app.gate.events("close"):
        raise CheckFailed("early", got="close()", expected="close() after the last request")


@check("closed-once")
def closed_at_the_end(lab: Lab) -> None:
    lab.app.stop()
    names = [event["event"] for event in lab.app.gate.events()]
    closed = names.count("close")
    if not closed:
        raise CheckFailed("unclosed", sent="SIGTERM", got="no close()", expected="close()")
    if closed > 1 or names[-1] != "close":
        raise CheckFailed("often", sent="SIGTERM", got=" ".join(names), count=closed)


@check("not-at-import")
def an_import_loads_nothing(lab: Lab) -> None:
    work = lab.new_work()
    lab.run("-c", "import app.main", work=work)
    if (work / "probe" / "events.jsonl").exists():
        raise CheckFailed("import", sent='python -c "import app.main"', got="the model was loaded")


@check("no-model-no-start")
def without_a_model_nothing_is_served(lab: Lab) -> None:
    if starts(lab, MODELS="app.models:MODELS", MODELS_DIR=lab.new_work()):
        raise CheckFailed("served", got="a running app", expected="an app that does not start")


@check("closed-on-failure")
def a_failed_start_leaves_nothing_behind(lab: Lab) -> None:
    work = lab.new_work()
    gate = Gate(work / "probe")
    put_newer_tasks_into(work / DATABASE)
    if starts(lab, work):
        raise CheckFailed("works", got="a running app", expected="an app that does not start")
    loads, closes = len(gate.events("load")), len(gate.events("close"))
    if closes != loads:
        sent = "a start with a newer app's tasks in the database"
        got = f"close() called {closes} times"
        raise CheckFailed("left", sent=sent, got=got, expected=f"{loads}")


def put_newer_tasks_into(path: Path) -> None:
    """Make a database that opens, but whose tasks this app cannot read.

    So the start fails only once both the model and the storage are open, in either order.
    """
    with closing(sqlite3.connect(path)) as database, database:
        database.execute("CREATE TABLE schema_versions (feature TEXT PRIMARY KEY, version INTEGER)")
        database.execute("INSERT INTO schema_versions VALUES ('tasks', 1000)")


def starts(lab: Lab, work: Path | None = None, **settings: object) -> bool:
    """Tell whether the app starts with these settings."""
    try:
        with lab.serve(work, **settings):
            return True
    except (NotStarted, CannotGrade):
        return False
