"""What the model is asked: what was noted about a penguin, with gaps where nothing was.

Each feature is an input of the graph: numbers are floats, with NaN for a gap; texts have "".
"""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field


def measured(unit: str, most: float, example: float) -> object:
    """Return the rule for a number in this unit: more than nothing, and at most `most`."""
    return Field(
        gt=0,
        le=most,
        strict=True,
        allow_inf_nan=False,
        examples=[example],
        json_schema_extra={"unit": unit},
    )


class Penguin(BaseModel):
    """An adult penguin of the Palmer Archipelago. What is not known is null, or left out."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    island: Literal["Biscoe", "Dream", "Torgersen"] = Field(examples=["Torgersen"])
    bill_length_mm: Annotated[float | None, measured("mm", 200, 39.1)] = None
    bill_depth_mm: Annotated[float | None, measured("mm", 100, 18.7)] = None
    flipper_length_mm: Annotated[float | None, measured("mm", 500, 181)] = None
    body_mass_g: Annotated[float | None, measured("g", 20_000, 3750)] = None
    sex: Literal["female", "male"] | None = Field(None, examples=["male"])
