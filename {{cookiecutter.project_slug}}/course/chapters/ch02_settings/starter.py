class ShownKey(SecretStr):
    """A key that shows itself in every text: it works, but it is not what you want."""

    def __str__(self) -> str:
        """Return the key itself."""
        return self.get_secret_value()

    __repr__ = __str__


class Settings:
    model_config = SettingsConfigDict(
        # 5. Pydantic's own message about a wrong setting quotes the values. Hide them.
        env_ignore_empty=True,
        extra="ignore",
        frozen=True,
    )
    app_env: str = Field(
        # 1. One of the words dev, staging and prod, and no other.
        "dev",
        description="Where it runs",
    )
    port: int = Field(
        # 2. A port is a number from 1 to 65535,
        8000,
        description="The port to listen on",
    )
    workers: int = Field(
        # 2. and there are 1 to 64 processes.
        1,
        description="How many processes serve",
    )
    api_key: ShownKey | None = Field(
        # 3. Use a type that keeps the key out of every text; then remove the class above.
        None,
        description="What clients send as `X-API-Key`",
    )
    docs_enabled: str = Field(
        # 4. Yes or no. "false" is a string, and every string but "" counts as yes.
        "true",
        description="Serve the interactive pages, /docs",
    )


# file: app/kit/settings.py


def env_files() -> tuple[Path, ...]:
    """Return the files that are read; the last one wins."""
    # 6. APP_ENV decides on the second file, which beats the first: `.env.prod`, say.
    #    APP_ENV is set in the environment, or else in `.env`; otherwise it is dev.
    return (Path(".env"),)
