"""What the model is asked: ten measurements of a patient, with the bounds of what can be true.

The data is that of Efron et al., "Least Angle Regression" (2004), which scikit-learn contains.
"""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field


def measured(unit: str, least: float, most: float, example: float) -> object:
    """Return the rule for a number in this unit, from `least` to `most`."""
    return Field(
        ge=least,
        le=most,
        strict=True,
        allow_inf_nan=False,
        examples=[example],
        json_schema_extra={"unit": unit},
    )


class Patient(BaseModel):
    """A patient at the first examination, in the order the model takes the measurements."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    age: Annotated[float, measured("years", 0, 120, 59)]
    sex: Literal[1, 2] = Field(description="The data does not say which is which", examples=[2])
    body_mass_index: Annotated[float, measured("kg/m2", 10, 100, 32.1)]
    blood_pressure: Annotated[float, measured("mmHg", 30, 200, 101)]
    cholesterol: Annotated[float, measured("mg/dl", 20, 1000, 157)]
    low_density_lipoproteins: Annotated[float, measured("mg/dl", 5, 900, 93.2)]
    high_density_lipoproteins: Annotated[float, measured("mg/dl", 5, 300, 38)]
    cholesterol_ratio: Annotated[float, measured("1", 1, 30, 4)]
    log_triglycerides: Annotated[float, measured("log(mg/dl)", 1, 10, 4.8598)]
    glucose: Annotated[float, measured("mg/dl", 20, 1000, 87)]
