"""What the cells of a CSV mean, for each type that a feature may have."""

import warnings
from datetime import date
from decimal import Decimal
from enum import Enum
from typing import Annotated, Any, Literal

import pytest
from pydantic import Base64Bytes, Base64UrlBytes, BaseModel, Field, create_model

from app.kit.columns import CellError, Columns


class Place(BaseModel):
    """A feature that is a model itself."""

    x: float


class Colour(Enum):
    """A feature that is one of some."""

    RED = "red"


def value_of(annotation: Any, text: str) -> Any:  # noqa: ANN401
    """Return what a text means in a column of this type."""
    features = create_model("F", value=annotation)
    with warnings.catch_warnings(action="error"):
        parsed: Any = Columns(features).parse({"value": text})
    return parsed.value


@pytest.mark.parametrize(
    ("annotation", "text", "value"),
    [
        (float, " 5.0 ", 5.0),
        (Annotated[float, Field(strict=True, gt=0)], "5", 5.0),
        (int, "7", 7),
        (bool, "true", True),
        (str, "a_b", "a_b"),
        (str, "", ""),
        (Base64Bytes, "eA==", b"x"),
        (Base64UrlBytes | None, "_w==", b"\xff"),
        (Base64Bytes | None, "", None),
        (str | int, "a_b", "a_b"),
        (date, "2026-01-02", date(2026, 1, 2)),
        (Decimal, "1.50", Decimal("1.50")),
        (Colour, "red", Colour.RED),
        (Literal["a", "b"], "b", "b"),
        (Literal[1, 2], "2", 2),
        (Literal[1, 2] | None, "2", 2),
        (float | None, "", None),
        (float | None, "2.5", 2.5),
        ((str | None, None), "", None),
        ((float, 0.2), "", 0.2),
        (list[float], "[1, 2.5]", [1.0, 2.5]),
        (dict[str, int], '{"a": 1}', {"a": 1}),
        (Place, '{"x": 1}', Place(x=1)),
        (Place | None, '{"x": 1}', Place(x=1)),
        (Place | None, "", None),
        (Annotated[Place, Field(description="where")], '{"x": 1}', Place(x=1)),
        (list[Place], '[{"x": 1}]', [Place(x=1)]),
    ],
)
def test_what_a_text_means(annotation: Any, text: str, value: object) -> None:  # noqa: ANN401
    assert value_of(annotation, text) == value


@pytest.mark.parametrize(
    ("annotation", "text", "message"),
    [
        (float, "", "value: Input should be a valid number"),
        (float, "1_0", "value: a number has no underscore"),
        (float | None, "1_0", "value: a number has no underscore"),
        (Literal[1, 2], "3", "value: Input should be 1 or 2"),
        (list[float], "[1", "value: Invalid JSON"),
        (list[float], '["a"]', "value.0: Input should be a valid number"),
        (Place, "{}", "value.x: Field required"),
        (Annotated[float | None, Field(gt=0)], "-1", "value: Input should be greater than 0"),
    ],
)
def test_a_text_that_means_nothing_says_why(annotation: Any, text: str, message: str) -> None:  # noqa: ANN401
    with pytest.raises(CellError) as raised:
        value_of(annotation, text)
    assert str(raised.value).startswith(message)


@pytest.mark.parametrize("field", [Field(alias="the-x"), Field(validation_alias="the-x")])
def test_a_column_has_the_name_that_clients_use(field: Any) -> None:  # noqa: ANN401
    features = create_model("F", x=(float | None, field))
    with warnings.catch_warnings(action="error"):
        columns = Columns(features)
    assert columns.names == ["the-x"]
    parsed: Any = columns.parse({"the-x": "1"})
    assert parsed.x == 1
