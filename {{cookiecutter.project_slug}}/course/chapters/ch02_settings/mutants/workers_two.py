"""Has a default of its own. Rejected by: defaults."""


class Settings:
    workers: int = Field(2, ge=1, le=64, description="How many processes serve")
