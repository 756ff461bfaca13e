"""How long a project takes to generate, next to templates that could not be smaller.

Whole processes of `cookiecutter --no-input`, one after the other, into a new folder each time.
"""

import json
import shutil
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks import measure, project
from benchmarks.ending import guarded
from benchmarks.measure import markdown, paired, spread, verdict

TARGET = 1.80
FILES = 60
COLUMNS = ["template", "seconds", "ratio to one file", "target"]


@dataclass
class Template:
    """A template, and how long each generation took."""

    name: str
    folder: Path
    target: float | None = None
    seconds: list[float] = field(default_factory=list)

    def generate(self, output: Path) -> None:
        """Generate once more, and remove what was made."""
        output.mkdir()
        self.seconds.append(project.run(project.cookiecutter(self.folder, output), output))
        shutil.rmtree(output)


def trivial_template(folder: Path, files: int, hooks: tuple[str, ...] = ()) -> Path:
    """Write a template with one question, empty hooks and so many files of one line."""
    inner = folder / "{{cookiecutter.project_slug}}"
    inner.mkdir(parents=True)
    (folder / "cookiecutter.json").write_text(json.dumps({"project_slug": "trivial"}))
    for number in range(files):
        (inner / f"file{number}.txt").write_text("{{ cookiecutter.project_slug }}\n")
    for hook in hooks:
        (folder / "hooks").mkdir(exist_ok=True)
        (folder / "hooks" / f"{hook}.py").touch()
    return folder


def templates(folder: Path) -> list[Template]:
    """Return the templates to compare: the yardstick first, this one last."""
    one = trivial_template(folder / "one", 1)
    many = trivial_template(folder / "many", FILES, ("pre_gen_project", "post_gen_project"))
    return [
        Template("one file of one line", one),
        Template(f"{FILES} such files and two empty hooks", many),
        Template("this template", project.ROOT, TARGET),
    ]


def table(measured: list[Template]) -> str:
    """Return the table, with a row for each template."""
    yardstick = measured[0].seconds
    rows = []
    for template in measured:
        ratio = paired(template.seconds, yardstick)
        times = "1" if template.seconds is yardstick else ratio.text(2)
        result = verdict(ratio.median, template.target)
        rows.append([template.name, spread(template.seconds).text(2), times, result])
    return markdown(COLUMNS, rows)


def main() -> None:
    """Generate each template in turn, and print the table."""
    rounds = measure.options(__doc__, 20, "times each template is generated").rounds
    with project.scratch_folder() as folder:
        measured = templates(folder)
        for template in measured:
            template.generate(folder / "output")
            template.seconds.clear()  # that one read the files from the disk
        for _ in measure.progress(range(rounds), "Generating"):
            for template in measured:
                template.generate(folder / "output")
    measure.say(table(measured))


if __name__ == "__main__":
    guarded(main)
