"""Leaves pydantic's messages as they are, which quote. Rejected by: quoted."""


class Settings:
    model_config = SettingsConfigDict(env_ignore_empty=True, extra="ignore", frozen=True)
