"""Lets `.env` beat the environment's own file. Rejected by: app-env."""

# file: app/kit/settings.py


def env_files() -> tuple[Path, ...]:
    """The files that are read, the stronger one last."""
    chosen = os.environ.get("APP_ENV") or dotenv_values(".env").get("APP_ENV") or "dev"
    return (Path(f".env.{chosen}"), Path(".env"))
