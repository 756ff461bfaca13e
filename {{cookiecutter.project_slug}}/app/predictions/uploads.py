"""The routes of a model that is asked about a file: they take a form, as browsers and curl send it.

A feature of encoded bytes, such as Pydantic's `Base64Bytes`, is a text in JSON; in a form it is an
upload. Other features are the form's fields. A model without such a feature has no such route.
"""

from collections.abc import Awaitable, Callable
from copy import copy
from typing import Annotated, Any, get_args

from fastapi import APIRouter, Depends, File, Request, Response, UploadFile
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, ConfigDict, Field, WrapValidator, create_model
from pydantic.fields import FieldInfo
from pydantic.types import EncodedBytes, EncoderProtocol

from app.kit.problems import problems
from app.predictions import service
from app.predictions.dependencies import PredictionStoreDep
from app.predictions.schemas import Prediction, StoredPrediction, schemas_of
from app.serving.batching import BatchingModel
from app.serving.columns import CellError, Columns
from app.serving.examples import key_of
from app.serving.served import Served
from app.state import model_getter

Encoder = type[EncoderProtocol]


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


def encoders_of(features: type[BaseModel]) -> dict[str, Encoder]:
    """Return what encodes the bytes of each feature that can be uploaded."""
    found = {
        name: encoder_in((field.annotation, *field.metadata))
        for name, field in features.model_fields.items()
    }
    return {name: encoder for name, encoder in found.items() if encoder}


def encoder_in(parts: tuple[Any, ...]) -> Encoder | None:
    """Return the first encoder in the parts of an annotation, or in theirs."""
    for part in parts:
        found = part.encoder if isinstance(part, EncodedBytes) else encoder_in(get_args(part))
        if found:
            return found
    return None


def form_reader(features: type[BaseModel]) -> Callable[..., Awaitable[BaseModel]]:
    """Return the dependency that reads the features from a form."""
    encoders, fields, columns = encoders_of(features), features.model_fields, Columns(features)
    described: Any = Annotated[form_of(features), File()]

    async def read_form(form: described) -> BaseModel:
        values = {}
        for name in form.model_fields_set:
            value, encoder = getattr(form, name), encoders.get(name)
            text = encoder.encode(await value.read()).decode("ascii") if encoder else value
            values[key_of(name, fields[name])] = text
        try:
            return columns.parse(values)
        except CellError as error:
            details = [{**item, "loc": ("body", *item["loc"])} for item in error.errors]
            raise RequestValidationError(details) from None

    return read_form


def form_of(features: type[BaseModel]) -> type[BaseModel]:
    """Derive what describes the form."""
    encoders = encoders_of(features)
    fields: dict[str, Any] = {
        name: as_upload(field) if name in encoders else as_text(field)
        for name, field in features.model_fields.items()
    }
    extra = features.model_config.get("extra")
    name, config = f"{features.__name__}Form", ConfigDict(extra=extra)
    return create_model(name, __config__=config, __doc__=features.__doc__, **fields)


def as_upload(field: FieldInfo) -> tuple[Any, Any]:
    """Return the type and the rest of a field that is a file."""
    binary = Field(
        ... if field.is_required() else None,
        validation_alias=field.validation_alias,
        description=field.description,
        json_schema_extra={"format": "binary"},  # what generators of clients look for
    )
    return UploadFile if field.is_required() else UploadFile | None, binary


def as_text(field: FieldInfo) -> tuple[Any, Any]:
    """Return the same field, whose value is left as it is: the features themselves check it."""

    def keep(value: object, _: object) -> object:
        return value

    kept = copy(field)
    kept.metadata = [*field.metadata, WrapValidator(keep)]
    return kept.annotation, kept
