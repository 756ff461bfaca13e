"""Uses validators of its own."""

from pydantic import ValidationInfo


class Settings:
    app_env: str = Field("dev", description="Where it runs")
    port: int = Field(8000, description="The port to listen on")
    workers: int = Field(1, description="How many processes serve")

    @field_validator("app_env")
    @classmethod
    def known(cls, value: str) -> str:
        """Return the value, or raise ValueError if it is not one of the three."""
        if value not in ("dev", "staging", "prod"):
            raise ValueError("one of dev, staging and prod")
        return value

    @field_validator("port", "workers")
    @classmethod
    def bounded(cls, value: int, info: ValidationInfo) -> int:
        """Return the value, or raise ValueError if it is not from 1 to its maximum."""
        if not 1 <= value <= {"port": 65_535, "workers": 64}[str(info.field_name)]:
            raise ValueError("too small, or too large")
        return value
