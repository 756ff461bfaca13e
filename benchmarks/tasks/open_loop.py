"""Requests at a fixed rate, whether or not the server keeps up.

A latency counts from the moment when the request was due. So a stall is felt by every request that
falls into it, as it would be by people who do not wait for each other.
"""

import asyncio
import time
from dataclasses import dataclass, field

from benchmarks.load import LONGEST_BURST_SECONDS, Client

CONNECTIONS = 64
SPIN_SECONDS = 0.002  # an event loop's timers are as coarse as a millisecond


@dataclass
class OpenLoop:
    """Requests to one port at a rate."""

    port: int
    request: bytes
    rate: float
    latencies: list[float] = field(default_factory=list)

    async def run(self, seconds: float) -> list[float]:
        """Return the latency of each request, in seconds."""
        free: asyncio.Queue[Client] = asyncio.Queue()
        clients = [Client(self.request) for _ in range(CONNECTIONS)]
        try:
            for client in clients:
                await client.connect(self.port)
                free.put_nowait(client)
            async with asyncio.timeout(seconds + LONGEST_BURST_SECONDS):
                await self._send_all(free, seconds)
        finally:
            for client in clients:
                client.transport.abort()
        return self.latencies

    async def _send_all(self, free: asyncio.Queue[Client], seconds: float) -> None:
        start = time.perf_counter()
        async with asyncio.TaskGroup() as group:
            for number in range(int(seconds * self.rate)):
                due = start + number / self.rate
                await sleep_until(due)
                group.create_task(self._send(free, due))

    async def _send(self, free: asyncio.Queue[Client], due: float) -> None:
        client = await free.get()
        await client.run(1)
        self.latencies.append(time.perf_counter() - due)
        free.put_nowait(client)


async def sleep_until(moment: float) -> None:
    """Return at this moment, or at once if it has passed."""
    left = moment - time.perf_counter()
    if left > SPIN_SECONDS:
        await asyncio.sleep(left - SPIN_SECONDS)
    while time.perf_counter() < moment:  # noqa: ASYNC110
        await asyncio.sleep(0)


def percentile(latencies: list[float], part: float) -> float:
    """Return the latency in milliseconds that this share of the requests, of 1, does not exceed."""
    return 1000 * sorted(latencies)[min(len(latencies) - 1, int(part * len(latencies)))]
