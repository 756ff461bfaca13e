Centimetres = Annotated[
    float,
    # 1. A length is more than 0 and at most 30 cm.
    # 2. Only a number is a number: neither "5.1" nor true, and not NaN or Infinity.
    Field(json_schema_extra={"unit": "cm"}),
]


class Features(BaseModel):
    """The four lengths of one iris flower, in centimetres, in the order the model takes them."""

    # 3. Refuse any name but these four: it is misspelt.
    model_config = ConfigDict(frozen=True)

    sepal_length_cm: Centimetres = Field(description="Length of the outer leaf", examples=[5.1])
    sepal_width_cm: Centimetres = Field(description="Width of the outer leaf", examples=[3.5])
    petal_length_cm: Centimetres = Field(description="Length of the inner leaf", examples=[1.4])
    # 4. Not every petal is 0.2 cm wide: without a width there must be no prediction.
    petal_width_cm: Centimetres = Field(0.2, description="Width of the inner leaf", examples=[0.2])
