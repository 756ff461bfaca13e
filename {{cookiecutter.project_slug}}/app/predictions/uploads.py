"""The routes of a model that is asked about a file: they take a form. Others have no such route."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request, Response

from app.kit.forms import encoders_of, form_reader
from app.kit.problems import problems
from app.predictions import service
from app.predictions.dependencies import PredictionStoreDep
from app.predictions.schemas import Prediction, StoredPrediction, schemas_of
from app.serving.batching import BatchingModel
from app.serving.served import Served
from app.state import model_getter


def add_uploads(router: APIRouter, served: Served[Any, Any]) -> None:
    """Add the routes, if a feature of the model can be uploaded."""
    if not encoders_of(served.features):
        return
    schemas, refused = schemas_of(served), problems(400, 413)
    get_model = model_getter(served.name)
    question: Any = Annotated[served.features, Depends(form_reader(served.features))]

    @router.post("/predict/upload", response_model=schemas.prediction, responses=refused)
    async def predict_upload(
        features: question,
        model: Annotated[BatchingModel[Any, Any], Depends(get_model)],
        request: Request,
    ) -> Prediction:
        """Predict for what a form has, and keep no record."""
        return await service.predict(model, features, request.receive)

    @router.post(
        "/predictions/upload", status_code=201, response_model=schemas.stored, responses=refused
    )
    async def create_prediction_upload(
        features: question,
        model: Annotated[BatchingModel[Any, Any], Depends(get_model)],
        store: PredictionStoreDep,
        request: Request,
        response: Response,
    ) -> StoredPrediction:
        """Predict for what a form has, and keep the prediction; `Location` is its address."""
        stored = await service.predict_and_store(model, store, features, request.receive)
        response.headers["Location"] = f"{router.prefix}/predictions/{stored.id}"
        return stored
