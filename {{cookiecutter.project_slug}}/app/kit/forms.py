"""A form with files, as browsers and curl send it, read as a Pydantic model.

A field of encoded bytes, such as Pydantic's `Base64Bytes`, is a text in JSON, and an upload in the
form. The other fields are texts, which mean what they mean in a CSV.
"""

from collections.abc import Awaitable, Callable
from copy import copy
from typing import Annotated, Any, get_args

from fastapi import File, UploadFile
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, ConfigDict, Field, WrapValidator, create_model
from pydantic.fields import FieldInfo
from pydantic.types import EncodedBytes, EncoderProtocol

from app.kit.columns import CellError, Column, Columns

Encoder = type[EncoderProtocol]


def encoders_of(features: type[BaseModel]) -> dict[str, Encoder]:
    """Return the encoder of each field that can be uploaded."""
    found = {
        name: encoder_in((field.annotation, *field.metadata))
        for name, field in features.model_fields.items()
    }
    return {name: encoder for name, encoder in found.items() if encoder}


def encoder_in(parts: tuple[Any, ...]) -> Encoder | None:
    """Return the first encoder in the parts of an annotation, or in their own parts."""
    for part in parts:
        found = part.encoder if isinstance(part, EncodedBytes) else encoder_in(get_args(part))
        if found:
            return found
    return None


def form_reader(features: type[BaseModel]) -> Callable[..., Awaitable[BaseModel]]:
    """Return the dependency that reads the model from a form; a 422 says what breaks a rule."""
    encoders, columns = encoders_of(features), Columns(features)
    keys = {name: Column(name, field).name for name, field in features.model_fields.items()}
    described: Any = Annotated[form_of(features), File()]

    async def read_form(form: described) -> BaseModel:
        texts = {}
        for name in form.model_fields_set:
            value, encoder = getattr(form, name), encoders.get(name)
            texts[keys[name]] = encoder.encode(await value.read()).decode() if encoder else value
        try:
            return columns.parse(texts)
        except CellError as error:
            details = [{**item, "loc": ("body", *item["loc"])} for item in error.errors]
            raise RequestValidationError(details) from None

    return read_form


def form_of(features: type[BaseModel]) -> type[BaseModel]:
    """Derive the class that describes the form."""
    encoders = encoders_of(features)
    fields: dict[str, Any] = {
        name: as_upload(field) if name in encoders else as_text(field)
        for name, field in features.model_fields.items()
    }
    extra = features.model_config.get("extra")
    name, config = f"{features.__name__}Form", ConfigDict(extra=extra)
    return create_model(name, __config__=config, __doc__=features.__doc__, **fields)


def as_upload(field: FieldInfo) -> tuple[Any, Any]:
    """Return the type and the field of a file."""
    binary = Field(
        ... if field.is_required() else None,
        validation_alias=field.validation_alias,
        description=field.description,
        json_schema_extra={"format": "binary"},  # what generators of clients look for
    )
    return UploadFile if field.is_required() else UploadFile | None, binary


def as_text(field: FieldInfo) -> tuple[Any, Any]:
    """Return the same field, but leave its value unchecked: the model itself checks it."""

    def keep(value: object, _: object) -> object:
        return value

    kept = copy(field)
    kept.metadata = [*field.metadata, WrapValidator(keep)]
    return kept.annotation, kept
