"""Names the variable the pydantic 2 way, and raises a plain `ValueError`."""


class Settings:
    port: int = Field(
        8000, validation_alias="PORT", ge=1, le=65535, description="The port to listen on"
    )
    workers: int = Field(
        1, validation_alias="WORKERS", ge=1, le=64, description="How many processes serve"
    )

    @model_validator(mode="after")
    def demand_a_key(self) -> Self:
        """Demand a key, except in development on this machine alone."""
        key = self.api_key.get_secret_value() if self.api_key else ""
        if self.app_env != "dev" and (len(key) < SHORTEST_KEY or key.startswith("change-me")):
            raise ValueError(OWN_KEY)
        if not key and self.host not in LOOPBACK:
            raise ValueError(ANY_KEY)
        return self
