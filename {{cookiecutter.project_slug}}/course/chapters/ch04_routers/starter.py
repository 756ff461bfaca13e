# file: app/showcases/users/router.py
"""`/v1/users`: two routes that need nothing but their path."""

from fastapi import APIRouter
from pydantic import BaseModel

from app.kit.problems import problems
from app.security import ApiKeyRequired
from app.todo import TodoError

# 1. Every route here begins with /v1/users, has the tag "users", and demands the API key.
#    See how app/predictions/model_router.py says so. `problems(401)` documents the answer to a
#    missing key; a route that can refuse a value in its path documents `problems(422)`
#    in its decorator.
router = APIRouter()


class User(BaseModel):
    """A user, by name."""

    username: str


# 2. GET /v1/users/me answers the username "current user".
# 3. GET /v1/users/{name} answers the username in the path.
#    Each route says what it does in its docstring, which /docs shows.
#    Routes are tried from top to bottom: which of the two comes first?
@router.get("/v1/users/{name}")
async def read_user(name: str) -> User:
    """Return the user of this name."""
    raise TodoError("04", "write the two routes for users.")


# file: app/showcases/orders/router.py
"""`/v1/orders`: like the users, in a module of its own; neither knows of the other."""

from fastapi import APIRouter
from pydantic import BaseModel

from app.kit.problems import problems
from app.security import ApiKeyRequired
from app.todo import TodoError

# 4. The same for /v1/orders.
router = APIRouter()


class Order(BaseModel):
    """An order, by its number, and who placed it."""

    order_id: int
    username: str


# 5. GET /v1/orders/me answers order 1 of the "current user".
# 6. GET /v1/orders/{order_id} answers the order of that number, also of the "current user".
#    Anything but a number is refused with 422: by the parameter's type, not by an `if`.
@router.get("/v1/orders/{order_id}")
async def read_order(order_id: str) -> Order:
    """Return the order with this number."""
    raise TodoError("04", "write the two routes for orders.")


# file: app/showcases/lecture.py
"""The routers that only the course has, mounted on the app by name."""

from fastapi import FastAPI

from app.kit.mount import mount
from app.showcases.orders import router as orders
from app.showcases.users import router as users


def mount_lecture(app: FastAPI) -> None:
    """Mount the users' and the orders' router."""
    mount(app, users.router)
    # 7. Mount the orders' router as well.
