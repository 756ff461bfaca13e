"""Keeps the key as a string, and out of `repr` only. Rejected by: secret."""


class Settings:
    api_key: str | None = Field(None, repr=False, description="What clients send as `X-API-Key`")

    @model_validator(mode="after")
    def demand_a_key(self) -> Self:
        """Demand a key, except in development on this machine alone."""
        key = self.api_key or ""
        if self.app_env != "dev" and (len(key) < SHORTEST_KEY or key.startswith("change-me")):
            raise PydanticCustomError("api_key", OWN_KEY)
        if not key and self.host not in LOOPBACK:
            raise PydanticCustomError("api_key", ANY_KEY)
        return self
