"""What documents name, and what exists: read from Markdown, docstrings, comments and code.

No name of the project is written here. What exists is read from its files; the app itself is asked
for its routes and settings.
"""

import ast
import builtins
import importlib
import io
import json
import re
import sys
import tokenize
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple

from fastapi import FastAPI

from support import run

# Runs in a project; prints its routes and its settings.
FACTS = """
import json
from app.main import create_app
from app.settings import Settings
app = create_app(Settings())
paths = app.openapi()["paths"]
routes = {path: [method.upper() for method in operations] for path, operations in paths.items()}
pages = {route.path: ["GET"] for route in app.routes if hasattr(route, "path")}
print(json.dumps({"routes": pages | routes, "settings": [*map(str.upper, Settings.model_fields)]}))
"""
# Runs in a project; prints those of its commands that have no help.
HELP = """
import contextlib, importlib, io, json, sys
refused = []
for function, *words in json.loads(sys.argv[1]):
    module, _, name = function.partition(":")
    sys.argv = [*words, "--help"]
    try:
        with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
            getattr(importlib.import_module(module), name)()
    except SystemExit as end:
        if end.code:
            refused.append(words)
print(json.dumps(refused))
"""
# Documents also name what is in these, even where the code does not import it.
LIBRARIES = (
    "asyncio",
    "fastapi",
    "fastapi.responses",
    "pydantic",
    "signal",
    "starlette.middleware.trustedhost",
)

FENCE = re.compile(r"^( *)```(\w*)[^\n]*\n(.*?)^ *```$", re.MULTILINE | re.DOTALL)
SPAN = re.compile(r"(?<!`)(`{1,2})(?!`)((?:(?!\n\n)[^`])+)\1(?!`)")
SHOWN_FILE = re.compile(r"^```python\n# (\S+\.py)$", re.MULTILINE)
WORD = re.compile(r"[^\W\d]\w*")
READ = re.compile(r"(?:environ\.get\(|environ\[|getenv\()\"(\w+)\"")
CONFIGURATION = re.compile(
    r"(.*/)?(pyproject\.toml|cookiecutter\.json|.+\.(ya?ml|example)|Makefile|Dockerfile|run)"
)


class Said(NamedTuple):
    """A piece of text in a document, and where it stands."""

    document: str
    line: int
    text: str

    def __str__(self) -> str:
        """Return the line that a failing test shows."""
        return f"{self.document}:{self.line}: {self.text}"


class Text(NamedTuple):
    """A text for people: a page, a docstring, or a comment."""

    document: str
    line: int
    text: str

    def find(self, pattern: re.Pattern[str], group: int = 0) -> Iterator[Said]:
        """Yield each match of the pattern."""
        for match in pattern.finditer(self.text):
            line = self.line + self.text.count("\n", 0, match.start(group))
            yield Said(self.document, line, " ".join(match[group].split()))

    def spans(self) -> Iterator[Said]:
        """Yield what is between backticks, outside blocks."""
        return self.without_blocks(r"\w*").find(SPAN, 2)

    def without_blocks(self, language: str) -> "Text":
        """Return the text with the blocks of a language replaced by empty lines."""

        def blank(block: re.Match[str]) -> str:
            return "\n" * block[0].count("\n") if re.fullmatch(language, block[2]) else block[0]

        return self._replace(text=FENCE.sub(blank, self.text))


def is_prose(node: ast.AST) -> bool:
    """Tell whether a statement is a docstring, of a module, a class, a function or a name."""
    return (
        isinstance(node, ast.Expr)
        and isinstance(node.value, ast.Constant)
        and isinstance(node.value.value, str)
    )


def tokens(source: str) -> Iterator[tokenize.TokenInfo]:
    """Yield the tokens of a Python file."""
    return tokenize.generate_tokens(io.StringIO(source).readline)


def texts_of_python(name: str, source: str) -> Iterator[Text]:
    """Yield the docstrings of a Python file, then all its comments as one text."""
    lines = source.split("\n")  # once, and not for each docstring, as `ast` itself would
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Expr) and is_prose(node):
            yield Text(name, node.lineno, "\n".join(lines[node.lineno - 1 : node.end_lineno]))
    comments = dict.fromkeys(range(1, len(lines) + 1), "")
    comments |= {
        t.start[0]: t.string.lstrip("# ") for t in tokens(source) if t.type == tokenize.COMMENT
    }
    yield Text(name, 1, "\n".join(comments.values()))


def messages_of_python(name: str, source: str) -> Iterator[Text]:
    """Yield the strings of a Python file that contain a space: what its program prints."""
    for node in ast.walk(ast.parse(source)):
        match node:
            case ast.Constant(value=str(text)) if " " in text.strip():
                yield Text(name, node.lineno, text)


def words_of_python(source: str) -> set[str]:
    """Return the words of a Python file outside its docstrings and comments."""
    prose = {(n.lineno, n.col_offset) for n in ast.walk(ast.parse(source)) if is_prose(n)}  # type: ignore[attr-defined]
    code = (t.string for t in tokens(source) if t.type != tokenize.COMMENT and t.start not in prose)
    return {word for string in code for word in WORD.findall(string)}


def defined(tree: ast.AST) -> dict[str, ast.AST]:
    """Return the names that a module defines or imports at any depth, or a class in its body."""
    names: dict[str, ast.AST] = {}
    for node in tree.body if isinstance(tree, ast.ClassDef) else ast.walk(tree):
        match node:
            case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef():
                names.setdefault(node.name, node)
            case ast.Name(id=name, ctx=ast.Store()) | ast.AnnAssign(target=ast.Name(id=name)):
                names[name] = node
            case ast.Assign(targets=targets):
                names |= {target.id: node for target in targets if isinstance(target, ast.Name)}
            case ast.Import() | ast.ImportFrom():
                names |= {alias.asname or alias.name: node for alias in node.names}
    return names


@dataclass(frozen=True)
class House:
    """Documents, and the folders in which what they name is looked for."""

    files: dict[str, Path]  # by the name under which documents speak of them
    documents: set[str]
    app: Path

    @cached_property
    def texts(self) -> list[Text]:
        """Every text for people, and the files that hold nothing but such texts."""
        found: list[Text] = []
        for name in sorted(self.documents):
            if name.endswith(".py"):
                source = self.files[name].read_text("utf-8")
                found += texts_of_python(name, source)
                if "tests/" not in name:
                    found += messages_of_python(name, source)
            elif name.endswith((".md", "chapter.toml", "en.toml")):
                found.append(Text(name, 1, self.files[name].read_text("utf-8")))
        return found

    @cached_property
    def to_create(self) -> set[str]:
        """The files that a page shows, for its reader to write, and their folders."""
        files = {said.text.split()[-1] for said in self.find(SHOWN_FILE)}
        return files | {f"{folder}/" for name in files for folder in Path(name).parents}

    def find(self, pattern: re.Pattern[str]) -> Iterator[Said]:
        """Yield each match of the pattern in a text."""
        return (said for text in self.texts for said in text.find(pattern))

    def spans(self, pattern: re.Pattern[str]) -> Iterator[Said]:
        """Yield what is between backticks and is nothing but the pattern."""
        spans = (said for text in self.texts for said in text.spans())
        return (said for said in spans if pattern.fullmatch(said.text))

    @cached_property
    def places(self) -> set[str]:
        """Every file, and every folder with a slash at its end."""
        folders = (f"{folder}/" for name in self.files for folder in Path(name).parents)
        return {*self.files, *folders}

    @cached_property
    def tops(self) -> set[str]:
        """What lies at the top."""
        return {name.split("/")[0] for name in self.files}

    @cached_property
    def sources(self) -> list[str]:
        """The text of every Python file."""
        return [path.read_text("utf-8") for name, path in self.files.items() if name[-3:] == ".py"]

    @cached_property
    def configured(self) -> set[str]:
        """Every word of the configuration, without comments."""
        paths = (path for name, path in self.files.items() if CONFIGURATION.fullmatch(name))
        texts = (re.sub(r"(?m)(^|\s)#.*$", "", path.read_text("utf-8")) for path in paths)
        return {word for text in texts for word in WORD.findall(text)}

    @cached_property
    def words(self) -> set[str]:
        """Every word of the code and of the configuration, without docstrings and comments."""
        words = {word for source in self.sources for word in words_of_python(source)}
        return words | self.configured | set(self.facts["settings"])

    @cached_property
    def variables(self) -> set[str]:
        """Every setting, every name of the code, and every variable that the code reads.

        A string that only sets a variable does not count: perhaps nothing reads it any more.
        """
        names = {t.string for s in self.sources for t in tokens(s) if t.type == tokenize.NAME}
        read = {name for source in self.sources for name in READ.findall(source)}
        return names | read | self.configured | set(self.facts["settings"])

    @cached_property
    def strings(self) -> set[str]:
        """Every string of the code, in full; the names of files that it writes are among them."""
        nodes = (node for source in self.sources for node in ast.walk(ast.parse(source)))
        return {n.value for n in nodes if isinstance(n, ast.Constant) and isinstance(n.value, str)}

    @cached_property
    def facts(self) -> dict[str, Any]:
        """The routes with their methods, and the settings."""
        facts: dict[str, Any] = json.loads(run([sys.executable, "-c", FACTS], self.app))
        return facts

    @cached_property
    def scripts(self) -> dict[str, str]:
        """The project's own commands, and the functions that they call."""
        project = tomllib.loads((self.app / "pyproject.toml").read_text("utf-8"))["project"]
        scripts: dict[str, str] = project.get("scripts", {})
        return scripts

    def refused(self, commands: list[list[str]]) -> list[list[str]]:
        """Return those of the project's own commands that have no help."""
        named = [[self.scripts[words[0]], *words] for words in commands]
        command = [sys.executable, "-c", HELP, json.dumps(named)]
        refused: list[list[str]] = json.loads(run(command, self.app, PYTHONPATH="course"))
        return refused

    def has_place(self, name: str) -> bool:
        """Tell whether there is such a file or folder, at the top or below.

        `*` stands for any part of a name. What a program writes counts too, such as `card.json`.
        """
        first, last = name.split("/")[0], name.rstrip("/").split("/")[-1]
        if first not in self.tops and last in self.strings:
            return True
        wanted = "[^/]*".join(map(re.escape, name.removeprefix("./").split("*")))
        pattern = re.compile(rf"(.*/)?{wanted}/?")
        return any(pattern.fullmatch(place) for place in self.places | self.to_create)

    def has_module(self, name: str) -> bool:
        """Tell whether a dotted name is a module, or is defined by a module or by its class."""
        parts = name.replace(":", ".").split(".")
        if parts[0] == "app" and hasattr(FastAPI, parts[-1]):  # the app itself: app.include_router
            return True
        if f"{'/'.join(parts)}.py" in self.to_create or name in self.strings:  # a metric, say
            return True
        for end in range(len(parts), 0, -1):
            path = "/".join(parts[:end])
            for file in (f"{path}.py", f"{path}/__init__.py"):
                found = self.files.get(file) or self.files.get(f"course/{file}")
                if found:
                    return defines(ast.parse(found.read_text("utf-8")), parts[end:])
        return False

    def has_word(self, name: str) -> bool:
        """Tell whether the code has this name, or Python or a library of the project has."""
        return (
            name in self.words
            or hasattr(builtins, name)
            or any(hasattr(importlib.import_module(library), name) for library in LIBRARIES)
        )

    def has_route(self, method: str, path: str) -> bool:
        """Tell whether the app answers; a path without a method may also be a route's beginning."""
        named = re.sub(r"^/v1/models/\{name\}/", "/v1/models/iris/", path)  # those of each model
        # those of a model that is asked about a file
        named = re.sub(r"(/predict|/predictions)/upload$", r"\1", named)
        for route, methods in self.facts["routes"].items():
            pattern = re.sub(r"\{\w+\}", "[^/]+", route)
            if re.fullmatch(pattern, named) and (not method or method in methods):
                return True
            if not method and route.startswith(path.rstrip("/") + "/"):
                return True
        return False


def defines(tree: ast.AST, names: list[str]) -> bool:
    """Tell whether a module defines the first name, and that one, if it is a class, the second."""
    if not names:
        return True
    node = defined(tree).get(names[0])
    return node is not None and (not isinstance(node, ast.ClassDef) or defines(node, names[1:]))
