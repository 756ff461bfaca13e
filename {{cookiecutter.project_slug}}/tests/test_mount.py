"""Mounting a router flat gives the same API as `include_router`."""

from collections.abc import AsyncIterator
from typing import Annotated

import pytest
from fastapi import APIRouter, Depends, FastAPI, HTTPException
from fastapi.sse import EventSourceResponse
from fastapi.testclient import TestClient
from pydantic import BaseModel

from app.mount import mount


class Item(BaseModel):
    """Something."""

    size: int


async def current_user() -> str:
    """Who calls."""
    raise HTTPException(401)


router = APIRouter(
    prefix="/v1/items", tags=["items"], dependencies=[Depends(current_user)], responses={401: {}}
)


@router.post("", status_code=201, response_model=Item, summary="Make one", operation_id="make")
async def create_item(item: Item, user: Annotated[str, Depends(current_user)]) -> dict[str, object]:
    """An item."""
    return {**item.model_dump(), "owner": user}


@router.get("/{item_id}", deprecated=True, responses={404: {"description": "None"}})
async def read_item(item_id: int) -> Item:
    """One item."""
    return Item(size=item_id)


@router.get("/all/events", response_class=EventSourceResponse)
async def events() -> AsyncIterator[Item]:
    """Every item."""
    yield Item(size=1)


def mounted() -> FastAPI:
    app = FastAPI()
    mount(app, router, max_body_size=20)
    return app


def test_the_document_is_the_same_as_with_include_router() -> None:
    included = FastAPI()
    included.include_router(router)
    assert mounted().openapi() == included.openapi()


def test_dependencies_can_be_overridden_for_each_app() -> None:
    app = mounted()
    app.dependency_overrides[current_user] = lambda: "me"
    assert TestClient(app).post("/v1/items", json={"size": 1}).json() == {"size": 1}
    assert TestClient(app).get("/v1/items/all/events").text == 'data: {"size":1}\n\n'
    assert TestClient(mounted()).get("/v1/items/1").status_code == 401


def test_a_body_over_the_limit_is_refused() -> None:
    app = mounted()
    app.dependency_overrides[current_user] = lambda: "me"
    answer = TestClient(app).post("/v1/items", json={"size": 10**30})
    assert answer.status_code == 413


def test_a_router_in_a_router_is_refused() -> None:
    outer = APIRouter()
    outer.include_router(router)
    with pytest.raises(TypeError, match="mount each router by itself"):
        mount(FastAPI(), outer)
