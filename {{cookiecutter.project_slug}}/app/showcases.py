"""The showcase routes, each of which teaches one idea, mounted on the app by name."""

from fastapi import FastAPI

from app.concurrency import handlers
from app.concurrency import router as concurrency
from app.concurrency.settings import ConcurrencySettings
from app.concurrency.threads import limit_threads

# {%- if cookiecutter.edition == "course" +%}
from app.lecture import mount_lecture

# {%- endif +%}
from app.mount import mount
from app.settings import Settings, load_settings


def mount_showcases(app: FastAPI, settings: Settings) -> None:
    """Mount every showcase; SettingsError when one of their own settings is wrong."""
    # {% if cookiecutter.edition == "course" %}
    mount_lecture(app)
    # {% endif %}
    mount(app, concurrency.router, max_body_size=settings.max_body_bytes)
    mount(app, handlers.router)
    limit_threads(app, load_settings(ConcurrencySettings).thread_tokens)
