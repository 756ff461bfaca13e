"""Uses an enumeration, and named types for the bounds."""

from enum import StrEnum


class Place(StrEnum):
    """Where it runs."""

    DEV = "dev"
    STAGING = "staging"
    PROD = "prod"


Port = Annotated[int, Field(gt=0, lt=65_536)]
Workers = Annotated[int, Field(gt=0, lt=65)]


class Settings:
    app_env: Place = Field(Place.DEV, description="Where it runs")
    port: Port = Field(8000, description="The port to listen on")
    workers: Workers = Field(1, description="How many processes serve")
