"""Replace the definition of a symbol with another one, by its lines.

A symbol is what a module defines: a function, a class, a name, or a method (`Runner.run`). A
*variant* is a piece of Python that defines some symbols differently. Starters, mutants and
alternatives are made this way from the one source, which has no markers in it.

Standard library only: the template's hook runs this where nothing is installed.
"""

import ast
import re
import sys
from collections.abc import Iterator

Edit = tuple[int, int, list[str]]  # first line, line after the last, the lines that replace them

FILE_MARK = re.compile(r"^# file: (\S+)\n", re.MULTILINE)
IMPORTS = (ast.Import, ast.ImportFrom)


class SymbolError(ValueError):
    """A variant does not fit the source that it is for."""


def parts(variant: str, default: str) -> Iterator[tuple[str, str]]:
    """Yield each part of a variant with its file; `# file: app/main.py` begins a part."""
    first, *rest = FILE_MARK.split(variant)
    yield default, first
    yield from zip(rest[::2], rest[1::2], strict=True)


def swap(source: str, variant: str) -> str:
    """Return the source with the variant's definitions instead of its own.

    A class without a docstring replaces only its methods. What the source does not define goes
    before the first definition that is replaced; imports that it lacks join its own.
    """
    lines = source.split("\n")
    edits: list[Edit] = []
    wanted: list[ast.stmt] = []
    for node in ast.parse(variant).body:
        if isinstance(node, IMPORTS):
            edits += import_edits(ast.parse(source), node)
        elif names(node):
            wanted.append(node)
    edits += body_edits(ast.parse(source).body, wanted, variant.split("\n"), blank_lines=2)
    for first, end, text in sorted(edits, key=lambda edit: edit[:2], reverse=True):
        lines[first:end] = text
    return "\n".join(lines)


def body_edits(
    body: list[ast.stmt], wanted: list[ast.stmt], text: list[str], blank_lines: int
) -> Iterator[Edit]:
    """Yield the edits that put the wanted statements into the body of a module or class."""
    there = {name: node for node in body for name in names(node)}
    places = [there[name] for node in wanted for name in names(node) if name in there]
    if wanted and not places:
        raise SymbolError(f"nothing here is called {', '.join(names(wanted[0]))}")
    start = min((span(node)[0] for node in places), default=0)
    for node in wanted:
        first, end = span(node)
        old = next((there[name] for name in names(node) if name in there), None)
        if old is None:
            yield start, start, [*text[first:end], *[""] * blank_lines]
        elif isinstance(node, ast.ClassDef) and isinstance(old, ast.ClassDef) and is_partial(node):
            yield from body_edits(old.body, node.body, text, blank_lines=1)
        else:
            yield *span(old), text[first:end]


def is_partial(node: ast.ClassDef) -> bool:
    """Tell whether a class of a variant replaces only its methods."""
    return ast.get_docstring(node) is None


def definition(source: str, symbol: str) -> str:
    """Return the lines that define a symbol, or raise SymbolError."""
    body: list[ast.stmt] = ast.parse(source).body
    found: ast.stmt | None = None
    for name in symbol.split("."):
        found = next((node for node in body if name in names(node)), None)
        if found is None:
            raise SymbolError(f"nothing here is called {symbol}")
        body = found.body if isinstance(found, ast.ClassDef) else []
    if found is None:
        raise SymbolError("a symbol has a name")
    first, end = span(found)
    return "\n".join(source.split("\n")[first:end])


def names(node: ast.stmt) -> list[str]:
    """Return the names that a statement defines."""
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        return [node.name]
    targets = node.targets if isinstance(node, ast.Assign) else []
    if isinstance(node, ast.AnnAssign):
        targets = [node.target]
    return [target.id for target in targets if isinstance(target, ast.Name)]


def span(node: ast.stmt) -> tuple[int, int]:
    """Return its first line, counted from 0 and with decorators, and the line after its last."""
    decorators: list[ast.expr] = getattr(node, "decorator_list", [])
    return min([node.lineno, *(d.lineno for d in decorators)]) - 1, node.end_lineno or node.lineno


def package_of(node: ast.stmt) -> str:
    """The package that an import names first."""
    return ast.unparse(node).split()[1].partition(".")[0]


def section(package: str) -> int:
    """The block of imports it belongs to: the standard library's, other packages', the app's."""
    return 0 if package in sys.stdlib_module_names else 2 if package == "app" else 1


def import_edits(module: ast.Module, wanted: ast.stmt) -> list[Edit]:
    """Return the edit that adds an import in alphabetical order; none if it is there already."""
    there = [node for node in module.body if isinstance(node, IMPORTS)]
    line = ast.unparse(wanted)
    if line in map(ast.unparse, there):
        return []
    if not there:
        raise SymbolError(f"there is no import to put this one next to: {line}")
    package = package_of(wanted)
    same = [n for n in there if package_of(n) == package]
    near = same or [n for n in there if section(package_of(n)) == section(package)] or there
    after = [node for node in near if ast.unparse(node) < line]
    place = span(after[-1])[1] if after else span(near[0])[0]
    return [(place, place, [line])]
