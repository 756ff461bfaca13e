"""What the model is asked: a picture."""

from typing import Annotated

from pydantic import AfterValidator, Base64Bytes, BaseModel, ConfigDict, Field
from pydantic_core import PydanticCustomError

from app.models.digits.picture import as_pixels

# an image of the training data, 8 by 8 pixels, white on black
SEVEN = (
    "iVBORw0KGgoAAAANSUhEUgAAAAgAAAAICAAAAADhZOFXAAAARUlEQVR4nCXGQRVAMAAA0M9znwZE0IAGNLEGIsggAU2m"
    "yUjAYaf/K9Z2GZ6+xhOv+wVbChrjJFoOujPnEfjm4p5DSZrhB4Y6EAlqM+StAAAAAElFTkSuQmCC"
)


def check_picture(content: bytes) -> bytes:
    """Refuse a file that the model could not read, and say what is wrong with it."""
    try:
        as_pixels(content)
    except ValueError as error:
        raise PydanticCustomError("picture", "{fault}", {"fault": str(error)}) from None
    return content


Picture = Annotated[Base64Bytes, AfterValidator(check_picture)]


class Drawing(BaseModel):
    """A PNG of one digit, at most 256 pixels wide and high; dark on light or light on dark."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    image: Picture = Field(description="In JSON and CSV as base64", examples=[SEVEN])
