"""Make every alternative anew, each in a folder and an environment of its own.

Prints what was installed. One that cannot be made is listed with the reason, and is not measured.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

from benchmarks import measure, project
from benchmarks.measure import markdown
from benchmarks.serving import models
from benchmarks.serving.alternatives import MADE, OURS, Alternative, Command

RECORD = "prepared.json"
SHOWN = ("fastapi", "starlette", "uvicorn", "pydantic", "onnxruntime")
VERSIONS = """
import importlib.metadata as m, json
print(json.dumps({d.name.lower().replace("_", "-"): d.version for d in m.distributions()}))
"""


def words(command: Command, python: str) -> list[str]:
    """Return the command line with its placeholders filled in."""
    uv = project.find_uv() or sys.exit("uv is missing; `make test` brings one")
    named = {"uv": uv, "python": python, "root": str(project.ROOT)}
    return [word.format(**named) for word in command.words]


def run(command: Command, folder: Path, python: str, **extra: str) -> float:
    """Run one command, and return its seconds."""
    line = words(command, python)
    path = os.pathsep.join([str(Path(line[0]).parent), os.environ["PATH"]])
    extra = {"UV_PYTHON": python, "PATH": path, **extra}
    return project.timed(line, folder / command.folder, command.stdin, **extra)


def refuse_in_a_project(folder: Path) -> None:
    """End if uv would take what is made there for a part of another project."""
    for parent in folder.resolve().parents:
        if (parent / "pyproject.toml").exists():
            sys.exit(f"{folder} lies in the project {parent}: choose another --folder")


def make(alternative: Alternative, folder: Path, python: str, **extra: str) -> list[float]:
    """Run the alternative's own commands in an empty folder, and return the seconds of each."""
    refuse_in_a_project(folder)
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    return [run(command, folder, python, **extra) for command in alternative.steps]


def add(alternative: Alternative, folder: Path, python: str) -> None:
    """Add what the measurement needs."""
    for command in alternative.extras:
        run(command, folder, python)
    name, lines = alternative.route
    if name:
        with (folder / alternative.home / name).open("a", encoding="utf-8") as file:
            file.write(lines)


def versions(alternative: Alternative, folder: Path) -> dict[str, str]:
    """Return what is installed in the alternative's environment."""
    python = project.interpreter(folder / alternative.home)
    listed = subprocess.run([python, "-c", VERSIONS], capture_output=True, check=True)
    found: dict[str, str] = json.loads(listed.stdout)
    return found


def prepare(alternative: Alternative, folder: Path, python: str) -> dict[str, str]:
    """Make one, and return its versions, or the reason why there are none."""
    try:
        make(alternative, folder, python)
        add(alternative, folder, python)
    except (project.FailedError, OSError, subprocess.TimeoutExpired) as error:
        return {"failed": str(error)}
    return versions(alternative, folder)


def table(record: dict[str, dict[str, str]], python: str) -> str:
    """Return the table, with a row for each alternative."""
    rows = []
    for alternative in MADE:
        found = record[alternative.name]
        own = "" if alternative is OURS else generator_version(alternative, found, python)
        rows.append(
            [alternative.name, found.get("failed", own), *(found.get(n, "") for n in SHOWN)]
        )
    return markdown(["made", "its version", *SHOWN], rows)


def generator_version(alternative: Alternative, found: dict[str, str], python: str) -> str:
    """Return the version of what was installed, or of a generator, which is not in the project."""
    if alternative.package in found:
        return found[alternative.package]
    uv = project.find_uv() or "uv"
    asked = [uv, "tool", "run", "--quiet", "--from", alternative.package, "python", "-c", VERSIONS]
    listed = subprocess.run(
        asked, env=project.clean_environment(UV_PYTHON=python), capture_output=True, check=False
    )
    return str(json.loads(listed.stdout or "{}").get(alternative.package, "unknown"))


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the command line's options."""
    parser.add_argument(
        "--python", default=sys.executable, help="the Python of all (this one); the peers need 3.12"
    )
    parser.set_defaults(run=main)


def main(options: argparse.Namespace) -> None:
    """Make all of them, write down the results, and print the table."""
    folder: Path = options.folder
    record = {}
    for alternative in measure.progress(MADE, "Preparing"):
        measure.note(alternative.name)
        record[alternative.name] = prepare(alternative, folder / alternative.name, options.python)
    (folder / RECORD).write_text(json.dumps(record, indent=2))
    measure.say(table(record, options.python))
    measure.say(models.prepare(folder, folder / OURS.name / OURS.home))
