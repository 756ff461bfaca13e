"""What is generated: the exact files for every combination of answers, all of them sound."""

import os
import re
import subprocess
import sys
import tomllib
from collections.abc import Callable, Iterator
from functools import cache
from itertools import combinations, product
from pathlib import Path

import pytest
import yaml

from support import (
    CHOICES,
    COMPILED,
    OF_MACHINES,
    OF_SERVERS,
    ONCE,
    ROOT,
    TEMPLATE,
    WITHOUT_LONG,
    WITHOUT_SERVERS,
    Bake,
    clean_environment,
    module,
    run,
    script,
    tracked,
    tree,
    uv,
    without,
)

Answers = dict[str, str]

SETTINGS = {".env", ".env.prod"}
CONTAINER = {
    ".dockerignore",
    "Dockerfile",
    "compose.yaml",
}
AWS_LAMBDA = {
    "app/aws_lambda.py",
    "app/kit/aws_lambda/__init__.py",
    "app/kit/aws_lambda/environment.py",
    "app/kit/aws_lambda/events.py",
    "app/kit/aws_lambda/handler.py",
    "app/kit/aws_lambda/whole.py",
    "app/storage/refusing.py",
    "app/tasks/engine/frozen.py",
    "deploy/aws-lambda/main.tf",
    "deploy/aws-lambda/package.py",
    "deploy/aws-lambda/serverless.yml",
    "deploy/aws-lambda/template.yaml",
    "docs/aws-lambda.md",
    "tests/aws_lambda/__init__.py",
    "tests/aws_lambda/conftest.py",
    "tests/aws_lambda/events.py",
    "tests/aws_lambda/odd.py",
    "tests/aws_lambda/runtime.py",
    "tests/aws_lambda/test_answers.py",
    "tests/aws_lambda/test_database.py",
    "tests/aws_lambda/test_function.py",
    "tests/aws_lambda/test_page.py",
}
# These need both features.
LAMBDA_IMAGE = {"deploy/aws-lambda/Dockerfile"}
CELERY = {
    "app/tasks/engine/celery/__init__.py",
    "app/tasks/engine/celery/channel.py",
    "app/tasks/engine/celery/engine.py",
    "app/tasks/engine/celery/folder_broker.py",
    "app/tasks/engine/celery/redis_broker.py",
    "app/tasks/engine/celery/settings.py",
    "app/tasks/engine/celery/worker.py",
    "docs/celery.md",
    "tests/tasks/served_worker.py",
    "tests/tasks/messages.py",
    "tests/tasks/test_celery.py",
    "tests/tasks/test_celery_broker.py",
    "tests/tasks/test_celery_worker.py",
    "tests/tasks/workers.py",
    "tests/tasks/test_folder_broker.py",
}
SHOWCASES = {
    "app/showcases/__init__.py",
    "app/showcases/concurrency/__init__.py",
    "app/showcases/concurrency/handlers.py",
    "app/showcases/concurrency/settings.py",
    "app/showcases/concurrency/threads.py",
    "app/showcases/gallery.py",
    "app/showcases/machines/__init__.py",
    "app/showcases/machines/dependencies.py",
    "app/showcases/machines/errors.py",
    "app/showcases/machines/health.py",
    "app/showcases/machines/kinds.py",
    "app/showcases/machines/page.html",
    "app/showcases/machines/page.py",
    "app/showcases/machines/provider.py",
    "app/showcases/machines/router.py",
    "app/showcases/machines/schemas.py",
    "app/showcases/machines/service.py",
    "app/showcases/machines/settings.py",
    "app/showcases/machines/store.py",
    "app/showcases/machines/work.py",
    "app/showcases/presence/__init__.py",
    "app/showcases/presence/dependencies.py",
    "app/showcases/presence/router.py",
    "app/showcases/presence/schemas.py",
    "app/showcases/presence/service.py",
    "app/showcases/presence/settings.py",
    "app/showcases/presence/store.py",
    "docs/concurrency.md",
    "docs/machines.md",
    "docs/presence.md",
    "lab/__init__.py",
    "lab/bare.py",
    "lab/bystander.py",
    "lab/cli.py",
    "lab/drawing.py",
    "lab/figures.py",
    "lab/load.py",
    "lab/locustfile.py",
    "lab/page.html",
    "lab/page.py",
    "lab/plan.py",
    "lab/plots.py",
    "lab/run.py",
    "lab/server.py",
    "lab/service.py",
    "lab/sweep.py",
    "tests/lab/__init__.py",
    "tests/lab/figures.json",
    "tests/lab/recorded.py",
    "tests/lab/test_command.py",
    "tests/lab/test_figures.py",
    "tests/lab/test_page.py",
    "tests/showcases/__init__.py",
    "tests/showcases/concurrency/__init__.py",
    "tests/showcases/concurrency/test_handlers.py",
    "tests/showcases/machines/__init__.py",
    "tests/showcases/machines/cloud.py",
    "tests/showcases/machines/conftest.py",
    "tests/showcases/machines/test_health.py",
    "tests/showcases/machines/test_kinds.py",
    "tests/showcases/machines/test_on_postgres.py",
    "tests/showcases/machines/test_page.py",
    "tests/showcases/machines/test_processes.py",
    "tests/showcases/machines/test_provider.py",
    "tests/showcases/machines/test_settings.py",
    "tests/showcases/machines/test_start.py",
    "tests/showcases/machines/test_stop.py",
    "tests/showcases/presence/__init__.py",
    "tests/showcases/presence/test_decorator_order.py",
    "tests/showcases/presence/test_processes.py",
    "tests/showcases/presence/test_router.py",
    "tests/showcases/presence/test_state_machine.py",
    "tests/showcases/presence/test_store.py",
    "tests/showcases/presence/test_store_on_postgres.py",
    "tests/showcases/presence/visitors.py",
}
# course/ is compared with git and with what post_gen writes; this is what a course has besides.
COURSE = {
    "app/showcases/concurrency/router.py",
    "app/showcases/lecture.py",
    "app/showcases/orders/__init__.py",
    "app/showcases/orders/router.py",
    "app/showcases/users/__init__.py",
    "app/showcases/users/router.py",
    "app/todo.py",
    "course/solution.json",
    "tests/test_course.py",
}
GITHUB = {
    ".github/dependabot.yml",
    ".github/workflows/ci.yml",
    ".github/workflows/services.yml",
}
# A project has one of these models, with its tests.
GALLERY = {
    "app/models/iris/__init__.py",
    "app/models/iris/features.py",
    "app/models/iris/train.py",
    "tests/models/iris/__init__.py",
    "tests/models/iris/test_iris.py",
    "app/models/diabetes/__init__.py",
    "app/models/diabetes/answer.py",
    "app/models/diabetes/features.py",
    "app/models/diabetes/train.py",
    "app/models/digits/__init__.py",
    "app/models/digits/features.py",
    "app/models/digits/model.py",
    "app/models/digits/picture.py",
    "app/models/digits/train.py",
    "app/models/penguins/__init__.py",
    "app/models/penguins/features.py",
    "app/models/penguins/train.py",
    "app/models/text/__init__.py",
    "app/models/text/features.py",
    "app/models/text/grams.py",
    "app/models/text/messages.py",
    "app/models/text/model.py",
    "app/models/text/train.py",
    "tests/models/diabetes/__init__.py",
    "tests/models/diabetes/test_diabetes.py",
    "tests/models/digits/__init__.py",
    "tests/models/digits/test_digits.py",
    "tests/models/penguins/__init__.py",
    "tests/models/penguins/test_penguins.py",
    "tests/models/text/__init__.py",
    "tests/models/text/test_text.py",
}
ALWAYS = {
    ".env.example",
    ".env.prod.example",
    *GITHUB,
    ".gitignore",
    "Makefile",
    "README.md",
    "app/__init__.py",
    "app/__main__.py",
    "app/errors.py",
    "app/health.py",
    "app/kit/__init__.py",
    "app/kit/columns.py",
    "app/kit/connections.py",
    "app/kit/docs.py",
    "app/kit/events.py",
    "app/kit/exchange.py",
    "app/kit/exhaustion.py",
    "app/kit/forms.py",
    "app/kit/hosts.py",
    "app/kit/ids.py",
    "app/kit/json_body.py",
    "app/kit/log_stream.py",
    "app/kit/logs.py",
    "app/kit/middleware.py",
    "app/kit/mount.py",
    "app/kit/pagination.py",
    "app/kit/problems.py",
    "app/kit/routes.py",
    "app/kit/settings.py",
    "app/kit/signals.py",
    "app/kit/start.py",
    "app/kit/supervisor.py",
    "app/kit/tuning.py",
    "app/kit/waiting.py",
    "app/kit/watchdog/__init__.py",
    "app/kit/watchdog/lifespan.py",
    "app/kit/watchdog/stack.py",
    "app/kit/watchdog/thread.py",
    "app/lifespan.py",
    "app/main.py",
    "app/models/__init__.py",
    "app/models/__main__.py",
    "app/predictions/__init__.py",
    "app/predictions/model_router.py",
    "app/predictions/outcomes/__init__.py",
    "app/predictions/outcomes/router.py",
    "app/predictions/outcomes/schemas.py",
    "app/predictions/outcomes/service.py",
    "app/predictions/report/__init__.py",
    "app/predictions/report/__main__.py",
    "app/predictions/report/collect.py",
    "app/predictions/report/columns.py",
    "app/predictions/report/page.html",
    "app/predictions/report/page.py",
    "app/predictions/report/schemas.py",
    "app/predictions/router.py",
    "app/predictions/schemas.py",
    "app/predictions/service.py",
    "app/predictions/settings.py",
    "app/predictions/sql.py",
    "app/predictions/store.py",
    "app/security.py",
    "app/serving/__init__.py",
    "app/serving/answers.py",
    "app/serving/artefact.py",
    "app/serving/batching.py",
    "app/serving/card.py",
    "app/serving/checks.py",
    "app/serving/command.py",
    "app/serving/current.py",
    "app/serving/direct.py",
    "app/serving/errors.py",
    "app/serving/examples.py",
    "app/serving/lenient.py",
    "app/serving/loaded.py",
    "app/serving/loading.py",
    "app/serving/models.py",
    "app/serving/onnx.py",
    "app/serving/opening.py",
    "app/serving/outcomes.py",
    "app/serving/probe.py",
    "app/serving/protocol.py",
    "app/serving/rows.py",
    "app/serving/served.py",
    "app/serving/settings.py",
    "app/serving/source.py",
    "app/serving/training.py",
    "app/serving/unseen.py",
    "app/serving/versions.py",
    "app/serving/watcher.py",
    "app/settings.py",
    "app/state.py",
    "app/storage/__init__.py",
    "app/storage/calls.py",
    "app/storage/checkpoints.py",
    "app/storage/connection.py",
    "app/storage/line.py",
    "app/storage/migrations.py",
    "app/storage/opening.py",
    "app/storage/postgres.py",
    "app/storage/settings.py",
    "app/storage/sqlite.py",
    "app/storage/store.py",
    "app/storage/thread.py",
    "app/tasks/__init__.py",
    "app/tasks/dependencies.py",
    "app/tasks/engine/__init__.py",
    "app/tasks/engine/background.py",
    "app/tasks/engine/base.py",
    "app/tasks/engine/context.py",
    "app/tasks/engine/outcome.py",
    "app/tasks/engine/runner.py",
    "app/tasks/kinds/__init__.py",
    "app/tasks/kinds/batch_prediction.py",
    "app/tasks/kinds/csv_format.py",
    "app/tasks/kinds/csv_rows.py",
    "app/tasks/kinds/json_lines.py",
    "app/tasks/kinds/prediction_report.py",
    "app/tasks/kinds/registry.py",
    "app/tasks/kinds/row_format.py",
    "app/tasks/kinds/upload.py",
    "app/tasks/kinds/wait.py",
    "app/tasks/migrations.py",
    "app/tasks/opening.py",
    "app/tasks/records.py",
    "app/tasks/router.py",
    "app/tasks/schemas.py",
    "app/tasks/service.py",
    "app/tasks/settings.py",
    "app/tasks/sql.py",
    "app/tasks/store.py",
    "app/tasks/upkeep.py",
    "app/tasks/upkeep_sql.py",
    "docs/api.md",
    "docs/blocked-loop.md",
    "docs/deploy.md",
    "docs/model-files.md",
    "docs/own-model.md",
    "docs/record.md",
    "docs/settings.md",
    "docs/tasks.md",
    "pyproject.toml",
    "tests/__init__.py",
    "tests/conftest.py",
    "tests/fakes.py",
    "tests/impatient.py",
    "tests/kit/__init__.py",
    "tests/kit/test_columns.py",
    "tests/kit/test_ids.py",
    "tests/kit/test_json_body.py",
    "tests/kit/test_log_stream.py",
    "tests/kit/test_logs.py",
    "tests/kit/test_middleware.py",
    "tests/kit/test_mount.py",
    "tests/kit/test_problems.py",
    "tests/kit/test_routes.py",
    "tests/kit/test_signals.py",
    "tests/kit/watchdog/__init__.py",
    "tests/kit/watchdog/blocking.py",
    "tests/kit/watchdog/test_fixture.py",
    "tests/kit/watchdog/test_server.py",
    "tests/kit/watchdog/test_watchdog.py",
    "tests/graphs.py",
    "tests/models/__init__.py",
    "tests/models/helpers.py",
    "tests/predictions/__init__.py",
    "tests/predictions/memory.py",
    "tests/predictions/test_report.py",
    "tests/predictions/test_router.py",
    "tests/predictions/test_service.py",
    "tests/predictions/test_store.py",
    "tests/predictions/test_store_on_postgres.py",
    "tests/predictions/test_uploads.py",
    "tests/servers.py",
    "tests/serving/__init__.py",
    "tests/serving/test_answers.py",
    "tests/serving/test_artefact.py",
    "tests/serving/test_batching.py",
    "tests/serving/test_current.py",
    "tests/serving/test_direct.py",
    "tests/serving/test_onnx.py",
    "tests/serving/test_opening.py",
    "tests/serving/test_probe.py",
    "tests/serving/test_source.py",
    "tests/serving/test_training.py",
    "tests/serving/test_versions.py",
    "tests/serving/test_watcher.py",
    "tests/storage/__init__.py",
    "tests/storage/helpers.py",
    "tests/storage/postgres.py",
    "tests/storage/test_checkpoints.py",
    "tests/storage/test_postgres.py",
    "tests/storage/test_postgres_outages.py",
    "tests/storage/test_sqlite.py",
    "tests/storage/test_sqlite_files.py",
    "tests/storage/test_thread.py",
    "tests/tasks/__init__.py",
    "tests/tasks/conftest.py",
    "tests/tasks/helpers.py",
    "tests/tasks/kinds.py",
    "tests/tasks/served.py",
    "tests/tasks/test_engines.py",
    "tests/tasks/test_full_disk.py",
    "tests/tasks/test_json_lines.py",
    "tests/tasks/test_kinds.py",
    "tests/tasks/test_router.py",
    "tests/tasks/test_runner.py",
    "tests/tasks/test_store.py",
    "tests/tasks/test_store_on_postgres.py",
    "tests/tasks/test_survival.py",
    "tests/test_docs.py",
    "tests/test_errors.py",
    "tests/test_health.py",
    "tests/test_layers.py",
    "tests/test_lifespan.py",
    "tests/test_routes.py",
    "tests/test_security.py",
    "tests/test_settings.py",
    "tests/test_start.py",
    "tests/test_strangers.py",
}

EVERY_ANSWER: list[Answers] = [
    dict(zip(CHOICES, values, strict=True)) for values in product(*CHOICES.values())
]
OF_THE_COURSE = r"(?<!scikit-)\b(course|lecture|learn|chapter|exercise|TodoError)\b"
OF_THE_LAB = r"\b(lab|locust|matplotlib|showcases?|concurrency\.md|presence|boto3|moto|instances)\b"
FIRST_CHOICES: Answers = {name: choices[0] for name, choices in CHOICES.items()}
LAST_CHOICES = {name: choices[-1] for name, choices in CHOICES.items()} | {"edition": "service"}


def is_tried(answers: Answers) -> bool:
    """Tell whether a project is generated with these answers.

    A course is the same whatever the other answers are: `test_a_course_has_every_feature`. A model
    is a folder, whatever they are: each is tried with the first answers and with the last.
    """
    if answers["edition"] == "course":
        return answers == FIRST_CHOICES | {"edition": "course"}
    model = {"model": answers["model"]}
    others = (FIRST_CHOICES | model, LAST_CHOICES | model)
    return answers["model"] == FIRST_CHOICES["model"] or answers in others


COMBINATIONS = list(filter(is_tried, EVERY_ANSWER))

# These change no line of Python outside app/models, so the project's types and tests need not be
# checked with each.
NO_CODE = {"container", "model"}
OF_CODE = [name for name in CHOICES if name not in {*NO_CODE, "edition"}]


def pairs(answers: Answers) -> set[frozenset[tuple[str, str]]]:
    """Return each pair of answers that a row tries together; single ones for a single question."""
    return {frozenset(pair) for pair in combinations(answers.items(), min(2, len(answers)))}


def pairwise() -> Iterator[Answers]:
    """Yield a few rows that try each pair of answers at least once: the greedy choice."""
    services = [answers for answers in EVERY_ANSWER if answers["edition"] == "service"]
    rows = [{name: answers[name] for name in OF_CODE} for answers in services]
    missing = set().union(*map(pairs, rows))
    while missing:
        best = max(rows, key=lambda answers: len(pairs(answers) & missing))
        missing -= pairs(best)
        yield best


def label(answers: Answers) -> str:
    return " ".join(f"{name}={value}" for name, value in answers.items())


@pytest.fixture(scope="session", params=COMBINATIONS, ids=label)
def answers(request: pytest.FixtureRequest) -> Answers:
    chosen: Answers = request.param
    return chosen


@pytest.fixture(scope="session")
def project(bake: Bake, answers: Answers) -> Path:
    return bake(**answers)


def expected_files(answers: Answers) -> set[str]:
    if answers["edition"] == "course":
        course = {f"course/{name}" for name in tracked(TEMPLATE / "course")}
        every = ALWAYS | SETTINGS | CONTAINER | CELERY | SHOWCASES | AWS_LAMBDA | LAMBDA_IMAGE
        return (every | model_files("iris") | COURSE | course) - GITHUB
    container = CONTAINER if answers["container"] == "yes" else set()
    celery = CELERY if answers["task_engine"] == "celery" else set()
    showcases = SHOWCASES if answers["showcases"] == "all" else set()
    features = container | celery | showcases
    if answers["aws_lambda"] == "yes":
        features |= AWS_LAMBDA | (LAMBDA_IMAGE if container else set())
    return ALWAYS | SETTINGS | features | model_files(answers["model"])


def model_files(name: str) -> set[str]:
    """Return the files of a model."""
    return {file for file in GALLERY if file.split("/")[2] == name}


def test_the_files_are_exactly_these(project: Path, answers: Answers) -> None:
    assert tree(project) == expected_files(answers)


SMALLEST = {
    "showcases": "none",
    "task_engine": "background",
    "container": "no",
    "aws_lambda": "no",
}


def test_the_readme_says_what_each_answer_adds(bake: Bake) -> None:
    readme = (ROOT / "README.md").read_text("utf-8")
    smallest, direct = len(tree(bake(**SMALLEST))), serving(bake(**SMALLEST))
    assert f"which has\n{smallest} files:" in readme
    rows = re.findall(r"^\| `(\w+)=(\w+)` \| (\d+) \| (.*?) \|", readme, re.M)
    assert {name for name, *_ in rows} == SMALLEST.keys()
    for name, answer, files, packages in rows:
        project = bake(**SMALLEST | {name: answer})
        assert (name, len(tree(project)) - smallest) == (name, int(files))
        added = re.findall(r"`([\w-]+)`", packages.split(";")[0])
        assert (name, serving(project) - direct) == (name, set(added))


def serving(project: Path) -> set[str]:
    """Return the names of the packages that serving needs."""
    needed = tomllib.loads((project / "pyproject.toml").read_text("utf-8"))["project"]
    return {re.split(r"[\[><=]", line)[0] for line in needed["dependencies"]}


def test_no_two_names_differ_by_case_alone() -> None:
    """They would be one file on Windows and macOS."""
    for folder in (ROOT, TEMPLATE):
        names = tracked(folder)
        assert len({name.casefold() for name in names}) == len(names)


def test_every_file_comes_from_git(project: Path) -> None:
    assert tree(project) - SETTINGS - {"course/solution.json"} - tracked(TEMPLATE) == set()


def test_nothing_is_left_unrendered(project: Path) -> None:
    for name in sorted(tree(project)):
        if name.endswith(".png"):
            continue
        text = (project / name).read_text("utf-8")
        workflow = "workflows/" in name
        marks = (
            ["cookiecutter.", "# {%", "# {#"] if workflow else ["cookiecutter.", "{{", "{%", "{#"]
        )
        assert [mark for mark in marks if mark in text] == [], name


@pytest.mark.parametrize("arguments", [["check"], ["format", "--check"]], ids=" ".join)
def test_ruff_has_nothing_to_say(project: Path, arguments: list[str]) -> None:
    run(module("ruff", *arguments), project)


def test_toml_and_yaml_are_well_formed(project: Path) -> None:
    for path in project.rglob("*.toml"):
        tomllib.loads(path.read_text("utf-8"))
    for path in (path for path in project.rglob("*") if path.suffix in {".yml", ".yaml"}):
        yaml.safe_load(path.read_text("utf-8"))


def test_answers_without_code_leave_the_python_the_same(bake: Bake) -> None:
    """Hold `NO_CODE` to what it says."""
    for engine in CHOICES["task_engine"]:
        one, other = (bake(task_engine=engine, container=choice) for choice in ("yes", "no"))
        for path in (path for path in tree(one) if path.endswith((".py", ".toml"))):
            assert (one / path).read_bytes() == (other / path).read_bytes(), path


def test_a_course_has_every_feature(bake: Bake) -> None:
    rows = [a for a in EVERY_ANSWER if (a["edition"], a["model"]) == ("course", "iris")]
    first, *others = (bake(**answers) for answers in rows)
    for other in others:
        assert tree(other) == tree(first)
        for name in tree(first) - SETTINGS:
            assert (other / name).read_bytes() == (first / name).read_bytes(), name


def test_the_service_knows_nothing_of_the_course(project: Path, answers: Answers) -> None:
    if answers["edition"] == "course":
        return
    for name in sorted(tree(project)):
        text = (project / name).read_text("utf-8")
        assert not re.search(OF_THE_COURSE, text), name


def test_the_background_edition_knows_nothing_of_celery(bake: Bake) -> None:
    project = bake(task_engine="background")
    for path in ("pyproject.toml", "Makefile", "Dockerfile", "compose.yaml", ".env.prod"):
        assert not re.search("celery|flower|redis", (project / path).read_text(), re.I)
    for module_path in (project / "app").rglob("*.py"):
        assert not re.search(r"(import|from) (celery|kombu)", module_path.read_text())


def test_without_showcases_nothing_of_the_lab_is_there(bake: Bake) -> None:
    project = bake(showcases="none")
    for name in tree(project) - {"tests/test_layers.py"}:  # it names every room that there can be
        text = (project / name).read_text("utf-8")
        assert not re.search(OF_THE_LAB, text, re.IGNORECASE), name


OF_AWS_LAMBDA = r"\b(aws|mangum|serverless|lambda function|function url)"


def test_without_aws_lambda_nothing_says_a_word_of_it(bake: Bake) -> None:
    project = bake(showcases="all", task_engine="celery")
    for name in tree(project):
        # the same provider starts machines; and a test names every room that there can be
        if "machines" in name or name == "tests/test_layers.py":
            continue
        text = (project / name).read_text("utf-8")
        assert not re.search(OF_AWS_LAMBDA, text, re.IGNORECASE), name


LONGEST: dict[str, Answers] = {
    "long": {
        "project_name": ("Name " * 16).strip(),
        "project_slug": "n" * 50,
        "description": ("A word or more. " * 18).strip(),
        "author": ("Author " * 14).strip(),
    },
    "wide": {
        "project_name": "붓" * 80,
        "project_slug": "wide",
        "description": "꽃" * 300,
        "author": "저" * 100,
    },
    "quotes": {
        "project_name": "O'Brien’s “best” – models",  # noqa: RUF001
        "project_slug": "null",
        "description": "Rock'n'roll: #1 & <2>, 50 % off; a – b",  # noqa: RUF001
        "author": "O'Brien, Ο and О",  # noqa: RUF001
    },
}


@pytest.mark.parametrize("answers", LONGEST.values(), ids=LONGEST)
def test_the_strangest_accepted_answers_give_sound_files(bake: Bake, answers: Answers) -> None:
    project = bake(**answers)
    run(module("ruff", "check"), project)
    run(module("ruff", "format", "--check"), project)
    test_toml_and_yaml_are_well_formed(project)
    name = tomllib.loads((project / "pyproject.toml").read_text("utf-8"))["project"]["name"]
    assert name == answers["project_slug"]


ZIZMOR = [script("zizmor"), "--offline", "--no-progress"]


@pytest.mark.parametrize("engine", [None, *CHOICES["task_engine"]])
def test_the_workflows_are_sound(bake: Bake, engine: str | None) -> None:
    """Those of this repository (None) and of a project, as they are found without any option."""
    folder = bake(task_engine=engine) if engine else ROOT
    github = folder / ".github"
    check = [script("check-jsonschema"), "--builtin-schema"]
    run([*check, "vendor.github-workflows", *(github / "workflows").glob("*.yml")], ROOT)
    run([*check, "vendor.dependabot", github / "dependabot.yml"], ROOT)
    said = run([*ZIZMOR, "."], folder)
    assert said.count("completed") == len(list(github.rglob("*.yml")))
    run([*ZIZMOR, "--pedantic", "--no-config", "."], folder)


def test_the_workflow_of_a_course_is_sound() -> None:
    [workflow] = (TEMPLATE / "course" / "workflows").glob("*.yml")
    run([*ZIZMOR, "--pedantic", workflow], ROOT)


def test_what_is_downloaded_is_pinned() -> None:
    """Each action to a commit and the same everywhere, each image to a release, uv to a version."""
    texts = [
        (folder / name).read_text("utf-8")
        for folder in (ROOT, TEMPLATE)
        for name in tracked(folder)
        if Path(name).suffix in {".yml", ".yaml"} or Path(name).name in {"Makefile", "Dockerfile"}
    ]
    together = "\n".join(texts)
    actions = dict(re.findall(r"uses: (\S+)@(\S+ # v\d+\.\d+\.\d+)$", together, re.M))
    for action, pin in actions.items():
        assert set(re.findall(rf"{action}@(.*)", together)) == {pin}
    assert len(actions) == 3
    stages = set(re.findall(r"^FROM .* AS (\w+)$", together, re.M))
    found = re.findall(r"^(?:FROM|\s+image:|COPY --from=(?=\S+/)) ?(\S+)", together, re.M)
    images = [image for image in found if image not in {*stages, "${IMAGE}"}]  # a project's own
    adapter = "public.ecr.aws/awsguru/aws-lambda-adapter"
    assert {image.split(":")[0] for image in images} == {"python", "redis", "postgres", adapter}
    assert [image for image in images if not re.search(r":\d+\.\d+", image)] == []
    installed = re.findall(r"pip install [^\n]*\b(uv\S*)$", together, re.M)
    assert len(installed) >= 4
    assert len(set(installed)) == 1
    assert re.fullmatch(r"uv==\d+\.\d+\.\d+", installed[0])


# What of the project's tests each pair of features runs. With neither, they run in a fresh
# environment, and with both in the raw template and in a course; tests/support.py says which.
WITH_ONE_FEATURE: dict[str, tuple[Answers, list[str]]] = {
    "celery, once": ({"task_engine": "celery"}, ["-q", "-p", "no:cacheprovider", *ONCE]),
    "celery": ({"task_engine": "celery"}, WITHOUT_SERVERS),
    "showcases": ({"showcases": "all"}, without(ONCE + OF_SERVERS + OF_MACHINES)),
    "aws lambda": (
        {"aws_lambda": "yes"},
        ["-q", "-p", "no:cacheprovider", "tests/aws_lambda", "tests/test_layers.py"],
    ),
}


@pytest.mark.long(6)
@pytest.mark.parametrize(("answers", "tests"), WITH_ONE_FEATURE.values(), ids=WITH_ONE_FEATURE)
def test_the_projects_own_tests_pass(bake: Bake, answers: Answers, tests: list[str]) -> None:
    run(module("pytest", *tests), bake(**answers), **COMPILED)


def test_each_row_runs_its_own_tests() -> None:
    """A new question must not go without: each pair of answers is tried together somewhere."""
    elsewhere = [{}, {name: choices[-1] for name, choices in CHOICES.items()}]  # fresh, and raw
    planned = [answers for answers, _ in WITH_ONE_FEATURE.values()] + elsewhere
    rows = [{name: (FIRST_CHOICES | row)[name] for name in OF_CODE} for row in planned]
    assert set().union(*map(pairs, pairwise())) - set().union(*map(pairs, rows)) == set()


@pytest.mark.long(1)
def test_the_types_of_every_project_pass(bake: Bake) -> None:
    """One after the other, since mypy then reads the types of the libraries only once."""
    for answers in [*pairwise(), {"edition": "course"}]:
        run(module("mypy"), bake(**answers))


@cache
def interpreters() -> dict[tuple[int, int], str]:
    """Return one Python of each minor version on this machine, from 3.11 on."""
    candidates = [Path(sys.executable)]
    candidates += (Path.home() / ".pyenv" / "versions").glob("3.*/bin/python3")
    for folder in os.get_exec_path():
        candidates += (Path(folder, f"python3.{minor}") for minor in range(11, 20))
    found: dict[tuple[int, int], str] = {}
    for path in candidates:
        version = version_of(path)
        if version >= (3, 11):
            found.setdefault(version, str(path))
    return found


def version_of(python: Path) -> tuple[int, int]:
    """Return an interpreter's version; (0, 0) if it is missing, or a pyenv shim for no version."""
    if not python.exists():
        return 0, 0
    ask = [str(python), "-c", "import sys; print(*sys.version_info[:2])"]
    environment = clean_environment()
    done = subprocess.run(
        ask, capture_output=True, text=True, check=False, env=environment, timeout=60
    )
    numbers = re.fullmatch(r"(\d+) (\d+)\s*", done.stdout)
    return (int(numbers[1]), int(numbers[2])) if numbers else (0, 0)


def oldest() -> str:
    return min(interpreters().items())[1]


def newest() -> str:
    return max(interpreters().items())[1]


@pytest.mark.long(5)
@pytest.mark.parametrize(
    ("edition", "python", "arguments"),
    [
        ("service", oldest, []),
        ("course", newest, []),
        ("course", oldest, ["--resolution", "lowest-direct"]),
    ],
    ids=["newest on the oldest Python", "newest on the newest Python", "oldest allowed"],
)
def test_the_project_passes_in_a_fresh_environment(
    bake: Bake, edition: str, python: Callable[[], str], arguments: list[str]
) -> None:
    """A shared environment would hide a dependency that the project forgot to declare.

    A course has those of every feature; its tests pass once every exercise is solved.
    """
    project = bake(edition=edition)
    sync = [uv(), "sync", "--quiet", "--python", python()]
    run([*sync, *arguments], project)
    own = project / ".venv" / ("Scripts" if os.name == "nt" else "bin")
    if edition == "course":
        run([own / "learn", "--plain", "teach", "open", "--yes"], project, **COMPILED)
        run([own / "learn", "--plain", "check", "01"], project, **COMPILED)
    run([own / "python", "-m", "pytest", *WITHOUT_LONG], project, **COMPILED)
