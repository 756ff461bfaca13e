"""Pages of what is stored, newest first: their parameters, and how to split them."""

from typing import Annotated, Protocol, TypeVar
from uuid import UUID

from fastapi import Query
from pydantic import Field

Limit = Annotated[int, Query(ge=1, le=100, description="How many at most")]
Cursor = Annotated[UUID | None, Query(description="The previous page's `next_cursor`, if any")]
NextCursor = Annotated[UUID | None, Field(description="The next page's `cursor`; null at the end")]


class Identified(Protocol):
    """An item with an id, after which a page can begin."""

    @property
    def id(self) -> UUID:
        """What identifies it."""


ItemT = TypeVar("ItemT", bound=Identified)


def split_page(items: list[ItemT], limit: int) -> tuple[list[ItemT], UUID | None]:
    """Return the items of a page and its next cursor, from up to `limit + 1` items."""
    more = len(items) > limit
    return items[:limit], items[limit - 1].id if more else None
