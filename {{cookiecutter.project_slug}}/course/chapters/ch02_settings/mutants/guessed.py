"""Falls back on the default if a value is wrong. Rejected by: refused."""

from typing import Any

from pydantic import ValidationError, ValidatorFunctionWrapHandler


class Settings:
    workers: int = Field(1, ge=1, le=64, description="How many processes serve")

    @field_validator("workers", mode="wrap")
    @classmethod
    def or_one(cls, value: Any, handler: ValidatorFunctionWrapHandler) -> Any:
        """Return the value, or 1."""
        try:
            return handler(value)
        except ValidationError:
            return 1
