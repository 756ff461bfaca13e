"""Reads `.env` alone. Rejected by: app-env."""


def env_files() -> tuple[Path, ...]:
    """The files that are read, the stronger one last."""
    return (Path(".env"),)
