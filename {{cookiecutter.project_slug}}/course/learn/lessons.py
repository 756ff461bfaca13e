"""What a lesson shows is real: symbols of the source, and exchanges with the running app.

Two kinds of block in `lesson.md` are compared with what there is, and can be brought up to date:

    ```python app/storage/sqlite.py:open_sqlite         the source of this symbol
    ```http too-long                            a request, and what the solved app answers to it

In a recorded answer the text "…" stands for anything, and numbers need only be near.
"""

import json
import re
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

from learn.chapters import Chapter, Files
from learn.exchange import Exchange, Json
from learn.grading import cache_folder
from learn.handout import solved_files, write
from learn.process import COURSE, start
from learn.server import Server, serve
from learn.symbols import SymbolError, definition
from learn.workspace import write_app

BLOCK = re.compile(r"^```(python|http) (\S+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
ANYTHING = "…"
NEAR = 0.02
# What differs from run to run, wherever it stands in an answer.
VOLATILE = ("id", "request_id", "created_at", "started_at", "finished_at", "model_version")

Block = Callable[[str, str], str]  # what the block is called, and its text -> what it should be


def check_lessons(chapters: list[Chapter], write_them: bool) -> list[str]:
    """What is out of date in these lessons, a line each; brought up to date if so wanted."""
    return [problem for chapter in chapters for problem in refresh(chapter, write_them)]


def refresh(chapter: Chapter, write_them: bool) -> list[str]:
    """What is out of date in the lesson of a chapter; brought up to date if so wanted."""
    path = chapter.folder / "lesson.md"
    old = path.read_text("utf-8")
    with app_when_needed("```http " in old) as app:
        new, problems = refreshed(old, solved_files(COURSE.parent), app)
    if write_them and new != old:
        write(path, new)
    return [f"{chapter.id} {problem}" for problem in problems]


def refreshed(text: str, solved: Files, app: Server | None) -> tuple[str, list[str]]:
    """The text with every block brought up to date, and what was wrong with it before."""
    problems: list[str] = []
    kinds: dict[str, Block] = {"python": partial(symbol_block, solved)}
    if app:
        kinds["http"] = partial(http_block, app)

    def replaced(found: re.Match[str]) -> str:
        kind, name, old = found.groups()
        try:
            new = kinds[kind](name, old)
        except (SymbolError, KeyError, ValueError) as error:
            problems.append(f"{name}: {error}")
            return found[0]
        if new != old:
            problems.append(f"{name}: not as it is now")
        return f"```{kind} {name}\n{new}```"

    return BLOCK.sub(replaced, text), problems


def symbol_block(solved: Files, name: str, _: str) -> str:
    """The source of a symbol."""
    path, _, symbol = name.partition(":")
    return definition(solved[path], symbol) + "\n"


def http_block(app: Server, _: str, old: str) -> str:
    """An exchange as it goes today; as it was recorded, if that says the same."""
    asked, _, answered = old.partition("\n\nHTTP ")
    exchange = ask(app, asked)
    head, _, body = answered.partition("\n")
    headers, body = split_headers(body)
    current = (
        head.strip() == str(exchange.status)
        and all(alike(value, exchange.headers.get(key)) for key, value in headers.items())
        and alike(as_json(body), exchange.json if exchange.json is not None else shown(exchange))
    )
    return old if current else f"{asked.rstrip()}\n\n{as_block(exchange, headers)}\n"


def ask(app: Server, asked: str) -> Exchange:
    """Send the request of a block: a line, headers, and then the body."""
    line, _, rest = asked.strip().partition("\n")
    method, path = line.split(" ", 1)
    headers, body = split_headers(rest)
    return app.send(method, path, body.strip().encode() or None, headers)


def split_headers(text: str) -> tuple[dict[str, str], str]:
    """The `Name: value` lines at the start, by small names, and what comes after them."""
    headers = {}
    lines = text.split("\n")
    while lines and (found := re.fullmatch(r"([A-Za-z][A-Za-z-]*): (.+)", lines[0])):
        headers[found[1].lower()] = found[2]
        del lines[0]
    return headers, "\n".join(lines)


def as_json(text: str) -> Json:
    """JSON if it is, the bare text if not."""
    try:
        return json.loads(text)
    except ValueError:
        return text.strip()


def shown(exchange: Exchange) -> str:
    """A body that is not JSON."""
    return exchange.body.decode("utf-8", "replace").strip()


def alike(recorded: Json, found: Json) -> bool:
    """Tell whether a recorded answer says what this one says."""
    if recorded == ANYTHING or (isinstance(recorded, str) and ANYTHING in recorded):
        return recorded == ANYTHING or isinstance(found, str)
    if isinstance(recorded, dict) and isinstance(found, dict):
        return recorded.keys() == found.keys() and all(
            alike(value, found[name]) for name, value in recorded.items()
        )
    if isinstance(recorded, list) and isinstance(found, list):
        return len(recorded) == len(found) and all(map(alike, recorded, found))
    if isinstance(recorded, float) and isinstance(found, float):
        return abs(recorded - found) <= NEAR
    return type(recorded) is type(found) and bool(recorded == found)


def as_block(exchange: Exchange, headers: dict[str, str]) -> str:
    """An answer as a lesson shows it, with those headers that it showed before."""
    lines = [f"HTTP {exchange.status}"]
    lines += [f"{name}: {exchange.headers.get(name, '')}" for name in headers]
    body = exchange.json
    text = (
        shown(exchange) if body is None else json.dumps(steady(body), indent=2, ensure_ascii=False)
    )
    return "\n".join([*lines, text]).rstrip()


def steady(body: Json) -> Json:
    """A body with dots for what differs from run to run."""
    if isinstance(body, dict):
        return {k: ANYTHING if k in VOLATILE and v else steady(v) for k, v in body.items()}
    if isinstance(body, list):
        return [steady(value) for value in body]
    return round(body, 2) if isinstance(body, float) else body


@contextmanager
def app_when_needed(needed: bool) -> Iterator[Server | None]:
    """The solved app with a model that was trained for it, if anything is to be asked of it."""
    if not needed:
        yield None
        return
    with TemporaryDirectory(prefix="learn-", ignore_cleanup_errors=True) as name:
        folder = Path(name).resolve()
        solved = solved_files(COURSE.parent)
        write_app(folder, solved, solved, cache_folder())
        settings = {"MODEL_LOADER": None, "MODEL_DIR": trained(folder)}
        with serve(folder, folder / "run", settings) as app:
            yield app


def trained(folder: Path) -> Path:
    """The folder of a model, trained once."""
    model = cache_folder() / "iris-model"
    if not (model / "card.json").exists():
        command = [sys.executable, "-m", "app.models.iris.train", "--out", str(model)]
        start(command, folder, folder / "training", {}).wait()
    return model
