"""The composition root: every part of the service is put together here, by name."""

import gc

from fastapi import FastAPI
from fastapi.middleware.cors import CORSMiddleware

from app import health
from app.docs import mount_docs
from app.errors import document_problems, install_error_handlers
from app.lifespan import lifespan
from app.logs import configure_logs
from app.middleware import RequestMiddleware
from app.model import router as model
from app.mount import mount
from app.predictions import router as predictions
from app.settings import Settings, load_settings

# {%- if cookiecutter.showcases == "all" or cookiecutter.edition == "course" +%}
from app.showcases import mount_showcases

# {%- endif +%}
from app.tasks import router as tasks
from app.watchdog.lifespan import watched


def create_app(settings: Settings) -> FastAPI:
    """The whole service, for these settings."""
    configure_logs()
    app = FastAPI(
        title="{{ cookiecutter.project_name }}",
        version="0.1.0",
        docs_url=None,
        redoc_url=None,
        openapi_url="/openapi.json" if settings.docs_enabled else None,
        redirect_slashes=False,
        lifespan=lambda _: watched(lifespan(settings), settings),
    )
    mount(app, health.router)
    mount(app, model.router)
    mount(app, predictions.stateless_router, max_body_size=settings.max_body_bytes)
    mount(app, predictions.router, max_body_size=settings.max_body_bytes)
    mount(app, tasks.upload_router, max_body_size=settings.task_upload_bytes)
    mount(app, tasks.router, max_body_size=settings.max_body_bytes)
    # {% if cookiecutter.showcases == "all" or cookiecutter.edition == "course" %}
    mount_showcases(app, settings)
    # {% endif %}
    if settings.docs_enabled:
        mount_docs(app)
    install_error_handlers(app)
    document_problems(app)
    add_middleware(app, settings)
    return app


def add_middleware(app: FastAPI, settings: Settings) -> None:
    """The layers around the routes; the last one added is the outermost."""
    if settings.cors_origins:
        app.add_middleware(
            CORSMiddleware,
            allow_origins=settings.cors_origins,
            allow_methods=["GET", "POST", "DELETE"],
            allow_headers=["Content-Type", "X-API-Key", "X-Request-ID", "Idempotency-Key"],
            expose_headers=["Location", "Retry-After", "X-Request-ID"],
        )
    app.add_middleware(RequestMiddleware, settings=settings)


# A request makes many objects and few cycles. As Python comes, it looks for cycles so often that
# 32 users pay 7 % more for a prediction.
gc.set_threshold(10_000, 20, 20)

app = create_app(load_settings(Settings))
