"""`/v1/orders`: the same as the users, in another module, so that neither knows the other."""

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
async def read_own_order() -> Order:
    """Return the caller's latest order."""
    return Order(order_id=1, username="current user")


@router.get("/{order_id}", responses=problems(422))
async def read_order(order_id: int) -> Order:
    """Return the order with this number."""
    return Order(order_id=order_id, username="current user")
