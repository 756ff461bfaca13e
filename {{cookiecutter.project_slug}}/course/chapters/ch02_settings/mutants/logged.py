"""Logs the settings at the start. Rejected by: secret."""


class Settings:
    @model_validator(mode="after")
    def demand_a_key(self) -> Self:
        """Demand a key, except in development on this machine alone."""
        key = self.api_key.get_secret_value() if self.api_key else ""
        print("starting with", self.app_env, self.host, self.port, key, file=sys.stderr)
        if self.app_env != "dev" and (len(key) < SHORTEST_KEY or key.startswith("change-me")):
            raise PydanticCustomError("api_key", OWN_KEY)
        if not key and self.host not in LOOPBACK:
            raise PydanticCustomError("api_key", ANY_KEY)
        return self
