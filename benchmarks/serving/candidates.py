"""The rows of the tables: which alternative, how it is started, and what is asked of it.

All have one worker. LitServe and BentoML write no request log, nor does this project in its first
row; the generated projects are started as their own pages say.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Candidate:
    """A server to start."""

    name: str
    alternative: str
    arguments: Sequence[str]  # after the Python; with `{port}`
    settings: Mapping[str, str] = field(default_factory=dict)  # with `{redis}`, a port
    live: str = "/health"
    predict: str = "/predict"
    in_a_list: bool = False  # the request's JSON is a list of one


UVICORN = ["-m", "uvicorn", "--port", "{port}"]
BARE = [*UVICORN, "--factory", "--no-access-log", "--log-level", "warning"]
BARE_APP = "benchmarks.serving.apps.bare:"
LITSERVE_APP = ["-m", "benchmarks.serving.apps.litserve_app", "--port", "{port}"]
BENTOML_SERVE = ["-m", "bentoml", "serve", "--port", "{port}", "--host", "127.0.0.1"]
BENTOML_APP = [*BENTOML_SERVE, "benchmarks.serving.apps.bentoml_service:Iris"]
QUIET = {"ACCESS_LOG": "false"}


def ours(name: str, **settings: str) -> Candidate:
    """Return the generated service with some settings."""
    at = {"PORT": "{port}", **settings}
    return Candidate(name, "this", ["-m", "app"], at, "/health/live", "/v1/predict")


def litserve(name: str, **settings: str) -> Candidate:
    """Return LitServe with or without batches."""
    return Candidate(name, "LitServe", LITSERVE_APP, settings)


THIS, AS_IT_COMES = "this, its log off", "this, as it comes"
UNBATCHED = "this, log off, `MODEL_BATCH_SIZE=1`"
BENTO_SETTINGS = {"BENTOML_DO_NOT_TRACK": "True"}
RIVALS = [
    litserve("LitServe", BATCH="1"),
    litserve("LitServe, batches of 32, 2 ms", BATCH="32", BATCH_TIMEOUT="0.002"),
    litserve("LitServe, batches of 32, 10 ms", BATCH="32", BATCH_TIMEOUT="0.01"),
    Candidate("BentoML", "BentoML", BENTOML_APP, BENTO_SETTINGS, "/livez"),
    Candidate(
        "BentoML, adaptive batches of 32",
        "BentoML",
        BENTOML_APP,
        BENTO_SETTINGS,
        "/livez",
        "/predict_batch",
        in_a_list=True,
    ),
]
GENERATED = [
    Candidate(
        "fastapi-template",
        "fastapi-template",
        ["-m", "service"],
        {"SERVICE_PORT": "{port}"},
        "/api/health",
        "/api/predict",
    ),
    Candidate("fastapi-fastkit", "fastapi-fastkit", [*UVICORN, "src.main:app"]),
    Candidate("fastapi-new", "fastapi-new", ["-m", "fastapi", "run", "--port", "{port}"], live="/"),
    Candidate(
        "fastapi-fullstack",
        "fastapi-fullstack",
        ["-m", "cli.commands", "server", "run", "--host", "127.0.0.1", "--port", "{port}"],
        {
            "REDIS_PORT": "{redis}",
            "REDIS_PASSWORD": "",
            "CELERY_BROKER_URL": "redis://127.0.0.1:{redis}/0",
            "CELERY_RESULT_BACKEND": "redis://127.0.0.1:{redis}/1",
        },
        "/api/v1/health",
        "/api/v1/predict",
    ),
]
CEILING = Candidate(
    "no framework, a constant answer",
    "this",
    ["-m", "benchmarks.serving.apps.canned", "--port", "{port}"],
)
CANDIDATES = [
    ours(THIS, **QUIET),
    ours(AS_IT_COMES),
    ours(UNBATCHED, MODEL_BATCH_SIZE="1", **QUIET),
    Candidate("bare FastAPI, `def`", "this", [*BARE, f"{BARE_APP}fastapi_def"]),
    Candidate("bare FastAPI, `async def`", "this", [*BARE, f"{BARE_APP}fastapi_async"]),
    Candidate("bare Starlette", "this", [*BARE, f"{BARE_APP}starlette"]),
    *RIVALS,
    *GENERATED,
]
