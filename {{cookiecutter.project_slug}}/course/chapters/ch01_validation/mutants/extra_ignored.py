"""Ignores names that it does not know. Rejected by: names."""


class Features(BaseModel):
    """The four lengths of one iris flower, in centimetres, in the order the model takes them."""

    model_config = ConfigDict(frozen=True)

    sepal_length_cm: Centimetres = Field(description="Length of the outer leaf", examples=[5.1])
    sepal_width_cm: Centimetres = Field(description="Width of the outer leaf", examples=[3.5])
    petal_length_cm: Centimetres = Field(description="Length of the inner leaf", examples=[1.4])
    petal_width_cm: Centimetres = Field(description="Width of the inner leaf", examples=[0.2])
