"""`python -m tests.kit.watchdog.blocking`: the service, with routes that block its loop."""

import time
from pathlib import Path

import uvicorn

from app.kit.settings import load_settings
from app.main import app
from app.settings import Settings


@app.get("/waits")
async def waits(fifo: Path) -> str:
    return fifo.read_text()  # noqa: ASYNC240 - until somebody writes into it


@app.get("/waits-in-a-thread")
def waits_in_a_thread(fifo: Path) -> str:
    return fifo.read_text()


@app.get("/calculates")
async def calculates() -> int:
    end, rounds = time.thread_time() + 0.2, 0
    while time.thread_time() < end:
        rounds += 1
    return rounds


if __name__ == "__main__":
    uvicorn.run(app, port=load_settings(Settings).port, access_log=False, log_config=None)
