"""Files that cannot be graded, and the lines on which symbols begin."""

import ast
import warnings
from dataclasses import dataclass

from learn.chapters.files import Files
from learn.chapters.symbols import names, span


@dataclass(frozen=True)
class Fault:
    """Why a file cannot be graded: where, and what is wrong."""

    place: str  # `app/settings.py:12`
    cause: str
    line: str = ""  # the source on that line


def syntax_fault(name: str, source: str) -> Fault | None:
    """Return where Python cannot parse a file; None where it can."""
    try:
        with warnings.catch_warnings(action="ignore"):
            ast.parse(source.removeprefix("\ufeff"))
    except SyntaxError as error:
        cause = f"{type(error).__name__}: {error.msg}"
        if not error.lineno:
            return Fault(name, cause)
        line = "".join(source.split("\n")[error.lineno - 1 : error.lineno])
        return Fault(f"{name}:{error.lineno}", cause, line.strip())
    except (ValueError, RecursionError, MemoryError) as error:
        return Fault(name, f"{type(error).__name__}: {error}")
    return None


def first_fault(files: Files) -> Fault | None:
    """Return where Python cannot parse one of these files; None where it can parse all."""
    found = (syntax_fault(name, source) for name, source in files.items())
    return next(filter(None, found), None)


def line_of(source: str, symbol: str) -> int:
    """Return the line on which a symbol begins; the first one where there is no such symbol."""
    body: list[ast.stmt] = ast.parse(source.removeprefix("\ufeff")).body
    line = 1
    for name in filter(None, symbol.split(".")):
        found = next((node for node in body if name in names(node)), None)
        if found is None:
            break
        line = span(found)[0] + 1
        body = found.body if isinstance(found, ast.ClassDef) else []
    return line
