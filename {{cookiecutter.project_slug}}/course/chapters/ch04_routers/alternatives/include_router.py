"""Uses FastAPI's own `include_router`."""

# file: app/showcases/lecture.py
"""The routers that only the course has, mounted on the app by name."""

from fastapi import FastAPI

from app.showcases.orders import router as orders
from app.showcases.users import router as users


def mount_lecture(app: FastAPI) -> None:
    """Mount the users' and the orders' router."""
    app.include_router(users.router)
    app.include_router(orders.router)
