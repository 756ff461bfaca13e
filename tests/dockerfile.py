"""Does what a Dockerfile says in folders, without Docker: a stage is a folder, / is the top of it.

It knows the instructions and the options that the project's file has, and fails at any other. What
only root can do, and the installation of uv, are left out.
"""

import json
import os
import shutil
from dataclasses import dataclass, field
from pathlib import Path

from support import run, uv

LEFT_OUT = (
    "useradd --system --uid 10001 app && ",
    "-o 10001 ",
    "pip install --no-cache-dir uv==",
)
OF_THE_RUN_TIME = {"EXPOSE", "HEALTHCHECK", "USER", "VOLUME"}


@dataclass
class Stage:
    """A stage of an image: its files, and what a program in it is given."""

    top: Path
    folder: Path
    variables: dict[str, str] = field(default_factory=dict)
    command: list[str] = field(default_factory=list)

    def path(self, name: str) -> Path:
        """Return where a path of the image is."""
        return self.top / name.removeprefix("/") if name.startswith("/") else self.folder / name

    @property
    def environment(self) -> dict[str, str]:
        """What a program is given. It compiles what it imports: all would take a minute."""
        faster = {"UV_COMPILE_BYTECODE": "0", "UV_LINK_MODE": "hardlink"}
        return self.variables | faster | {"PYTHONDONTWRITEBYTECODE": ""}

    @property
    def start(self) -> list[str]:
        """The words of its command, with the program's path."""
        program = shutil.which(self.command[0], path=self.variables["PATH"])
        return [program or self.command[0], *self.command[1:]]


def instructions(dockerfile: Path) -> list[tuple[str, str]]:
    """Return each instruction and what follows it."""
    text = dockerfile.read_text("utf-8").replace("\\\n", "")
    lines = [line for line in text.splitlines() if line and not line.startswith("#")]
    return [(line.split(" ", 1)[0], line.split(" ", 1)[1]) for line in lines]


def build(project: Path, folder: Path, target: str = "") -> dict[str, Stage]:
    """Build the stages of a project's image up to this one; the last one has no name."""
    stages: dict[str, Stage] = {}
    name = ""
    for word, rest in instructions(project / "Dockerfile"):
        if word == "FROM":
            if name and name == target:
                break
            base, _, name = rest.partition(" AS ")
            stages[name] = begin(folder / (name or "last"), stages.get(base))
        else:
            do(stages, stages[name], word, rest, project)
    return stages


def begin(top: Path, base: Stage | None) -> Stage:
    """Return a new stage: empty, or with what another one has."""
    if base is None:
        return Stage(top, top, {"PATH": f"{Path(uv()).parent}{os.pathsep}{os.environ['PATH']}"})
    shutil.copytree(base.top, top, symlinks=True, copy_function=os.link)
    moved = {key: value.replace(str(base.top), str(top)) for key, value in base.variables.items()}
    return Stage(top, top / base.folder.relative_to(base.top), moved, base.command)


def do(stages: dict[str, Stage], stage: Stage, word: str, rest: str, project: Path) -> None:
    """Do what an instruction says."""
    if word == "WORKDIR":
        stage.folder = stage.path(rest)
        stage.folder.mkdir(parents=True, exist_ok=True)
    elif word == "ENV":
        for pair in rest.split():
            key, _, value = pair.partition("=")
            value = value.replace("$PATH", stage.variables["PATH"])
            stage.variables[key] = value.replace("/srv/", f"{stage.top}/srv/")
    elif word == "RUN":
        if not rest.startswith(LEFT_OUT[-1]):
            for part in LEFT_OUT:
                rest = rest.replace(part, "")
            command = rest.replace("/srv", f"{stage.top}/srv")
            stage.folder.mkdir(parents=True, exist_ok=True)
            run(["sh", "-euc", command], stage.folder, **stage.environment)
    elif word == "COPY":
        copy(stages, stage, rest.split(), project)
    elif word == "CMD":
        stage.command = json.loads(rest)
    else:
        assert word in OF_THE_RUN_TIME, f"{word} is not known here"


def copy(stages: dict[str, Stage], stage: Stage, words: list[str], project: Path) -> None:
    """Copy what is named, out of the project or another stage; a folder's content."""
    source = project
    if words[0].startswith("--from="):
        other = stages[words.pop(0).removeprefix("--from=")]
        source, words = other.top, [words[0].lstrip("/"), *words[1:]]
    else:
        allowed = (project / ".dockerignore").read_text("utf-8").splitlines()
        for word in words[:-1]:
            assert f"!{word.replace('[k]', 'k')}" in allowed, f"{word} is not in .dockerignore"
    *names, target = words
    for name in names:
        found = list(source.glob(name))
        assert found or "[" in name, f"COPY {name}: there is no such file"
        for path in found:
            if path.is_dir():
                shutil.copytree(path, stage.path(target), symlinks=True, dirs_exist_ok=True)
            else:
                shutil.copy(path, stage.path(target))
