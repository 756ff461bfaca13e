"""The routers that only the course has, mounted on the app by name."""

from fastapi import FastAPI

from app.mount import mount
from app.orders import router as orders
from app.users import router as users


def mount_lecture(app: FastAPI) -> None:
    """Mount the users' and the orders' router."""
    mount(app, users.router)
    mount(app, orders.router)
