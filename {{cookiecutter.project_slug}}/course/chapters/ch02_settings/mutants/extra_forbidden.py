"""Does not start if `.env` has another program's variable. Rejected by: env-file."""


class Settings:
    model_config = SettingsConfigDict(
        env_ignore_empty=True, extra="forbid", frozen=True, hide_input_in_errors=True
    )
