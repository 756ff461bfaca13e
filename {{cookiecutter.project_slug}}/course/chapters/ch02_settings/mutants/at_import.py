"""Reads the settings when the module is imported. Rejected by: not-at-import."""

SETTINGS = load_settings(Settings)


def main() -> None:
    """Print the settings in force."""
    print(*report(SETTINGS), sep="\n")
