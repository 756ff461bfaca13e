"""The composition root: every part of the service is put together here, by name."""

from functools import partial

from fastapi import FastAPI, params
from fastapi.middleware.cors import CORSMiddleware

from app import health
from app.errors import install_error_handlers
from app.kit.docs import mount_docs
from app.kit.logs import configure_logs
from app.kit.middleware import RequestMiddleware
from app.kit.mount import mount
from app.kit.problems import document_problems
from app.kit.routes import read_headers, warn_without_temporary_folder
from app.kit.settings import load_settings
from app.kit.tuning import collect_garbage_less_often
from app.kit.watchdog.lifespan import with_watchdog
from app.lifespan import OpenModels, OpenStorage, lifespan
from app.predictions import model_router
from app.predictions import router as predictions
from app.predictions.outcomes import router as outcomes
from app.serving.opening import find_models, open_models
from app.settings import Settings

# {%- if cookiecutter.__showcases == "yes" +%}
from app.showcases import gallery

# {%- endif +%}
# {%- if cookiecutter.__course == "yes" +%}
from app.showcases.concurrency.router import router as concurrency
from app.showcases.lecture import mount_lecture

# {%- endif +%}
from app.storage.opening import open_storage
from app.tasks import router as tasks
from app.tasks.kinds.registry import KINDS, Kinds


def create_app(
    settings: Settings,
    *,
    kinds: Kinds = KINDS,
    open_models: OpenModels = open_models,
    open_storage: OpenStorage = open_storage,
) -> FastAPI:
    """Build the app from these settings; a test may pass fakes for the rest."""
    configure_logs()
    warn_without_temporary_folder()
    state = partial(lifespan, settings, kinds, open_models, open_storage)
    app = FastAPI(
        title="{{ cookiecutter.project_name }}",
        version="0.1.0",
        docs_url=None,
        redoc_url=None,
        openapi_url="/openapi.json" if settings.docs_enabled else None,
        redirect_slashes=False,
        # a generated client has a function `predict`, not `predict_v1_predict_post`
        generate_unique_id_function=lambda route: route.name,
        lifespan=lambda _: with_watchdog(state(), settings.loop_watchdog_ms),
    )
    mount_routers(app, settings)
    if settings.docs_enabled:
        mount_docs(app)
    install_error_handlers(app)
    document_problems(app)
    add_middleware(app, settings)
    return app


def mount_routers(app: FastAPI, settings: Settings) -> None:
    """Mount every route of the service."""
    mount(app, health.router)
    mount(app, model_router.router)
    models = find_models(settings)
    # the first model has short addresses as well
    places = [("/v1", ""), *((f"/v1/models/{m.name}", f"_{m.name}") for m in models)]
    for served, (prefix, suffix) in zip([models[0], *models], places, strict=True):
        mount(app, predictions.build_router(served, settings.model_max_rows, prefix, suffix))
        mount(app, outcomes.build_router(served, prefix, suffix))
    with_tasks: list[params.Depends] = []  # what a request about tasks does besides
    # {% if cookiecutter.__showcases == "yes" %}
    with_tasks += gallery.mount_showcases(app, settings)
    # {% endif %}
    # {% if cookiecutter.__course == "yes" %}
    mount(app, concurrency)
    mount_lecture(app)
    # {% endif %}
    mount(app, tasks.build_router(settings.task_upload_bytes), dependencies=with_tasks)


def add_middleware(app: FastAPI, settings: Settings) -> None:
    """Add the layer around the routes, inside which CORS headers are added."""
    cors = partial(
        CORSMiddleware,
        allow_origins=settings.cors_origins,
        allow_methods=["GET", "POST", "PUT", "DELETE"],
        allow_headers=["Content-Type", "X-API-Key", "X-Request-ID", *read_headers(app.routes)],
        expose_headers=["Location", "Retry-After", "X-Request-ID"],
    )
    app.add_middleware(
        RequestMiddleware,
        allowed_hosts=settings.allowed_hosts,
        access_log=settings.access_log,
        max_body_size=settings.max_body_bytes,
        open_paths=f"{health.router.prefix}/",
        cors=cors if settings.cors_origins else None,
    )


collect_garbage_less_often()
app = create_app(load_settings(Settings))
