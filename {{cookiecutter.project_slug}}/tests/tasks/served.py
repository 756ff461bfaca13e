"""`python -m tests.tasks.served`: the service with the kinds and the model of `kinds.py`."""

import asyncio

from anyio import from_thread

from app.__main__ import main
from app.kit.settings import load_settings
from app.main import create_app
from app.serving.models import Models
from app.serving.opening import open_models
from app.settings import Settings
from tests.tasks.kinds import KINDS, loops


def open_and_note(settings: Settings) -> Models:
    """Record the server's event loop, for a kind that blocks it."""
    loops.append(from_thread.run_sync(asyncio.get_running_loop))
    return open_models(settings)


app = create_app(load_settings(Settings), kinds=KINDS, open_models=open_and_note)

if __name__ == "__main__":
    main("tests.tasks.served:app")
