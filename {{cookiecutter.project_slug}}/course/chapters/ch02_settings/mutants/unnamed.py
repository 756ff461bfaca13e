"""Says that something is wrong, but not what. Rejected by: refused."""

# file: app/kit/settings.py


def load_settings(settings_class: type[SettingsT]) -> SettingsT:
    """Read and check the settings, or raise SettingsError: what is wrong, why, where it is set."""
    try:
        return settings_class(_env_file=env_files())
    except ValidationError:
        raise SettingsError("The settings are not valid.") from None
