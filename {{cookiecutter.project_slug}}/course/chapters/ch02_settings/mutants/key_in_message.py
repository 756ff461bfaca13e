"""Quotes in its message a key that is too short. Rejected by: quoted."""


class Settings:
    @model_validator(mode="after")
    def demand_a_key(self) -> Self:
        """Demand a key, except in development on this machine alone."""
        key = self.api_key.get_secret_value() if self.api_key else ""
        if self.app_env != "dev" and (len(key) < SHORTEST_KEY or key.startswith("change-me")):
            raise ValueError(f"API_KEY {key} is no key of your own")
        if not key and self.host not in LOOPBACK:
            raise PydanticCustomError("api_key", ANY_KEY)
        return self
