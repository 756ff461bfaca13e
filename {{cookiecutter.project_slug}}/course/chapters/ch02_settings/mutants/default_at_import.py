"""Looks into the environment for a default, at the import. Rejected by: not-at-import."""


class Settings:
    port: int = Field(
        int(os.environ.get("PORT", "8000")), ge=1, le=65535, description="The port to listen on"
    )
