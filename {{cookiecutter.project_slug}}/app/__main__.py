"""`python -m app`: check that the app can start, then serve it.

Everything that can fail is tried once before uvicorn starts. Uvicorn alone would restart its
workers forever after a wrong setting, and answer a failed lifespan with a page of traceback.
"""

import argparse
import asyncio
import socket
import sys
from pkgutil import resolve_name

import structlog
import uvicorn
from fastapi import FastAPI

from app.kit.settings import find_misspelt, load_settings, origin
from app.kit.start import StartError
from app.settings import Settings


def main(target: str = "app.main:app") -> None:
    """Serve the app until SIGTERM or Ctrl-C; if it cannot start, exit with 1 and the cause."""
    argparse.ArgumentParser(prog="python -m app", description=__doc__).parse_args()
    try:
        settings = load_settings(Settings)
        asyncio.run(check(settings, resolve_name(target)))
    except StartError as error:
        sys.exit(f"The app did not start. {error}")
    for line in find_misspelt(Settings):
        structlog.get_logger().warning(line)
    uvicorn.run(
        target,
        host=settings.host,
        port=settings.port,
        workers=settings.workers,
        access_log=False,  # ours has the request id, and costs less
        log_config=None,
        server_header=False,
        timeout_graceful_shutdown=settings.shutdown_seconds,
        timeout_worker_healthcheck=60,  # loading a model takes longer than uvicorn expects
    )


async def check(settings: Settings, app: FastAPI) -> None:
    """Try the address, then open everything and close it again; or raise StartError."""
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    try:
        socket.create_server((settings.host, settings.port), family=family).close()
    except OSError as error:
        raise StartError(
            f"Cannot listen on {settings.host}:{settings.port}: "
            f"{str(error.strerror).split(' (')[0]}. Choose another HOST or PORT "
            f"(PORT is set in {origin('PORT')})."
        ) from None
    async with app.router.lifespan_context(app):
        pass


if __name__ == "__main__":
    main()
