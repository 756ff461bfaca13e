"""The apps that `benchmarks.http_cost` compares; uvicorn starts each in a process of its own.

Those that need the generated project run in its folder, where `app` is its package.
"""

import gc
from typing import Literal

from fastapi import APIRouter, FastAPI
from pydantic import BaseModel

LAST = "/v1x/last"


class Live(BaseModel):
    """What the generated project's `/health/live` answers."""

    status: Literal["ok"] = "ok"


LIVE = Live()


async def answer_live() -> Live:
    """Answer every route that returns `Live`."""
    return LIVE


def bare_live() -> FastAPI:
    """Return the yardstick of the GETs: FastAPI as it comes, with one typed route."""
    app = FastAPI()
    app.get("/health/live")(answer_live)
    return app


def last_router() -> APIRouter:
    """Return a router for one more feature, with a prefix and a tag like the others."""
    router = APIRouter(prefix="/v1x", tags=["last"])
    router.get("/last")(answer_live)
    return router


def last_mounted() -> FastAPI:
    """Return the generated app with one more router, mounted after all others in the same way."""
    from app.kit.mount import mount  # type: ignore[import-not-found]
    from app.kit.settings import load_settings  # type: ignore[import-not-found]
    from app.main import create_app  # type: ignore[import-not-found]
    from app.settings import Settings  # type: ignore[import-not-found]

    app: FastAPI = create_app(load_settings(Settings))
    mount(app, last_router())
    return app


def last_searched() -> FastAPI:
    """Return the same without the table of fixed paths: routes are tried one after the other."""
    app = last_mounted()
    del app.router.routes[0]
    return app


def last_included() -> FastAPI:
    """Return the same, with the router included in FastAPI's own way."""
    from app.kit.settings import load_settings
    from app.main import create_app
    from app.settings import Settings

    app: FastAPI = create_app(load_settings(Settings))
    app.include_router(last_router())
    return app


def collected_often() -> FastAPI:
    """Return the generated app, whose garbage is collected at Python's own pace."""
    pace = gc.get_threshold()
    from app.kit.settings import load_settings
    from app.main import create_app
    from app.settings import Settings

    gc.set_threshold(*pace)
    app: FastAPI = create_app(load_settings(Settings))
    return app


def bare_predict() -> FastAPI:
    """Return the yardstick of the POST: same model, schemas and rules in one plain `def` route."""
    from app.kit.settings import load_settings
    from app.models.iris.features import Features  # type: ignore[import-not-found]
    from app.predictions.schemas import schemas_of  # type: ignore[import-not-found]
    from app.serving.opening import open_models  # type: ignore[import-not-found]
    from app.serving.unseen import unseen  # type: ignore[import-not-found]
    from app.settings import Settings

    app = FastAPI()
    model = open_models(load_settings(Settings)).first
    prediction = schemas_of(model.served).prediction

    @app.post("/v1/predict", response_model=prediction)
    def predict(features: Features) -> object:
        [answer] = model.predict([features])
        return prediction(
            **vars(answer),
            model_version=model.card.version,
            warnings=list(unseen(model.card, features)),
        )

    return app
