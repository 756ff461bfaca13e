"""Takes any word for the number of an order. Rejected by: orders."""


# file: app/showcases/orders/router.py
class Order(BaseModel):
    """An order, by its number, and who placed it."""

    order_id: str
    username: str


@router.get("/me")
async def read_own_order() -> Order:
    """The latest order."""
    return Order(order_id="1", username="current user")


@router.get("/{order_id}", responses=problems(422))
async def read_order(order_id: str) -> Order:
    """Return the order with this number."""
    return Order(order_id=order_id, username="current user")
