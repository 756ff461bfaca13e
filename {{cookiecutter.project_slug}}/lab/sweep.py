"""The sweep: a fresh server and a fresh load for each run, and nothing else."""

import json
import os
import platform
import secrets
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from importlib.metadata import version
from tempfile import TemporaryFile

from lab.bystander import bystander
from lab.figures import Figures, Recording, curve, steps
from lab.plan import STEPS, Run, runs
from lab.server import ROOT, LabError, served

APP = "lab.service:app"
BARE = "lab.bare:answer_at_once"
CEILING = Run("await", 1, steps=(50, 100))
CAP = Run("await", 1, steps=STEPS[-2:])

# Called with what is being measured, and how many of its seconds are over.
Listener = Callable[[str, float], None]


def planned_seconds(seconds: float) -> float:
    """Return how long the load lasts with steps this long; starting processes takes extra time."""
    return seconds * sum(len(run.steps) for run in [CEILING, CAP, *runs()])


def sweep(seconds: float, listener: Listener) -> Figures:
    """Measure everything, or raise LabError if a process fails."""
    ceiling = measure(CEILING, seconds, lambda at: listener("the client's own ceiling", at), BARE)
    cap = measure(CAP, seconds, lambda at: listener("the app, with hardly any wait", at))
    curves = []
    for run in runs():
        recording = measure(run, seconds, lambda at, name=run.name: listener(name, at))  # type: ignore[misc]
        curves.append(curve(run, recording, seconds))
    today = datetime.now(UTC)
    return Figures(
        taken=f"{today.day} {today:%B %Y}",
        machine=machine(),
        seconds=seconds,
        ceiling=best(CEILING, ceiling, seconds),
        cap=best(CAP, cap, seconds),
        curves=curves,
    )


def best(run: Run, recording: Recording, seconds: float) -> float:
    """Return the highest rate that any step reached."""
    return max(step.rate for step in steps(run, recording, seconds))


def machine() -> str:
    """Describe what the figures were measured on."""
    packages = ", ".join(f"{name} {version(name)}" for name in ("fastapi", "uvicorn", "locust"))
    python = platform.python_version()
    return f"{os.cpu_count()} cores ({platform.machine()}), Python {python}, {packages}"


def measure(
    run: Run, seconds: float, on_progress: Callable[[float], None], app: str = APP
) -> Recording:
    """Serve the app, put the load on it, and return the recording."""
    key = secrets.token_urlsafe(32)
    with served(app, API_KEY=key, THREAD_TOKENS=str(run.tokens)) as host:
        order = {
            "host": host,
            "handler": run.handler,
            "wait_ms": run.wait_ms,
            "steps": run.steps,
            "seconds": seconds,
        }
        with bystander(host, key) as other:
            recording = load(json.dumps(order), key, on_progress)
            recording.others = other.answers.copy()
            recording.open_ms = other.open_ms
    if not recording.answers:
        cause = recording.failure or "there was no answer within the time"
        raise LabError(f"{run.name}: no request was answered ({cause}). Next: uv run python -m app")
    return recording


def load(order: str, key: str, on_progress: Callable[[float], None]) -> Recording:
    """Run `lab.load` to its end."""
    recording = Recording()
    with TemporaryFile("w+", encoding="utf-8") as errors:
        process = subprocess.Popen(
            [sys.executable, "-m", "lab.load", order],
            cwd=ROOT,
            env=os.environ | {"API_KEY": key},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
        )
        try:
            for line in process.stdout or ():
                on_progress(recording.add(line))
            process.wait()
        finally:
            process.kill()  # if this was interrupted; otherwise it has already ended
            process.wait()
        if process.returncode:
            errors.seek(0)
            raise LabError(f"The load failed:\n\n{errors.read()[-2000:]}\nNext: uv sync")
    return recording
