"""`python -m app`: check that the app can start, then serve it.

Everything that can fail is tried once before uvicorn starts. Uvicorn alone would restart its
workers for ever after a wrong setting, and answer a failed lifespan with a page of traceback.
"""

import argparse
import asyncio
import socket
import sys

import uvicorn

from app.errors import StartError
from app.lifespan import lifespan
from app.settings import Settings, load_settings


def main() -> None:
    """Serve until SIGTERM or Ctrl-C; exit with 1 and the cause when the app cannot start."""
    argparse.ArgumentParser(prog="python -m app", description=__doc__).parse_args()
    try:
        settings = load_settings(Settings)
        check_port(settings)
        asyncio.run(check_lifespan(settings))
    except StartError as error:
        sys.exit(f"The app did not start. {error}")
    uvicorn.run(
        "app.main:app",
        host=settings.host,
        port=settings.port,
        workers=settings.workers,
        access_log=False,  # ours has the request id, and costs less
        log_config=None,
        server_header=False,
        timeout_graceful_shutdown=settings.shutdown_seconds,
        timeout_worker_healthcheck=60,  # loading a model takes longer than uvicorn expects
    )


def check_port(settings: Settings) -> None:
    """Raise StartError when the address is taken or is not this machine's."""
    try:
        with socket.create_server((settings.host, settings.port)):
            pass
    except OSError as error:
        raise StartError(
            f"{settings.host}:{settings.port} cannot be listened on: {error.strerror}. "
            "Stop what uses it, or choose another: set PORT=8001 in .env"
        ) from None


async def check_lifespan(settings: Settings) -> None:
    """Open everything, and close it again."""
    async with lifespan(settings):
        pass


if __name__ == "__main__":
    main()
