"""The routers that only the course has, mounted on the app by name."""

from fastapi import FastAPI

from app.kit.mount import mount
from app.showcases.orders import router as orders
from app.showcases.users import router as users


def mount_lecture(app: FastAPI) -> None:
    """Mount the users' and the orders' router."""
    mount(app, users.router)
    mount(app, orders.router)
