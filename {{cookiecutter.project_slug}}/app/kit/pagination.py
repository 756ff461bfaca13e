"""Pages of what is stored, newest first: what a client sends, and what a page needs."""

from typing import Annotated, Protocol, TypeVar
from uuid import UUID

from fastapi import Query
from pydantic import Field

Limit = Annotated[int, Query(ge=1, le=100, description="How many at most")]
Cursor = Annotated[
    UUID | None, Query(description="`next_cursor` of the page before; none for the newest")
]
NextCursor = Annotated[
    UUID | None, Field(description="Send it as `cursor` to read on; null at the end")
]


class Identified(Protocol):
    """What has an id."""

    @property
    def id(self) -> UUID:
        """By which a page can begin after it."""


ItemT = TypeVar("ItemT", bound=Identified)


def split_page(items: list[ItemT], limit: int) -> tuple[list[ItemT], UUID | None]:
    """Return the items of a page and its next cursor, from up to `limit + 1` items."""
    more = len(items) > limit
    return items[:limit], items[limit - 1].id if more else None
