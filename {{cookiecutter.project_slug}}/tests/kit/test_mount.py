"""Mounting a router flat gives the same API as `include_router`."""

from collections.abc import AsyncIterator
from typing import Annotated, Any

import pytest
from fastapi import APIRouter, Depends, FastAPI, Form, HTTPException
from fastapi.routing import APIRoute
from fastapi.security import APIKeyHeader
from fastapi.sse import EventSourceResponse
from fastapi.testclient import TestClient
from pydantic import BaseModel
from starlette.routing import Match

from app.kit.mount import LazyRoute, Router, fixed_paths, mount


class Item(BaseModel):
    """Something."""

    size: int


async def current_user() -> str:
    """Return the caller."""
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


lazy = Router(
    prefix="/v1/items", tags=["items"], dependencies=[Depends(current_user)], responses={401: {}}
)
lazy.post("", status_code=201, response_model=Item, summary="Make one", operation_id="make")(
    create_item
)
lazy.get("/{item_id}", deprecated=True, responses={404: {"description": "None"}})(read_item)
lazy.get("/all/events", response_class=EventSourceResponse)(events)


def mounted() -> FastAPI:
    app = FastAPI()
    mount(app, router)
    return app


@pytest.mark.parametrize(
    "arguments",
    [
        {},
        {"prefix": "/below"},
        {"tags": ["outer"], "responses": {401: {"description": "Other"}, 503: {"model": Item}}},
        {"dependencies": [Depends(APIKeyHeader(name="X-Key"))]},
    ],
    ids=lambda arguments: "-".join(arguments),
)
def test_the_same_arguments_give_the_same_document_as_include_router(
    arguments: dict[str, Any],
) -> None:
    included, flat, late = FastAPI(), FastAPI(), FastAPI()
    included.include_router(router, **arguments)
    mount(flat, router, **arguments)
    mount(late, lazy, **arguments)
    assert flat.openapi() == late.openapi() == included.openapi()


def test_a_lazy_route_is_made_by_whoever_asks_for_it_and_not_by_mount() -> None:
    noted = Router(prefix="/v1/items")
    noted.get("/{item_id}", name="one")(read_item)
    [route] = noted.routes
    mount(FastAPI(), noted)
    assert isinstance(route, LazyRoute)
    assert "dependant" not in vars(route)
    assert noted.url_path_for("one", item_id=3) == "/v1/items/3"
    assert route.dependant.path_params[0].name == "item_id"
    with pytest.raises(AttributeError, match="no_such_thing"):
        _ = route.no_such_thing
    plain, included = APIRouter(prefix="/v1/items"), FastAPI()
    plain.get("/{item_id}", name="one")(read_item)
    included.include_router(plain)
    fresh = Router(prefix="/v1/items")
    fresh.get("/{item_id}", name="one")(read_item)
    late = FastAPI()
    late.include_router(fresh)
    assert late.openapi() == included.openapi()
    assert TestClient(late).get("/v1/items/3").json() == {"size": 3}


@pytest.mark.parametrize("prefix", ["below", "/below/"])
def test_a_prefix_that_include_router_refuses_is_refused(prefix: str) -> None:
    with pytest.raises(AssertionError, match="A path prefix must"):
        mount(FastAPI(), router, prefix=prefix)


def test_dependencies_given_to_mount_come_first() -> None:
    async def refuse() -> None:
        raise HTTPException(418)

    app = FastAPI()
    mount(app, router, prefix="/below", dependencies=[Depends(refuse)])
    assert TestClient(app).get("/below/v1/items/1").status_code == 418


def test_what_the_router_says_about_its_routes_holds() -> None:
    class TimedRoute(APIRoute):
        """A route class of the project's own."""

    short = APIRouter(
        prefix="/notes", route_class=TimedRoute, max_body_size=64, form_limits={"max_fields": 1}
    )

    @short.post("")
    async def write(title: Annotated[str, Form()]) -> str:
        return title

    app = FastAPI()
    mount(app, short)
    client = TestClient(app)
    assert type(app.routes[-1]) is TimedRoute
    assert client.post("/notes", data={"title": "a"}).json() == "a"
    assert client.post("/notes", data={"title": "a", "text": "b"}).status_code == 400
    assert client.post("/notes", data={"title": "a" * 64}).status_code == 413


def test_dependencies_can_be_overridden_for_each_app() -> None:
    app = mounted()
    app.dependency_overrides[current_user] = lambda: "me"
    assert TestClient(app).post("/v1/items", json={"size": 1}).json() == {"size": 1}
    assert TestClient(app).get("/v1/items/all/events").text == 'data: {"size":1}\n\n'
    assert TestClient(mounted()).get("/v1/items/1").status_code == 401


def test_the_order_of_routes_still_decides() -> None:
    people = APIRouter(prefix="/people")

    @people.get("/{name}")
    async def by_name(name: str) -> str:
        return f"somebody called {name}"

    @people.get("/me")
    async def me() -> str:
        return "me"

    @people.post("/me")
    async def change_me() -> str:
        return "changed"

    app = FastAPI()
    mount(app, people)
    client = TestClient(app)
    assert client.get("/people/me").json() == "somebody called me"
    assert client.post("/people/me").json() == "changed"
    assert client.put("/people/me").status_code == 405
    assert app.url_path_for("me") == "/people/me"


def test_a_fixed_path_is_found_below_another_path_too() -> None:
    app = mounted()
    app.dependency_overrides[current_user] = lambda: "me"
    outer = FastAPI()
    outer.mount("/below", app)
    assert TestClient(outer).post("/below/v1/items", json={"size": 1}).status_code == 201
    assert TestClient(outer).post("/v1/items", json={"size": 1}).status_code == 404


def test_telemetry_is_told_the_route() -> None:
    table = fixed_paths(mounted())
    match, scope = table.matches({"type": "http", "path": "/v1/items", "method": "POST"})
    assert (match, table.path_format) == (Match.FULL, "/v1/items")
    assert scope["route"].path == "/v1/items"
    below = {"type": "http", "path": "/below/v1/items", "method": "POST", "root_path": "/below"}
    assert table.matches(below)[0] is Match.FULL
    assert table.matches({"type": "websocket", "path": "/v1/items"})[0] is Match.NONE


def test_a_router_in_a_router_is_refused() -> None:
    outer = APIRouter()
    outer.include_router(router)
    with pytest.raises(TypeError, match="mount each router by itself"):
        mount(FastAPI(), outer)
