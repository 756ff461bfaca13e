"""Mounting a router straight on the app.

`app.include_router(router)` does the same job, but today's FastAPI keeps the router as a level of
its own, which every request has to pass: a quarter more CPU for the route mounted last. Here each
route is put on the app itself, as if written with `@app.get`. A route without a parameter in its
path is found in one step, wherever it comes, which saves another quarter; the template's
`python -m benchmarks.http_cost` measures both.
"""

from collections.abc import Callable, Sequence
from enum import Enum
from functools import partial
from inspect import signature
from typing import Any, cast

from fastapi import APIRouter, FastAPI
from fastapi.params import Depends
from fastapi.routing import APIRoute
from starlette.datastructures import URLPath
from starlette.routing import BaseRoute, Match, NoMatchFound, get_name
from starlette.types import Receive, Scope, Send

from app.kit.routes import FORM_LIMITS, GuardedRoute

OPTIONS = signature(APIRouter.add_api_route).parameters.keys() - {"self", "path", "endpoint"}


class LazyRoute(APIRoute):
    """A route that is made once it is asked for: that takes 2 ms, and `mount` makes it anew."""

    def __init__(self, path: str, endpoint: Callable[..., Any], **options: Any) -> None:  # noqa: ANN401
        noted = {"path": path, "endpoint": endpoint, "stream_item_type": None, "form_limits": {}}
        vars(self).update(noted | options | {"name": options["name"] or get_name(endpoint)})
        self.noted = options

    def __getattr__(self, name: str) -> object:
        """Make the route, since something of it is missing."""
        noted = vars(self).pop("noted", None)
        if noted is None:
            raise AttributeError(name)
        super().__init__(self.path, self.endpoint, **noted)
        return getattr(self, name)


Router = partial(APIRouter, route_class=LazyRoute)  # for routers that are mounted


def mount(
    app: FastAPI,
    router: APIRouter,
    *,
    prefix: str = "",
    tags: list[str | Enum] | None = None,
    dependencies: Sequence[Depends] | None = None,
    responses: dict[int | str, dict[str, Any]] | None = None,
) -> None:
    """Add the router's routes to the app, as `app.include_router` does with the same arguments."""
    outer = APIRouter(prefix=prefix, tags=tags, dependencies=dependencies, responses=responses)
    table = fixed_paths(app)
    for route in router.routes:
        if not isinstance(route, APIRoute):
            raise TypeError(f"{route!r} is not a route: mount each router by itself")
        options = {name: value for name, value in vars(route).items() if name in OPTIONS}
        options["tags"] = outer.tags + route.tags
        options["dependencies"] = outer.dependencies + route.dependencies
        options["responses"] = outer.responses | route.responses
        options["form_limits"] = {**FORM_LIMITS, **router.form_limits, **route.form_limits}
        plain = type(route) in (APIRoute, LazyRoute)
        options["route_class_override"] = GuardedRoute if plain else type(route)
        if route.stream_item_type:
            del options["response_model"]  # found again, in the return annotation
        app.router.add_api_route(outer.prefix + route.path, route.endpoint, **options)
        table.learn_last(app.router.routes)


def fixed_paths(app: FastAPI) -> "FixedPaths":
    """Return the app's table of fixed paths, the first of its routes; insert it if need be."""
    routes = app.router.routes
    if not (routes and isinstance(routes[0], FixedPaths)):
        routes.insert(0, FixedPaths())
    return cast("FixedPaths", routes[0])


class FixedPaths(BaseRoute):
    """The routes whose path has no parameter, by path and method."""

    def __init__(self) -> None:
        self.path_format = ""  # of the route matched last; the framework's telemetry reads it
        self._routes: dict[tuple[str, str], APIRoute] = {}

    def learn_last(self, routes: list[BaseRoute]) -> None:
        """Add the last of the app's routes, unless an earlier one would answer instead."""
        *earlier, route = routes[1:]
        if not isinstance(route, APIRoute) or route.param_convertors:
            return
        for method in route.methods or ():
            scope = {"type": "http", "path": route.path, "method": method}
            if not any(r.matches(scope)[0] is Match.FULL for r in earlier):
                self._routes[route.path, method] = route

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        """Find the route for exactly this path, below the server's `root_path`, and method."""
        path = scope["path"].removeprefix(scope.get("root_path", ""))
        route = self._routes.get((path, scope.get("method", "")))
        if route is None:
            return Match.NONE, {}
        self.path_format = route.path_format
        return Match.FULL, {"endpoint": route.endpoint, "path_params": {}, "route": route}

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request to the route that was found."""
        await scope["route"].app(scope, receive, send)

    def url_path_for(self, name: str, /, **path_params: object) -> URLPath:
        """Leave names to the routes themselves."""
        raise NoMatchFound(name, path_params)
