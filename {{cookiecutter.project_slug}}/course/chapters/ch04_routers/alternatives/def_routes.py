"""Uses `def`: there is nothing to wait for."""

# file: app/showcases/users/router.py
"""`/v1/users`: two routes that need nothing but their path."""

from fastapi import APIRouter
from pydantic import BaseModel

from app.kit.problems import problems
from app.security import ApiKeyRequired

router = APIRouter(
    prefix="/v1/users", tags=["users"], dependencies=[ApiKeyRequired], responses=problems(401)
)


class User(BaseModel):
    """A user, by name."""

    username: str


@router.get("/me")
def read_current_user() -> User:
    """Return the caller. Declared first, since `/{name}` would take `me` for a name."""
    return User(username="current user")


@router.get("/{name}", responses=problems(422))
def read_user(name: str) -> User:
    """Return the user of this name."""
    return User(username=name)


# file: app/showcases/orders/router.py
"""`/v1/orders`: like the users, in a module of its own; neither knows of the other."""

from fastapi import APIRouter
from pydantic import BaseModel

from app.kit.problems import problems
from app.security import ApiKeyRequired

router = APIRouter(
    prefix="/v1/orders", tags=["orders"], dependencies=[ApiKeyRequired], responses=problems(401)
)


class Order(BaseModel):
    """An order, by its number, and who placed it."""

    order_id: int
    username: str


@router.get("/me")
def read_own_order() -> Order:
    """Return the caller's latest order."""
    return Order(order_id=1, username="current user")


@router.get("/{order_id}", responses=problems(422))
def read_order(order_id: int) -> Order:
    """Return the order with this number."""
    return Order(order_id=order_id, username="current user")
