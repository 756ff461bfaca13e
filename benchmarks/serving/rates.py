"""Requests to each alternative at 1, 32 and 128 at a time: rate, latency and CPU time.

Every round gives each server one burst at each concurrency, in shuffled order, and ratios are taken
within a round. All servers are on one core with all their processes, the load comes from another,
and those that are not being asked are stopped meanwhile. For each round all are restarted, in
shuffled order: where a process's memory happens to be makes a heavy model a third faster or slower.
"""

import argparse
import asyncio
import http.client
import json
import random
import sys
from collections.abc import Sequence
from contextlib import ExitStack, closing
from dataclasses import replace
from statistics import median, quantiles

import uvloop

from benchmarks import measure, project
from benchmarks.http_cost import on_core
from benchmarks.load import HOST, Burst, Load, LoadError
from benchmarks.measure import at_least_one
from benchmarks.serving import models, report
from benchmarks.serving.candidates import CANDIDATES, CEILING
from benchmarks.serving.models import Model
from benchmarks.serving.results import Results, Sample
from benchmarks.serving.running import Server, start_all

CONCURRENCIES = (1, 32, 128)
SECONDS = {"ping": 0.3, "light": 0.4, "heavy": 0.6, "wide": 0.6}  # that a burst should take
SAME = 1e-3  # two sums of the same numbers in a different order differ by less
SETTLE_SECONDS = 0.15  # for the server to wake up and accept the connections before a burst
LEAST = 2  # requests on each connection


def ask(server: Server) -> list[float]:
    """Return the probabilities that the server answers."""
    head, _, body = server.ask_predict.partition(b"\r\n\r\n")
    path = head.split()[1].decode()
    with closing(http.client.HTTPConnection(HOST, server.port, timeout=60)) as connection:
        connection.request("POST", path, body, {"Content-Type": "application/json"})
        found = json.loads(connection.getresponse().read())
    first = found[0] if server.candidate.in_a_list else found
    return list(first["probabilities"].values())


def check(server: Server, expected: Sequence[float]) -> None:
    """End the run if a server predicts something different from the others."""
    answer = ask(server)
    pairs = zip(answer, expected, strict=True)
    if any(abs(number - other) > SAME for number, other in pairs):
        sys.exit(f"{server.candidate.name} answers {answer}, and the model {expected}")


def p99(burst: Burst) -> float:
    """Return the latency that one request in a hundred exceeds."""
    return quantiles(burst.latencies, n=100, method="inclusive")[98]


async def measure_once(server: Server, request: bytes, concurrency: int, requests: int) -> Sample:
    """Send one burst to one server, while the others are halted."""
    load = Load(server.port, request, concurrency)
    await asyncio.gather(*(client.connect(server.port) for client in load.clients))
    await asyncio.sleep(SETTLE_SECONDS)
    try:
        before = server.cpu()
        burst = await load.burst(requests)
        cpu = 1e6 * (server.cpu() - before) / burst.requests
    finally:
        load.close()
    rate, middle = burst.requests / burst.seconds, 1000 * median(burst.latencies)
    tail = 1000 * p99(burst)
    return Sample(server.candidate.name, concurrency, 0, rate, middle, tail, cpu)


async def warm_up(server: Server, request: bytes, concurrency: int, seconds: float) -> int:
    """Send two bursts that do not count, and return how many requests fill so many seconds."""
    requests = 2 * concurrency
    for _ in range(2):
        sample = await measure_once(server, request, concurrency, requests)
        requests = max(LEAST * concurrency, int(seconds * sample.rate))
    return requests


class Measurement:
    """The servers, and how many requests each gets in a burst."""

    def __init__(self, kind: str, servers: list[Server]) -> None:
        """Take a kind: ping, or a model."""
        self.kind = kind
        self.servers = {server.candidate.name: server for server in servers}
        self.plan: dict[tuple[str, int], int] = {}

    def request(self, server: Server) -> bytes:
        """Return the request to send."""
        return server.ask_live if self.kind == "ping" else server.ask_predict

    async def prepare(self) -> dict[str, str]:
        """Warm up every server, and return why some cannot be measured."""
        failed = {}
        for name, server in measure.progress(list(self.servers.items()), "Warming up"):
            server.resume()
            try:
                for concurrency in CONCURRENCIES:
                    seconds = SECONDS[self.kind]
                    requests = await warm_up(server, self.request(server), concurrency, seconds)
                    self.plan[name, concurrency] = requests
            except LoadError as error:
                failed[name] = str(error)
            server.halt()
        return failed

    async def round(self, number: int) -> list[Sample]:
        """Send one burst of each kind to each server."""
        samples, order = [], random.sample(list(self.plan), len(self.plan))
        for name, concurrency in measure.progress(order, "Measuring"):
            server = self.servers[name]
            server.resume()
            request, requests = self.request(server), self.plan[name, concurrency]
            sample = await measure_once(server, request, concurrency, requests)
            server.halt()
            samples.append(replace(sample, round=number))
        return sorted(samples, key=lambda sample: list(self.plan).index(key(sample)))


def key(sample: Sample) -> tuple[str, int]:
    """Return where the sample stands in the plan."""
    return sample.name, sample.concurrency


def check_all(servers: list[Server], model: Model) -> None:
    """Check that every server predicts the same."""
    expected = model.answer()
    for server in servers:
        server.resume()
        check(server, expected)
        server.halt()


async def run_round(measurement: Measurement, results: Results) -> None:
    """Measure one round, and note in the results what cannot be measured."""
    with on_core(0):
        results.failed |= await measurement.prepare()
        measurement.plan = {
            (name, concurrency): requests
            for (name, concurrency), requests in measurement.plan.items()
            if name not in results.failed
        }
        results.samples += await measurement.round(results.rounds())
        results.save()  # a run that was ended early has measured something


def run(options: argparse.Namespace) -> None:
    """Start all servers, measure, and print the tables."""
    kind, folder = options.measurement, options.folder
    model = models.find(folder, "light" if kind == "ping" else kind)
    results = Results.open(folder, kind, more=options.more)
    candidates = [CEILING, *CANDIDATES] if kind == "ping" else CANDIDATES
    for number in range(options.rounds):
        measure.note(f"Round {number + 1} of {options.rounds}")
        with project.scratch_folder() as logs, ExitStack() as stack:
            order = random.sample(candidates, len(candidates))
            servers, failed = start_all(stack, order, folder, model, logs)
            servers.sort(key=lambda server: candidates.index(server.candidate))
            results.failed |= failed
            if kind != "ping":
                check_all(servers, model)
            uvloop.run(run_round(Measurement(kind, servers), results))
    measure.say(report.text(results, kind))
    for name, reason in results.failed.items():
        measure.say(f"Not measured: {name}: {reason}")


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the command line's options."""
    parser.add_argument("--rounds", type=at_least_one, default=6, help="rounds of bursts (6)")
    parser.add_argument("--more", action="store_true", help="add to what was measured before")
    parser.set_defaults(run=run)
