"""What counts as a blocked loop and what does not; the watchdog off, on, and with metrics."""

import asyncio
import gc
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Coroutine
from dataclasses import replace
from types import FrameType, FunctionType
from typing import Any

import pytest
from fastapi.testclient import TestClient
from starlette.staticfiles import StaticFiles

from app.kit.watchdog.stack import current_frames, describe
from app.kit.watchdog.thread import Block, Look, Watchdog, blocked_seconds
from app.main import create_app
from app.settings import Settings
from tests.conftest import LOCAL, ROOT

LIMIT = 0.1
HERE = (compile("here", "", "eval"), 0)
THERE = (HERE[0], 2)
TASK = object()


@pytest.fixture(autouse=True)
def loop_stays_free() -> None:
    """Switch the fixture of this name off: these tests block on purpose."""


def look(at: float, beat_at: float = 0, cpu: float = 0) -> Look:
    """Return a look at a loop's thread, at a time that the test chooses."""
    return Look(at, beat_at, cpu, TASK, HERE)


@pytest.mark.parametrize(
    ("later", "seconds"),
    [
        pytest.param(look(0.025), 0.025, id="it waits in one place"),
        pytest.param(replace(look(0.025, cpu=0.02), place=THERE), 0.025, id="it calculates"),
        pytest.param(look(0.4, 0.01, 0.39), 0.39, id="it calculates and lets nobody run"),
        pytest.param(look(0.025, 0.02), None, id="it shows life"),
        pytest.param(look(0.4, 0.39, 0.39), None, id="it shows life to a late watchdog"),
        pytest.param(replace(look(0.025, cpu=0.02), place=None), None, id="it has no work"),
        pytest.param(replace(look(0.025, cpu=0.02), task=None), None, id="it goes step by step"),
        pytest.param(replace(look(0.025, cpu=0.002), place=THERE), 0, id="it gets no processor"),
        pytest.param(look(0.4, cpu=0.01), 0, id="the whole process was stopped"),
        pytest.param(replace(look(0.4, cpu=0.39), collected=0.4), 0, id="garbage was collected"),
    ],
)
def test_what_two_looks_tell(later: Look, seconds: float | None) -> None:
    assert blocked_seconds(look(0), later, LIMIT) == seconds


def watch(code: Callable[[threading.Event], Coroutine[Any, Any, None]]) -> list[Block]:
    """Return the watchdog's reports on a coroutine; its argument is set at the first report."""
    blocks: list[Block] = []
    told = threading.Event()

    def report(block: Block) -> None:
        blocks.append(block)
        told.set()

    async def main() -> None:
        with Watchdog(asyncio.get_running_loop(), 0.02, report):
            await code(told)

    asyncio.run(main())  # a new loop each time, with nothing else in it
    return blocks


def test_a_wait_is_named_while_it_lasts_and_afterwards() -> None:
    async def wait(told: threading.Event) -> None:
        told.wait(30)

    still, was = watch(wait)
    assert (still.over, was.over) == (False, True)
    assert still.place == was.place
    assert still.place.code == "told.wait(30)"
    assert still.place.handler.endswith("watch.<locals>.main")  # the outermost of our own functions
    assert still.place.inside == "threading.Condition.wait"


def test_a_callback_that_is_not_a_task_is_named() -> None:
    async def call(told: threading.Event) -> None:
        asyncio.get_running_loop().call_soon(told.wait, 30)
        await asyncio.sleep(0)

    assert watch(call)[0].place.inside == "threading.Condition.wait"


def test_a_call_that_keeps_the_interpreter_to_itself_is_named() -> None:
    async def add_up(told: threading.Event) -> None:
        for _ in range(100):
            sum(range(10_000_000))
            await asyncio.sleep(0.05)
            if told.is_set():
                return

    place = watch(add_up)[0].place
    assert place.code == "sum(range(10_000_000))"
    assert place.inside.endswith("add_up")


def test_a_collection_of_garbage_is_blamed_on_no_line() -> None:
    class Slow:
        def __del__(self) -> None:
            time.sleep(0.2)

    async def collect(_: threading.Event) -> None:
        await asyncio.sleep(0.05)
        slow: Any = Slow()
        slow.itself = slow
        del slow
        gc.collect()
        await asyncio.sleep(0.05)

    assert watch(collect) == []


def test_a_debugger_that_holds_the_loop_is_not_accused() -> None:
    prompt = FunctionType((lambda event: event.wait(0.3)).__code__, {"__name__": "bdb"})

    async def stop_at_a_breakpoint(told: threading.Event) -> None:
        prompt(told)

    assert watch(stop_at_a_breakpoint) == []


def frame_of(module: str, file: str = __file__) -> FrameType:
    """Return the frame of a function in a module of this name."""
    code = (lambda: sys._getframe()).__code__.replace(co_filename=file)
    frame: FrameType = FunctionType(code, {"__name__": module, "sys": sys})()
    return frame


def test_what_surrounds_every_request_is_not_named_for_it() -> None:
    library = frame_of("library", "/elsewhere/library.py")
    surrounding = [frame_of("app.kit.middleware"), frame_of("uvicorn", "/site-packages/uvicorn.py")]
    place = describe([library, *surrounding])
    assert place
    assert place.file == "/elsewhere/library.py"
    assert describe([]) is None


def test_a_request_is_named_by_its_route_whoever_holds_the_loop_for_it() -> None:
    def route(scope: dict[str, object]) -> FrameType:
        assert scope
        return sys._getframe()

    place = describe([frame_of("library"), route({"endpoint": watch})])
    assert place
    assert place.handler == f"{__name__}.watch"
    mounted = describe([frame_of("library"), route({"endpoint": StaticFiles(directory=".")})])
    assert mounted
    assert mounted.handler == "starlette.staticfiles.StaticFiles"


def test_many_short_steps_and_a_thread_are_not_a_block() -> None:
    async def be_busy(told: threading.Event) -> None:
        done = threading.Event()
        thread = asyncio.create_task(asyncio.to_thread(done.wait))
        for _ in range(2_000):
            sum(range(1_000))
            await asyncio.sleep(0)
        assert not told.is_set()
        await asyncio.sleep(0.2)
        done.set()
        await thread

    assert watch(be_busy) == []


@pytest.mark.parametrize(("limit", "threads"), [(0, 0), (100, 1)])
def test_a_thread_watches_while_the_app_serves(
    limit: int, threads: int, settings: Settings
) -> None:
    def watchdogs() -> int:
        return [thread.name for thread in threading.enumerate()].count("loop-watchdog")

    app = create_app(settings.model_copy(update={"loop_watchdog_ms": limit}))
    with TestClient(app, base_url=LOCAL):
        assert watchdogs() == threads
    assert watchdogs() == 0


COUNT = """
from app.kit.watchdog.lifespan import report
from app.kit.watchdog.stack import Place
from app.kit.watchdog.stack import current_frames, describe
from app.kit.watchdog.thread import Block
from opentelemetry import metrics
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader

reader = InMemoryMetricReader()
metrics.set_meter_provider(MeterProvider([reader]))
place = Place("app.health.live", "/elsewhere.py", 7, "time.sleep")
for over in (False, True, True):
    report(Block(place, 0.2, over))
(resource,) = reader.get_metrics_data().resource_metrics
(point,) = resource.scope_metrics[0].metrics[0].data.data_points
print(point.value, dict(point.attributes))
"""


def test_each_block_is_counted_once_where_telemetry_is_configured() -> None:
    """In its own process, because a metrics provider cannot be replaced once it is set."""
    done = subprocess.run(
        [sys.executable, "-c", COUNT], cwd=ROOT, check=True, capture_output=True, text=True
    )
    where = {
        "code.function.name": "app.health.live",
        "code.file.path": "/elsewhere.py",
        "code.line.number": 7,
    }
    assert done.stdout.splitlines()[-1] == f"2 {where}"


@pytest.mark.parametrize("collects", [True, False])
def test_a_look_is_no_moment_for_a_collection(
    collects: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Python would wait for a lock that it holds itself."""
    states: list[bool] = []
    look_now = sys._current_frames

    def observed() -> dict[int, FrameType]:
        states.append(gc.isenabled())
        return look_now()

    monkeypatch.setattr(sys, "_current_frames", observed)
    (gc.enable if collects else gc.disable)()
    try:
        frames = current_frames()
        states.append(gc.isenabled())
    finally:
        gc.enable()
    assert states == [False, collects]
    assert threading.get_ident() in frames
