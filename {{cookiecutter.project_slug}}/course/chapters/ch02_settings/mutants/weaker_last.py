"""Lets `.env` beat the environment's own file. Rejected by: app-env."""

# file: app/kit/settings.py


def env_files() -> tuple[Path, ...]:
    """Return the files that are read; the last one wins."""
    chosen = lookup("APP_ENV", os.environ, read_file(Path(".env"))) or "dev"
    return (Path(f".env.{chosen}"), Path(".env"))
