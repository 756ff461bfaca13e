"""The model's features, by name, with the bounds of what can be true.

The bounds come from the domain (no petal has a negative width, or one of a metre) and are written
by hand. The ranges that the model saw in training are narrower; they are in its card.
"""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

# strict: neither "5.1" nor true is a number; and NaN and Infinity are not lengths
Centimetres = Annotated[
    float,
    Field(gt=0, le=30, strict=True, allow_inf_nan=False, json_schema_extra={"unit": "cm"}),
]


class Features(BaseModel):
    """The four lengths of one iris flower, in centimetres, in the order the model takes them."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    sepal_length_cm: Centimetres = Field(description="Length of the outer leaf", examples=[5.1])
    sepal_width_cm: Centimetres = Field(description="Width of the outer leaf", examples=[3.5])
    petal_length_cm: Centimetres = Field(description="Length of the inner leaf", examples=[1.4])
    petal_width_cm: Centimetres = Field(description="Width of the inner leaf", examples=[0.2])
