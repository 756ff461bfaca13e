"""Names the variable the pydantic 1 way, which pydantic 2 ignores. Rejected by: env-file."""


class Settings:
    body_limit: int = Field(
        262_144, ge=1_024, le=2**27, env="MAX_BODY_BYTES", description="Largest body in bytes"
    )

    @property
    def max_body_bytes(self) -> int:
        """Largest body in bytes."""
        return self.body_limit
