"""Lessons show what is real: symbols of the source, and exchanges with the running app.

Two kinds of block in `lesson.md` are compared with the app, and can be updated:

    ```python app/storage/opening.py:open_storage     the source of this symbol
    ```http too-long                            a request, and the answer of the solved app

In a recorded answer the text "…" means anything, and numbers need only be close.
"""

import json
import re
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

from learn.chapters.chapter import Chapter
from learn.chapters.files import Files, write
from learn.chapters.folders import COURSE, cache_folder
from learn.chapters.handout import solved_files
from learn.chapters.symbols import SymbolError, definition
from learn.chapters.workspace import write_app
from learn.grading.exchange import Exchange, Json
from learn.grading.process import start
from learn.grading.server import Server, serve

BLOCK = re.compile(r"^```(python|http) (\S+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
ANYTHING = "…"
NEAR = 0.02
# Members that differ from run to run, anywhere in an answer.
VOLATILE = ("id", "request_id", "created_at", "started_at", "finished_at", "model_version")

Block = Callable[[str, str], str]  # its name and its text -> the text that it should have


def check_lessons(chapters: list[Chapter], update: bool) -> list[str]:
    """Return what is out of date in these lessons, a line each; update them if wanted."""
    return [problem for chapter in chapters for problem in check_lesson(chapter, update)]


def check_lesson(chapter: Chapter, update: bool) -> list[str]:
    """Return what is out of date in the lesson of a chapter; update it if wanted."""
    old = chapter.lesson.read_text("utf-8")
    with app_when_needed("```http " in old) as app:
        new, problems = update_blocks(old, solved_files(COURSE.parent), app)
    if update and new != old:
        write(chapter.lesson, new)
    return [f"{chapter.id} {problem}" for problem in problems]


def update_blocks(text: str, solved: Files, app: Server | None) -> tuple[str, list[str]]:
    """Return the text with every block up to date, and what was wrong with it before."""
    problems: list[str] = []
    kinds: dict[str, Block] = {"python": partial(symbol_block, solved)}
    if app:
        kinds["http"] = partial(http_block, app)

    def replace(found: re.Match[str]) -> str:
        kind, name, old = found.groups()
        try:
            new = kinds[kind](name, old)
        except (SymbolError, KeyError, ValueError) as error:
            problems.append(f"{name}: {error}")
            return found[0]
        if new != old:
            problems.append(f"{name}: not as it is now")
        return f"```{kind} {name}\n{new}```"

    return BLOCK.sub(replace, text), problems


def symbol_block(solved: Files, name: str, _: str) -> str:
    """Return the source of a symbol."""
    path, _, symbol = name.partition(":")
    return definition(solved[path], symbol) + "\n"


def http_block(app: Server, _: str, old: str) -> str:
    """Return the exchange as it is today; as it was recorded, if that says the same."""
    asked, _, answered = old.partition("\n\nHTTP ")
    exchange = ask(app, asked)
    head, _, body = answered.partition("\n")
    headers, body = split_headers(body)
    current = (
        head.strip() == str(exchange.status)
        and all(is_alike(value, exchange.headers.get(key)) for key, value in headers.items())
        and is_alike(json_or_text(body), json_or_text(body_text(exchange)))
    )
    return old if current else f"{asked.rstrip()}\n\n{as_block(exchange, headers)}\n"


def ask(app: Server, asked: str) -> Exchange:
    """Send the request of a block: a line, headers, and then the body."""
    line, _, rest = asked.strip().partition("\n")
    method, path = line.split(" ", 1)
    headers, body = split_headers(rest)
    return app.send(method, path, body.strip().encode() or None, headers)


def split_headers(text: str) -> tuple[dict[str, str], str]:
    """Return the `Name: value` lines at the start, by lower-case names, and what follows them."""
    headers = {}
    lines = text.split("\n")
    while lines and (found := re.fullmatch(r"([A-Za-z][A-Za-z-]*): (.+)", lines[0])):
        headers[found[1].lower()] = found[2]
        del lines[0]
    return headers, "\n".join(lines)


def json_or_text(text: str) -> Json:
    """Return the JSON if the text is some, and the bare text if not."""
    try:
        return json.loads(text)
    except ValueError:
        return text.strip()


def body_text(exchange: Exchange) -> str:
    """Return a body that is not JSON."""
    return exchange.body.decode("utf-8", "replace").strip()


def is_alike(recorded: Json, found: Json) -> bool:
    """Tell whether a recorded answer says what this one says."""
    if recorded == ANYTHING or (isinstance(recorded, str) and ANYTHING in recorded):
        return recorded == ANYTHING or isinstance(found, str)
    if isinstance(recorded, dict) and isinstance(found, dict):
        return recorded.keys() == found.keys() and all(
            is_alike(value, found[name]) for name, value in recorded.items()
        )
    if isinstance(recorded, list) and isinstance(found, list):
        return len(recorded) == len(found) and all(map(is_alike, recorded, found))
    if isinstance(recorded, float) and isinstance(found, float):
        return abs(recorded - found) <= NEAR
    return type(recorded) is type(found) and bool(recorded == found)


def as_block(exchange: Exchange, headers: dict[str, str]) -> str:
    """Return an answer as a lesson shows it, with the headers that it showed before."""
    lines = [f"HTTP {exchange.status}"]
    lines += [f"{name}: {exchange.headers.get(name, '')}" for name in headers]
    body = exchange.json
    text = (
        body_text(exchange)
        if body is None
        else json.dumps(mask_volatile(body), indent=2, ensure_ascii=False)
    )
    return "\n".join([*lines, text]).rstrip()


def mask_volatile(body: Json) -> Json:
    """Return a body with dots for what differs from run to run."""
    if isinstance(body, dict):
        return {k: ANYTHING if k in VOLATILE and v else mask_volatile(v) for k, v in body.items()}
    if isinstance(body, list):
        return [mask_volatile(value) for value in body]
    return round(body, 2) if isinstance(body, float) else body


@contextmanager
def app_when_needed(needed: bool) -> Iterator[Server | None]:
    """Serve the solved app with a model trained for it; yield None where no app is needed."""
    if not needed:
        yield None
        return
    with TemporaryDirectory(prefix="learn-", ignore_cleanup_errors=True) as name:
        folder = Path(name).resolve()
        solved = solved_files(COURSE.parent)
        write_app(folder, solved, solved, cache_folder())
        settings = {"MODELS": "learn.grading.probe:TRAINED", "MODELS_DIR": train_once(folder)}
        with serve(folder, folder / "run", settings) as app:
            yield app


def train_once(folder: Path) -> Path:
    """Return a folder of models, which is trained the first time."""
    models = cache_folder() / "models"
    if not (models / "iris" / "current").exists():
        command, settings = (
            [sys.executable, "-m", "app.models", "train", "--model", "iris"],
            {"MODELS_DIR": models},
        )
        start(command, folder, folder / "training", settings).wait()
    return models
