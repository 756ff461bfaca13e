"""`python -m app`: check that the app can start, then serve it.

Everything that can fail is tried once before uvicorn starts, which would answer a failed lifespan
with a page of traceback.
"""

import argparse
import asyncio
import signal
import socket
import sys
import traceback
from pkgutil import resolve_name

import structlog
import uvicorn
from fastapi import FastAPI

from app.kit.settings import find_misspelt, load_settings, origin
from app.kit.start import StartError, open_streams
from app.kit.supervisor import serve
from app.settings import Settings


def main(target: str = "app.main:app") -> None:
    """Serve the app until it is told to stop; exit with 0 if it started, and stopped in order."""
    open_streams()
    argparse.ArgumentParser(prog="python -m app", description=__doc__).parse_args()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: sys.exit(0))  # until a server has handlers of its own
    try:
        settings = load_settings(Settings)
        asyncio.run(check(settings, resolve_name(target)))
    except StartError as error:
        if error.__cause__:  # a bug in somebody's code: show where it is
            traceback.print_exception(error.__cause__)
        sys.exit(f"The app did not start. {error}")
    for line in find_misspelt(Settings):
        structlog.get_logger().warning(line)
    sys.exit(0 if serve(configure(target, settings)) else 1)


def configure(target: str, settings: Settings) -> uvicorn.Config:
    """Return how uvicorn serves the app."""
    return uvicorn.Config(
        target,
        host=settings.host,
        port=settings.port,
        workers=settings.workers,
        root_path=settings.root_path,
        http="app.kit.connections:Connection",
        ws="none",
        access_log=False,  # ours has the request id, and costs less
        log_config=None,
        lifespan="on",
        server_header=False,
        timeout_graceful_shutdown=settings.shutdown_seconds,
        timeout_worker_healthcheck=60,  # loading a model takes longer than uvicorn expects
    )


async def check(settings: Settings, app: FastAPI) -> None:
    """Try the address, then open everything and close it again; or raise StartError."""
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    try:
        socket.create_server((settings.host, settings.port), family=family).close()
    except (OSError, UnicodeError) as error:  # a name can be too long to be looked up
        cause = str(getattr(error, "strerror", error)).split(" (")[0]
        raise StartError(
            f"Cannot listen on {settings.host}:{settings.port}: {cause}. Choose another HOST or "
            f"PORT (HOST is set in {origin('HOST')}, PORT in {origin('PORT')})."
        ) from None
    async with app.router.lifespan_context(app):
        pass


if __name__ == "__main__":
    main()
