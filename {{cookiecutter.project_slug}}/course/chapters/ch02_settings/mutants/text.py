"""Takes yes and no as strings, both of which count as yes. Rejected by: words."""


class Settings:
    docs_enabled: str = Field("true", description="Serve the interactive pages, /docs")
