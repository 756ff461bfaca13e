"""What the model is asked: a text."""

from pydantic import BaseModel, ConfigDict, Field


class Text(BaseModel):
    """A text of a few words or more, in one of the languages that the model's card lists."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    text: str = Field(min_length=1, max_length=2_000, examples=["오늘은 날씨가 좋네요"])
