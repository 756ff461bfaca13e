"""The showcases, mounted on the app by name."""

from typing import TYPE_CHECKING

from fastapi import FastAPI
from fastapi.params import Depends

from app.kit.mount import mount
from app.showcases.concurrency import handlers, threads
from app.showcases.machines import page
from app.showcases.machines import router as machines
from app.showcases.machines.dependencies import open_machines
from app.showcases.presence import router as presence
from app.showcases.presence.dependencies import RefreshSession, open_presence

if TYPE_CHECKING:
    from app.settings import Settings


def mount_showcases(app: FastAPI, settings: "Settings") -> list[Depends]:
    """Mount every showcase; return what a request about tasks does for them."""
    mount(app, handlers.router)
    threads.limit_threads(app, settings.thread_tokens)
    mount(app, presence.router)
    open_presence(app, settings.presence_seconds)
    mount(app, machines.router)
    mount(app, page.router)
    open_machines(app, settings)
    return [RefreshSession]
