"""Exits as if all were well when a setting is wrong. Rejected by: refused."""

# file: app/kit/settings.py

import sys


def load_settings(settings_class: type[SettingsT]) -> SettingsT:
    """Read and check the settings, or raise SettingsError: what is wrong, why, where it is set."""
    try:
        return settings_class(_env_file=env_files())
    except ValidationError as error:
        print(*explain(error.errors(include_input=False)), sep="\n")
        sys.exit(0)
