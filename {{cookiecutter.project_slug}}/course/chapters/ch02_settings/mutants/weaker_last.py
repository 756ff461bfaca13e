"""Lets `.env` beat the environment's own file. Rejected by: app-env."""

# file: app/kit/settings.py


def env_files() -> tuple[Path, ...]:
    """Return the files that are read; the last one wins."""
    chosen = os.environ.get("APP_ENV") or dotenv_values(".env").get("APP_ENV") or "dev"
    return (Path(f".env.{chosen}"), Path(".env"))
