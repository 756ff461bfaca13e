"""Variants: other definitions of a chapter's symbols, such as starters and mutants.

Standard library only: the template's hook runs this where nothing is installed.
"""

import re
from dataclasses import dataclass

from learn.chapters.files import Files
from learn.chapters.symbols import parts, swap

REJECTED_BY = re.compile(r"Rejected by: ([a-z0-9-]+)\.?\s*$")


@dataclass(frozen=True)
class Variant:
    """Another definition of some symbols."""

    name: str
    text: str
    default: str  # the file of the part before any `# file:` line

    @property
    def summary(self) -> str:
        """Its docstring, on one line."""
        found = re.match(r'"""(.*?)"""', self.text, re.DOTALL)
        return " ".join(found[1].split()) if found else ""

    @property
    def rejected_by(self) -> str:
        """The check that a mutant's docstring names; empty where it names none."""
        found = REJECTED_BY.search(self.summary)
        return found[1] if found else ""

    def apply(self, files: Files) -> Files:
        """Return the files with this variant in them.

        A part that has a docstring and begins with `# file:` is a whole file.
        """
        (default, text), *marked = parts(self.text, self.default)
        changed = files | {default: swap(files[default], text)}
        for path, text in marked:
            whole = text.startswith('"""')
            changed[path] = text.strip() + "\n" if whole else swap(changed[path], text)
        return changed
