"""The least that serves the model with FastAPI and with Starlette; uvicorn calls a factory."""

from fastapi import FastAPI
from pydantic import ValidationError
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from benchmarks.serving.apps import iris
from benchmarks.serving.apps.iris import Features, Prediction

JSON = "application/json"


async def health() -> dict[str, str]:
    """Answer the health route of both FastAPI apps."""
    return {"status": "ok"}


def fastapi_def() -> FastAPI:
    """Return FastAPI with a plain `def` route, which runs in a thread."""
    iris.session()
    app = FastAPI()
    app.get("/health")(health)
    app.post("/predict")(iris.predict)
    return app


def fastapi_async() -> FastAPI:
    """Return FastAPI with an `async def` route that calls the model, and so blocks the others."""
    iris.session()
    app = FastAPI()
    app.get("/health")(health)

    @app.post("/predict")
    async def predict(features: Features) -> Prediction:
        return iris.predict(features)

    return app


async def starlette_health(_: Request) -> Response:
    """Return a constant answer."""
    return Response(b'{"status":"ok"}', media_type=JSON)


async def starlette_predict(request: Request) -> Response:
    """Validate, ask the model in a thread, and answer."""
    try:
        features = Features.model_validate_json(await request.body())
    except ValidationError as error:
        return Response(error.json(include_input=False), 422, media_type=JSON)
    prediction = await run_in_threadpool(iris.predict, features)
    return Response(prediction.model_dump_json(), media_type=JSON)


def starlette() -> Starlette:
    """Return Starlette, with Pydantic called by hand."""
    iris.session()
    return Starlette(
        routes=[
            Route("/health", starlette_health),
            Route("/predict", starlette_predict, methods=["POST"]),
        ]
    )
