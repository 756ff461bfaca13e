"""The swap of symbols: what it replaces, adds, and refuses."""

from textwrap import dedent

import pytest

from learn.chapters.symbols import SymbolError, definition, swap
from learn.chapters.variant import Variant

SOURCE = '''"""A module."""

import os

from app.errors import AppError
from app.settings import Settings

LIMIT = 3


@decorated
def first() -> int:
    """One."""
    return 1


class Second:
    """Two."""

    def method(self) -> int:
        """Two."""
        return 2

    def other(self) -> int:
        """Three."""
        return 3
'''


def swapped(variant: str) -> str:
    return swap(SOURCE, dedent(variant))


def test_a_function_is_replaced_with_its_decorators() -> None:
    assert swapped("def first() -> int:\n    return 9\n") == SOURCE.replace(
        '@decorated\ndef first() -> int:\n    """One."""\n    return 1\n',
        "def first() -> int:\n    return 9\n",
    )


def test_a_name_is_replaced() -> None:
    assert swapped("LIMIT = 5\n") == SOURCE.replace("LIMIT = 3", "LIMIT = 5")


def test_a_class_without_a_docstring_replaces_only_its_methods() -> None:
    changed = swapped("class Second:\n    def method(self) -> int:\n        return 9\n")
    expected = SOURCE.replace('        """Two."""\n        return 2\n', "        return 9\n")
    assert changed == expected


def test_a_class_with_a_docstring_is_a_whole_class() -> None:
    changed = swapped('class Second:\n    """Another."""\n')
    assert "def method" not in changed
    assert "def first" in changed


def test_an_import_is_added_in_order_and_only_once() -> None:
    changed = swapped(
        """
        import os
        from app.model import Model

        LIMIT = 5
        """
    )
    imports = changed.split("LIMIT")[0].split()
    assert imports.count("os") == 1
    order = [imports.index(name) for name in ("app.errors", "app.model", "app.settings")]
    assert order == sorted(order)


def test_what_is_new_goes_before_what_it_is_for() -> None:
    changed = swapped("made = []\n\n\ndef first() -> int:\n    return len(made)\n")
    assert changed.index("made = []") < changed.index("def first")
    assert changed.index("LIMIT") < changed.index("made = []")


def test_a_variant_for_something_else_is_refused() -> None:
    with pytest.raises(SymbolError, match="third"):
        swapped("def third() -> int:\n    return 3\n")


def test_a_definition_is_found_by_its_name() -> None:
    assert definition(SOURCE, "Second.other").startswith("    def other")
    assert definition(SOURCE, "first").startswith("@decorated")
    with pytest.raises(SymbolError, match=r"Second\.third"):
        definition(SOURCE, "Second.third")


def test_a_variant_may_be_for_several_files_and_have_whole_ones() -> None:
    text = 'LIMIT = 4\n# file: b.py\nLIMIT = 5\n# file: c.py\n"""New."""\n\nLIMIT = 6\n'
    files = {"a.py": "import os\n\nLIMIT = 1\n", "b.py": "LIMIT = 2\n", "c.py": "OLD = 3\n"}
    assert Variant("v", text, "a.py").apply(files) == {
        "a.py": "import os\n\nLIMIT = 4\n",
        "b.py": "LIMIT = 5\n",
        "c.py": '"""New."""\n\nLIMIT = 6\n',
    }
