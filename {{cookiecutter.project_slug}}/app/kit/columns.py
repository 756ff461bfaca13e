"""How texts become the features of a model: the cells of a CSV, or the fields of a form."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Annotated, Any

from pydantic import BaseModel, TypeAdapter, ValidationError
from pydantic.fields import FieldInfo

NUMBERS, CHOICES = {"number", "integer"}, {"enum", "const"}
ENCODED = {"base64", "base64url"}


class CellError(ValueError):
    """A cell breaks the rules of its feature; the message says the first thing that is wrong."""

    def __init__(self, errors: Iterable[Mapping[str, Any]], *column: str) -> None:
        self.errors = [{**error, "loc": (*column, *error["loc"])} for error in errors]
        first = self.errors[0]
        super().__init__(f"{'.'.join(map(str, first['loc']))}: {first['msg']}.")


class Column:
    """A feature, as a column of texts: a list or an object in it is JSON."""

    def __init__(self, name: str, field: FieldInfo) -> None:
        alias = field.validation_alias
        self.name = alias if isinstance(alias, str) else name
        self.required = field.is_required()
        annotation: Any = Annotated[field.annotation, *field.metadata, "a column"]
        self._adapter = TypeAdapter[Any](annotation)
        found = list(kinds(self._adapter.json_schema()))
        types = {kind.get("type") for kind in found}
        self.nullable = "null" in types
        self.is_number = bool(types & NUMBERS) and "string" not in types
        # Pydantic would compare a text with the numbers that are allowed
        numbered = any(kind.get("type") in NUMBERS and kind.keys() & CHOICES for kind in found)
        # if it were decoded here, it would be decoded again with the whole row
        self._is_encoded = any(kind.get("format") in ENCODED for kind in found)
        self._is_json = bool(types & {"array", "object"}) or numbered

    @property
    def is_plain(self) -> bool:
        """Whether it is a number that is always there."""
        return self.required and self.is_number and not (self.nullable or self._is_json)

    def value(self, text: str) -> object:
        """Return what a text means, or raise ValidationError."""
        if self._is_encoded:
            return text
        if self._is_json:
            return self._adapter.validate_json(text)
        return self._adapter.validate_strings(text)


def kinds(schema: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield what a JSON schema allows, through references and alternatives."""
    definitions = schema.get("$defs", {})
    waiting = [schema]
    while waiting:
        one = waiting.pop()
        if name := one.get("$ref", "").removeprefix("#/$defs/"):
            waiting.append(definitions[name])
        waiting += [*one.get("anyOf", ()), *one.get("oneOf", ())]
        yield one


class Columns:
    """The features of a model: which columns there must be, and what a row of texts means."""

    def __init__(self, features: type[BaseModel]) -> None:
        self._features = features
        # without the method around it, which takes as long as this does
        self._read: Any = features.__pydantic_validator__.validate_strings
        found = [Column(name, field) for name, field in features.model_fields.items()]
        self._columns = {column.name: column for column in found}
        self.names = list(self._columns)
        self.required = {column.name for column in found if column.required}
        self.numbers = {column.name for column in found if column.is_number}
        # plain numbers only, the usual case: Pydantic takes the whole row at once, which is faster
        self._at_once = all(column.is_plain for column in found)

    def parse(self, texts: Mapping[str, str]) -> BaseModel:
        """Return the features, or raise CellError; an empty text is a missing value."""
        if "_" in "".join(texts.values()):
            self._refuse_underscores(texts)
        try:
            if self._at_once:
                read: BaseModel = self._read(texts)
                return read
            return self._features.model_validate(dict(self._values(texts)))
        except ValidationError as error:
            raise CellError(details(error)) from None

    def _refuse_underscores(self, texts: Mapping[str, str]) -> None:
        for name, text in texts.items():
            if "_" in text and self._columns[name].is_number:  # 1_0 is 10 for Pydantic
                fault = {"type": "number", "loc": (name,), "msg": "a number has no underscore"}
                raise CellError([fault])

    def _values(self, texts: Mapping[str, str]) -> Iterator[tuple[str, object]]:
        for name, text in texts.items():
            column = self._columns[name]
            if text.strip():
                try:
                    yield name, column.value(text)
                except ValidationError as error:
                    raise CellError(details(error), name) from None
            elif column.nullable:
                yield name, None
            elif column.required:
                yield name, text


def details(error: ValidationError) -> list[Any]:
    """Return the place and the rule of each error, and never a value."""
    return error.errors(include_url=False, include_context=False, include_input=False)
