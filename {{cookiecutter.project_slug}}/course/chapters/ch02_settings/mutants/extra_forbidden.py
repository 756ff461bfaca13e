"""Does not start when `.env` has a variable of another program. Rejected by: env-file."""


class Settings:
    model_config = SettingsConfigDict(
        env_ignore_empty=True, extra="forbid", frozen=True, hide_input_in_errors=True
    )
