"""What is compared: how each alternative is made from an empty folder.

Each gets a folder and an environment of its own, from the commands that its own pages name. What
the measurement adds (the model's runtime, the route that predicts) comes after them.
"""

from collections.abc import Sequence
from dataclasses import dataclass

PEER = "benchmarks.serving.apps.peer"
RUNTIME = ("{uv}", "pip", "install", "--quiet", "--python", ".venv", "onnxruntime")
FROM = ("{uv}", "tool", "run", "--quiet", "--from")
QUIETLY = ("--no-input", "--default-config")
VENV = ("{uv}", "venv", "--quiet", "--python", "{python}")
SYNC = ("{uv}", "sync", "--quiet")


def with_router(router: str) -> str:
    """Return the lines that add the route to a router of a generated project."""
    return (
        f"\nfrom {PEER} import router as predict_router\n{router}.include_router(predict_router)\n"
    )


@dataclass(frozen=True)
class Command:
    """A command to run: its words, with `{uv}` and so on; where; and what it reads."""

    words: Sequence[str]
    folder: str = "."
    stdin: str = ""


@dataclass(frozen=True)
class Alternative:
    """One way to serve a model."""

    name: str
    package: str  # whose version is shown
    steps: Sequence[Command]  # from an empty folder to what can be started
    home: str = "."  # the project's folder, which has the environment
    extras: Sequence[Command] = ()  # what the measurement adds
    route: tuple[str, str] = ("", "")  # the file to which lines are added, and the lines
    imported: str = ""  # the module that has the app


def generated(
    package: str, generator: Sequence[str], home: str, route: tuple[str, str], **more: str
) -> Alternative:
    """Return a project made by a generator from the package index."""
    made = Command(
        ("{uv}", "tool", "run", "--quiet", "--from", package, *generator), stdin="y\ny\n"
    )
    steps, extras = [made, Command(SYNC, home)], [Command(RUNTIME, home)]
    return Alternative(package, package, steps, home, extras, route, **more)


FASTKIT = (
    *("fastkit", "startdemo", "fastapi-default", "--project-name", "service", "--author", "A"),
    *("--author-email", "a@example.com", "--description", "A service", "--package-manager", "uv"),
)
TEMPLATE = (
    *("fastapi_template", "--name", "service", "--quiet", "--api-type", "rest", "--db", "none"),
    *("--orm", "none", "--ci", "none", "--routers"),
)
FULLSTACK = (
    *("fastapi-fullstack", "create", "service", "--frontend", "none", "--ci", "none"),
    *("--ai-framework", "none", "--no-logfire", "--redis", "--task-queue", "celery"),
)

OURS = Alternative(
    "this",
    "fastapi",
    [
        Command(("{uv}", "tool", "run", "--quiet", "cookiecutter", "{root}", *QUIETLY)),
        Command((*SYNC, "--python", "{python}"), "iris-service"),
        Command(("{uv}", "run", "--quiet", "python", "-m", "app.models", "train"), "iris-service"),
    ],
    home="iris-service",
    imported="app.main",
)
LITSERVE = Alternative(
    "LitServe",
    "litserve",
    [
        Command(VENV),
        Command((*RUNTIME, "litserve", "uvicorn[standard]")),
    ],
    imported="benchmarks.serving.apps.litserve_app",
)
BENTOML = Alternative(
    "BentoML",
    "bentoml",
    [
        Command(VENV),
        Command((*RUNTIME, "bentoml", "uvicorn[standard]")),
    ],
    imported="benchmarks.serving.apps.bentoml_service",
)
PEERS = [
    generated(
        "fastapi-template",
        TEMPLATE,
        "service",
        ("service/web/api/router.py", with_router("api_router")),
        imported="service.web.application",
    ),
    generated(
        "fastapi-fastkit",
        FASTKIT,
        "service",
        ("src/api/api.py", with_router("api_router")),
        imported="src.main",
    ),
    generated(
        "fastapi-new",
        ("fastapi-new", "service"),
        "service",
        ("main.py", with_router("app")),
        imported="main",
    ),
    generated(
        "fastapi-fullstack",
        FULLSTACK,
        "service/backend",
        ("app/api/routes/v1/__init__.py", with_router("v1_router")),
        imported="app.main",
    ),
]
TASKIQ = Alternative(
    "fastapi-template --taskiq",
    "fastapi-template",
    [
        Command(
            (*FROM, "fastapi-template", *TEMPLATE, "--redis", "--taskiq"),
        ),
        Command(SYNC, "service"),
    ],
    "service",
    # Its newest taskiq-redis cannot import the newest taskiq: the app does not start as it comes.
    [Command((*RUNTIME, "taskiq<0.13"), "service")],
)
ALL = [OURS, LITSERVE, BENTOML, *PEERS]
MADE = [*ALL, TASKIQ]  # the last one only for its tasks
