"""Chapter 03: the model is there before the first request, and closed after the last."""

from pathlib import Path

from learn.lab import CheckFailed, Lab, check
from learn.process import CannotGrade, NotStarted

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
    real = "app.serving.onnx:load_model"
    if starts(lab, MODEL_LOADER=real, MODEL_DIR=lab.new_work()):
        raise CheckFailed("served", got="a running app", expected="an app that does not start")


@check("closed-on-failure")
def a_failed_start_leaves_nothing_behind(lab: Lab) -> None:
    work = lab.new_work()
    (work / "app.sqlite3").mkdir(parents=True)  # a folder is not a database
    if starts(lab, work):
        raise CheckFailed("works", got="a running app", expected="an app that does not start")
    events = (work / "probe" / "events.jsonl").read_text("utf-8")
    if events.count('"close"') != 1:
        raise CheckFailed("left", sent="a start with a DATABASE_PATH that cannot be used")


def starts(lab: Lab, work: Path | None = None, **settings: object) -> bool:
    """Tell whether the app starts with these settings."""
    try:
        with lab.serve(work, **settings):
            return True
    except (NotStarted, CannotGrade):
        return False
