"""Refuse answers that cannot work, before a single file is written; set aside what is there.

cookiecutter renders this file and runs it in the project folder. A non-zero exit removes that
folder if it is new. In one that holds a project (`--overwrite-if-exists`), all that lies at a path
that is removed later, or overwritten unasked, waits in `.generation` for the other hook.
"""

import json
import os
import re
import shutil
import sys
import unicodedata
from collections.abc import Iterator
from pathlib import Path

if sys.version_info < (3, 10):  # cookiecutter's own Python runs this
    sys.exit("This template needs Python 3.11. Type: uvx --python 3.11 cookiecutter")

# The template's only expression in this file. JSON between raw triple quotes is safe for any text:
# JSON escapes each double quote, so three in a row cannot occur, and a backslash stays a backslash.
ANSWERS = json.loads(r"""{{ cookiecutter | tojson }}""")

# The most characters of each text, and an example.
TEXTS = {
    "project_name": (80, "Iris Service"),
    "description": (300, "Classifies iris flowers."),
    "author": (100, "Ada Lovelace"),
}
CHOICES = {
    "model": ("iris", "diabetes", "penguins", "digits", "text"),
    "edition": ("service", "course"),
    "showcases": ("none", "all"),
    "task_engine": ("background", "celery"),
    "container": ("yes", "no"),
    "aws_lambda": ("no", "yes"),
}

SLUG = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")
MAX_SLUG_LENGTH = 50

# These name devices on Windows, in every folder and with any extension.
is_windows_device = re.compile(r"con|prn|aux|nul|(com|lpt)\d").fullmatch

# A project with the name of a package that it needs, directly or not, would shadow it, and uv would
# refuse to resolve. tests/test_refusals.py compares this list with what is installed.
PACKAGES = """amqp annotated-doc annotated-types anyio asgiref ast-serialize async-timeout
awslambdaric bidict billiard blinker boto3 botocore brotli celery certifi cffi charset-normalizer
click click-didyoumean click-plugins click-repl cloudpickle colorama configargparse contourpy
coverage cryptography cycler django exceptiongroup fastapi fastapi-offline flask flask-cors
flask-login flatbuffers flower fonttools gevent geventhttpclient greenlet h11 httpcore2 httptools
httpx2 httpx2-jsfetch humanize hypothesis idna importlib-metadata iniconfig itsdangerous jinja2
jmespath joblib kiwisolver kombu librt locust mangum markdown-it-py markupsafe matplotlib mdurl
ml-dtypes moto msgpack mypy mypy-extensions narwhals numpy onnx onnxruntime opentelemetry-api
opentelemetry-sdk opentelemetry-semantic-conventions packaging palmerpenguins pandas pathspec pillow
pluggy prometheus-client prompt-toolkit protobuf psutil psycopg psycopg-binary pycparser pydantic
pydantic-core pydantic-settings pygments pyparsing pytest pytest-cov python-dateutil python-dotenv
python-engineio python-multipart python-socketio pytz pywin32 pyyaml pyzmq redis requests responses
rich ruff s3transfer scikit-learn scipy shellingham simple-websocket simplejson six skl2onnx
snapshot-restore-py sortedcontainers sqlparse starlette structlog threadpoolctl tomli tornado
truststore typer typing-extensions typing-inspection tzdata tzlocal urllib3 uvicorn uvloop vine
watchfiles wcwidth websocket-client websockets werkzeug wsproto xmltodict zope-event
zope-interface"""

# What a project has only with one of the private answers, which tags read too: cookiecutter.json.
PRUNED = {
    "__course": """course app/todo.py app/showcases/concurrency/router.py app/showcases/lecture.py
        app/showcases/orders app/showcases/users tests/test_course.py""",
    "__showcases": """app/showcases docs/concurrency.md docs/machines.md docs/presence.md lab
        tests/showcases tests/lab""",
    "__container": "Dockerfile compose.yaml .dockerignore deploy/aws-lambda/Dockerfile",
    "__celery": """app/tasks/engine/celery docs/celery.md tests/tasks/test_folder_broker.py
        tests/tasks/served_worker.py tests/tasks/messages.py tests/tasks/test_celery_broker.py
        tests/tasks/workers.py tests/tasks/test_celery.py tests/tasks/test_celery_worker.py""",
    "__aws_lambda": """app/aws_lambda.py app/kit/aws_lambda app/storage/refusing.py
        app/tasks/engine/frozen.py deploy docs/aws-lambda.md tests/aws_lambda""",
}
NOT_IN_A_COURSE = ".github"  # tests fail until the last exercise; course/teach.md has a workflow
# A course that was handed out has this; its app is the learner's, and starters would replace it.
SOLUTION = Path("course/solution.json")
HANDOVER = Path(".generation")  # hooks/post_gen_project.py removes it
BEFORE = HANDOVER / "before"

# Answers are written into TOML, Python and Markdown, where these would end a string or begin one.
FORBIDDEN = {'"': "double quotes", "\\": "backslashes", "{": "braces", "}": "braces"}
# Control, format (bidi, zero-width), lone surrogate, line and paragraph separator: never seen.
INVISIBLE = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})


def answer(question: str) -> str:
    """Return the answer as text: in a replay file it can be any JSON value, or missing."""
    value = ANSWERS.get(question, "")
    return value if isinstance(value, str) else json.dumps(value)


def character_name(character: str) -> str:
    """Name a character that cannot be shown, such as U+202E RIGHT-TO-LEFT OVERRIDE."""
    return f"U+{ord(character):04X} {unicodedata.name(character, 'control character')}".strip()


def cleaned(text: str, limit: int) -> str:
    """Return the nearest text that would be accepted, which can be empty."""
    text = text.replace('"', "'")
    kept = (" " if unicodedata.category(c) in INVISIBLE else c for c in text if c not in FORBIDDEN)
    return " ".join("".join(kept).split())[:limit].strip()


def slug_from(text: str) -> str:
    """Return the nearest slug that would be accepted."""
    ascii_text = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode().lower()
    words = re.findall(r"[a-z0-9]+", ascii_text)
    slug = "-".join(words).lstrip("0123456789-")[:MAX_SLUG_LENGTH].rstrip("-")
    slug += "-service" * bool(is_windows_device(slug) or slug in PACKAGES.split())
    return slug if SLUG.fullmatch(slug) else "iris-service"


def text_faults(text: str, limit: int) -> Iterator[str]:
    """Yield each fault of a name or a description."""
    if not text.strip():
        yield "is empty"
    for fault in dict.fromkeys(FORBIDDEN[c] for c in text if c in FORBIDDEN):
        yield f"must not contain {fault}"
    unseen = (c for c in text if unicodedata.category(c) in INVISIBLE)
    for name in dict.fromkeys(map(character_name, unseen)):
        yield f"must not contain the invisible character {name}"
    if len(text) > limit:
        yield f"is {len(text)} characters long, more than {limit}"


def slug_faults(slug: str) -> Iterator[str]:
    """Yield each fault of the slug."""
    if not SLUG.fullmatch(slug):
        yield (
            "must start with a lower-case letter and contain only lower-case letters, digits and"
            f" single hyphens between them, not {slug[:80]!a}"
        )
    if len(slug) > MAX_SLUG_LENGTH:
        yield f"is {len(slug)} characters long, more than {MAX_SLUG_LENGTH}"
    if is_windows_device(slug):
        yield f"must not be {slug}: Windows reserves that name for a device"
    if slug in PACKAGES.split():
        yield f"must not be {slug}: the project depends on the package of that name"


def faults() -> Iterator[str]:
    """Yield a line for each fault of an answer, with what to type instead."""
    for question, (limit, example) in TEXTS.items():
        text = answer(question)
        suggestion = cleaned(text, limit) or example
        for fault in text_faults(text, limit):
            yield f"{question} {fault}. Type for example: {suggestion}"
    for fault in slug_faults(answer("project_slug")):
        yield f"project_slug {fault}. Type for example: {slug_from(answer('project_slug'))}"
    for question, choices in CHOICES.items():
        if answer(question) not in choices:
            yield f"{question} must be one of: {', '.join(choices)}. Type for example: {choices[0]}"
    if answer("edition") == "course" and sys.version_info < (3, 11):
        yield "edition: course needs Python 3.11. Type: uvx --python 3.11 cookiecutter"
    if answer("edition") == "course" and answer("model") != "iris":
        yield "edition: a course teaches with the iris. Type for example: model=iris"
    if answer("edition") == "course" and Path("app").exists() and not SOLUTION.exists():
        yield "edition: course would replace functions in app/. Move app/ away, or use --output-dir"


def hand_over() -> None:
    """Set aside what was here before, and name what is not wanted, for the next hook."""
    course = answer("__course") == "yes"
    unwanted = [NOT_IN_A_COURSE] if course else []
    for model in CHOICES["model"]:  # only.py is in app/models/__init__.py by now
        app, tests = f"app/models/{model}", f"tests/models/{model}"
        unwanted += [f"{app}/only.py"] if model == answer("model") else [app, tests]
    unwanted += [n for key, names in PRUNED.items() if not answer(key) for n in names.split()]
    BEFORE.mkdir(parents=True)
    (HANDOVER / "unwanted.json").write_text(json.dumps(unwanted), encoding="utf-8")
    # cookiecutter copies these over what is there, even with --skip-if-file-exists
    copied = [pattern.removesuffix("/*") for pattern in ANSWERS.get("_copy_without_render", [])]
    set_aside([*unwanted, *copied, *(["app"] if course and SOLUTION.exists() else [])])


def set_aside(names: list[str]) -> None:
    """Move each of these that is here to `BEFORE`, folders first; a link is moved as a link."""
    for name in filter(os.path.lexists, sorted(names)):
        (BEFORE / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.move(name, BEFORE / name)
        print(f"{name} was here before, and is kept as it was.")


def main() -> None:
    """Exit with 1 and every problem on standard error, or prepare the folder."""
    if any(faults()):
        sys.exit("\n  - ".join(["These answers cannot work, so nothing was generated:", *faults()]))
    try:
        hand_over()
    except OSError as error:  # such as: an earlier generation was killed, and its folder is there
        todo = f"Move back what is in {BEFORE}, delete {HANDOVER}, then generate again."
        sys.exit(f"What is here cannot be set aside: {error}. {todo}")


if __name__ == "__main__":
    main()
