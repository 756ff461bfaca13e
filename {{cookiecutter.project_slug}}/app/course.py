"""What only the course edition has, mounted on the app."""

from fastapi import FastAPI

from app.concurrency import router as concurrency
from app.lecture import mount_lecture
from app.mount import mount
from app.settings import Settings


def mount_course(app: FastAPI, settings: Settings) -> None:
    """Mount the lecture's routers, and the one that chapter 06 asks about."""
    mount_lecture(app)
    mount(app, concurrency.router, max_body_size=settings.max_body_bytes)
