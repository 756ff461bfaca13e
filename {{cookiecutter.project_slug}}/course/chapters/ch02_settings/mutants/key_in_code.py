"""Has a key in the code, for anyone to read. Rejected by: defaults."""


class Settings:
    api_key: SecretStr | None = Field(
        SecretStr("iris-development-key-0000-1111-22"),
        description="What clients send as `X-API-Key`",
    )
