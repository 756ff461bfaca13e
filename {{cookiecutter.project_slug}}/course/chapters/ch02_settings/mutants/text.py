"""Takes yes and no as texts, each of which counts as yes. Rejected by: words."""


class Settings:
    docs_enabled: str = Field("true", description="Serve the interactive pages, /docs")
