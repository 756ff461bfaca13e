"""The servers of a measurement: all up, all on one core, and only the one being asked runs.

A server is a tree of processes. Those that are not being asked are stopped (SIGSTOP), because some
work while they wait, and would do so on the core of the one that is being asked.
"""

import asyncio
import json
import shutil
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import psutil

from benchmarks import measure, project
from benchmarks.http_cost import on_core
from benchmarks.load import HOST, get, post
from benchmarks.measure import cpu_seconds
from benchmarks.serving.alternatives import MADE
from benchmarks.serving.candidates import Candidate
from benchmarks.serving.models import Model
from benchmarks.serving.prepare import RECORD

PATIENCE_SECONDS = 2
LONGEST_START_SECONDS = 45
HOMES = {alternative.name: alternative.home for alternative in MADE}


@dataclass
class Server:
    """A candidate that runs."""

    candidate: Candidate
    process: project.Process
    port: int
    log: Path

    def tree(self) -> list[psutil.Process]:
        """Return its processes, the first one first."""
        with suppress(psutil.NoSuchProcess):
            first = psutil.Process(self.process.pid)
            return [first, *first.children(recursive=True)]
        return []

    def cpu(self) -> float:
        """Return the CPU seconds of all its processes."""
        return sum(cpu_seconds(process.pid) for process in self.tree())

    def halt(self) -> None:
        """Stop all its processes, so that it does nothing at all."""
        for process in self.tree():
            process.suspend()

    def resume(self) -> None:
        """Let it go on; what became due while it was halted is not part of the next burst."""
        for process in reversed(self.tree()):
            process.resume()

    @property
    def ask_live(self) -> bytes:
        """A request to its health route."""
        return get(self.candidate.live)

    @property
    def ask_predict(self) -> bytes:
        """A request for a prediction."""
        flower = project.FLOWER
        body = json.dumps([flower] if self.candidate.in_a_list else flower)
        return post(self.candidate.predict, body.encode())


def prepared(folder: Path) -> dict[str, dict[str, str]]:
    """Return what `prepare` wrote down about each alternative."""
    try:
        record: dict[str, dict[str, str]] = json.loads((folder / RECORD).read_text())
    except FileNotFoundError:
        raise SystemExit("First: python -m benchmarks.serving prepare") from None
    return record


def placeholders(text: str, port: int, redis: int) -> str:
    """Return the text with its ports filled in."""
    return text.replace("{port}", str(port)).replace("{redis}", str(redis))


def environment(
    candidate: Candidate, model: Model, port: int, redis: int, log: Path
) -> dict[str, str]:
    """Return a candidate's settings, with its model's place and its databases beside its log.

    Each has its own: one that is halted in a transaction would hold up those who share the file.
    """
    settings = {k: placeholders(v, port, redis) for k, v in candidate.settings.items()}
    where = {"MODEL_ONNX": str(model.file), "MODELS_DIR": str(model.folder)}
    database = {"DATABASE_URL": f"sqlite:///{log.with_suffix('.app.sqlite3')}"}
    return {**where, **database, "PYTHONPATH": str(project.ROOT), **settings}


@contextmanager
def started(
    candidate: Candidate, folder: Path, model: Model, redis: int, log: Path
) -> Iterator[Server]:
    """Start it, and stop it at the end with all its processes."""
    home = folder / candidate.alternative / HOMES[candidate.alternative]
    port = project.free_port()
    arguments = [placeholders(word, port, redis) for word in candidate.arguments]
    command = [str(project.interpreter(home)), *arguments]
    settings = environment(candidate, model, port, redis, log)
    with project.started(command, home, log, settings) as process:
        server = Server(candidate, process, port, log)
        try:
            yield server
        finally:
            server.resume()
            end(server.tree())


def end(processes: list[psutil.Process]) -> None:
    """Ask the first process to stop; after a while, insist, with all that it has left behind."""
    with suppress(psutil.NoSuchProcess, IndexError):
        processes[0].terminate()
    _, left = psutil.wait_procs(processes, timeout=PATIENCE_SECONDS)
    for process in left:
        with suppress(psutil.NoSuchProcess):
            process.kill()
    psutil.wait_procs(left, timeout=PATIENCE_SECONDS)


@contextmanager
def a_redis(log: Path) -> Iterator[int]:
    """Run a Redis for those that cannot start without one; yield its port."""
    if shutil.which("redis-server") is None:
        raise SystemExit("redis-server is missing: apt-get install redis-server")
    port = project.free_port()
    command = ["redis-server", "--port", str(port), "--save", "", "--bind", HOST]
    with project.started(command, log.parent, log, {}):
        yield port


async def answers(server: Server, request: bytes) -> str:
    """Wait for a good answer; if none comes, return the last thing that the server said."""
    try:
        async with asyncio.timeout(LONGEST_START_SECONDS):
            await project.first_answer(server.process, server.port, request, server.log)
    except (SystemExit, TimeoutError):
        said = server.log.read_text(encoding="utf-8").strip().splitlines()
        return said[-1] if said else "it said nothing"
    return ""


def start_all(
    stack: ExitStack, candidates: list[Candidate], folder: Path, model: Model, logs: Path
) -> tuple[list[Server], dict[str, str]]:
    """Start all that were made, on the last core; return those that answer, and the failures."""
    record, servers, failed = prepared(folder), [], {}
    with on_core(-1):
        redis = stack.enter_context(a_redis(logs / "redis.log"))
        for number, candidate in enumerate(measure.progress(candidates, "Starting")):
            if reason := record[candidate.alternative].get("failed"):
                failed[candidate.name] = reason
                continue
            log = logs / f"{number}.log"
            server = stack.enter_context(started(candidate, folder, model, redis, log))
            if reason := asyncio.run(answers(server, server.ask_predict)):
                failed[candidate.name] = reason
                continue
            server.halt()
            servers.append(server)
    return servers, failed
