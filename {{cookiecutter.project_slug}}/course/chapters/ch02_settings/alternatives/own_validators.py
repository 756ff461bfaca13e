"""With validators of one's own."""

from pydantic import ValidationInfo


class Settings:
    app_env: str = Field("dev", description="Where it runs")
    port: int = Field(8000, description="The port to listen on")
    workers: int = Field(1, description="How many processes serve")

    @field_validator("app_env")
    @classmethod
    def known(cls, value: str) -> str:
        """One of three."""
        if value not in ("dev", "staging", "prod"):
            raise ValueError("one of dev, staging and prod")
        return value

    @field_validator("port", "workers")
    @classmethod
    def bounded(cls, value: int, info: ValidationInfo) -> int:
        """From 1 to as much as there can be."""
        if not 1 <= value <= {"port": 65_535, "workers": 64}[str(info.field_name)]:
            raise ValueError("too small, or too large")
        return value
