"""The prediction routes of a model: parse, call the service, answer.

They are made for each model, as what they take and answer is the model's own.
"""

from functools import partial
from typing import Annotated, Any, cast
from uuid import UUID

from fastapi import APIRouter, Depends, Request, Response
from fastapi.routing import APIRoute
from pydantic_core import to_json

from app.kit.forms import encoders_of, form_reader
from app.kit.mount import Router
from app.kit.pagination import Cursor, Limit
from app.kit.problems import problems
from app.predictions import service
from app.predictions.schemas import OlderPrediction, Prediction, StoredPrediction, schemas_of
from app.predictions.store import PredictionStore
from app.security import ApiKeyRequired
from app.serving.batching import BatchingModel
from app.serving.rows import for_each, row_or_rows
from app.serving.served import Served
from app.state import app_state, model_getter

ONE, UPLOAD = "/predictions/{prediction_id}", "/upload"


async def get_predictions(request: Request) -> PredictionStore:
    """Return the store that the lifespan opened."""
    return app_state(request)["predictions"]


PredictionStoreDep = Annotated[PredictionStore, Depends(get_predictions)]


def build_router(
    served: Served[Any, Any], most_rows: int, prefix: str, suffix: str = ""
) -> APIRouter:
    """Return the routes of a model; their names, which a generated client has, end in `suffix`."""
    router = Router(
        prefix=prefix,
        tags=["predictions"],
        dependencies=[ApiKeyRequired],
        responses=problems(401, 422, 503),
    )
    question = row_or_rows(served.features, most_rows)
    add_predict(router, served, question)
    add_create(router, served, question)
    if encoders_of(served.features):  # files, which a form can have
        form: Any = Annotated[served.features, Depends(form_reader(served.features))]
        add_predict(router, served, form, UPLOAD)
        add_create(router, served, form, UPLOAD)
    add_records(router, served)
    for route in cast("list[APIRoute]", router.routes):
        route.name += "_upload" * route.path.endswith(UPLOAD) + suffix
    return router


def add_predict(router: APIRouter, served: Served[Any, Any], question: Any, way: str = "") -> None:  # noqa: ANN401
    """Add the route that asks the model."""
    get_model, answer = model_getter(served.name), schemas_of(served).prediction
    either: Any = answer if way else answer | list[answer]  # type: ignore[valid-type]
    refused = problems(400, 413)

    @router.post(f"/predict{way}", response_model=either, responses=refused)
    async def predict(
        question: question,
        model: Annotated[BatchingModel[Any, Any], Depends(get_model)],
        request: Request,
    ) -> Prediction | list[Prediction]:
        """Predict for a row, or for each row of a list, and keep no record."""
        return await for_each(partial(service.predict, model), question, request.receive)


def add_create(router: APIRouter, served: Served[Any, Any], question: Any, way: str = "") -> None:  # noqa: ANN401
    """Add the route that asks the model and keeps the answer."""
    get_model, answer = model_getter(served.name), schemas_of(served).stored
    either: Any = answer if way else answer | list[answer]  # type: ignore[valid-type]
    refused = problems(400, 413)

    @router.post(f"/predictions{way}", status_code=201, response_model=either, responses=refused)
    async def create_prediction(
        question: question,
        model: Annotated[BatchingModel[Any, Any], Depends(get_model)],
        store: PredictionStoreDep,
        request: Request,
        response: Response,
    ) -> StoredPrediction | list[StoredPrediction]:
        """Predict and keep the prediction, or each of a list; `Location` is the address of one."""
        ask = partial(service.predict_and_store, model, store)
        stored = await for_each(ask, question, request.receive)
        if isinstance(stored, StoredPrediction):
            response.headers["Location"] = f"{router.prefix}/predictions/{stored.id}"
        return stored


def add_records(router: APIRouter, served: Served[Any, Any]) -> None:
    """Add the routes of what was kept, which is answered as it was stored: nothing checks it."""
    name, schemas, missing = served.name, schemas_of(served), problems(404)
    either = schemas.stored | OlderPrediction

    @router.get("/predictions", response_model=schemas.page, responses=missing)
    async def list_predictions(
        store: PredictionStoreDep, limit: Limit = 20, cursor: Cursor = None
    ) -> Response:
        """List the stored predictions, newest first."""
        found, next_cursor = await service.read_page(store, name, limit, cursor)
        items = [record.content for record in found]
        return as_stored({"items": items, "next_cursor": next_cursor})

    @router.get(ONE, response_model=either, responses=missing)
    async def read_prediction(prediction_id: UUID, store: PredictionStoreDep) -> Response:
        """Return a stored prediction."""
        return as_stored((await store.get(name, prediction_id)).content)

    @router.delete(ONE, status_code=204, responses=missing)
    async def remove_prediction(prediction_id: UUID, store: PredictionStoreDep) -> None:
        """Remove a stored prediction for good."""
        await store.remove(name, prediction_id)


def as_stored(content: dict[str, Any]) -> Response:
    """Return what was stored as JSON; FastAPI would read it by today's classes first."""
    return Response(to_json(content), media_type="application/json")
