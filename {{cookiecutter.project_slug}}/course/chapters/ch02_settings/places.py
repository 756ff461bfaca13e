"""Chapter 02: the app in several folders, with and without `.env` files, and what it finds."""

import json
import shutil
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from learn.grading.lab import Lab, Server
from learn.grading.process import why_it_ended
from learn.grading.server import serve

OWN_KEY = {"API_KEY": "k" * 32}
ACCEPTED = [
    *({"PORT": port} for port in ("1", "443", "65535")),
    *({"WORKERS": workers} for workers in ("1", "64")),
    *({"APP_ENV": name} | OWN_KEY for name in ("dev", "staging", "prod")),
]
REFUSED = [
    *({"APP_ENV": name} | OWN_KEY for name in ("production", "DEV", "test")),
    *({"PORT": port} for port in ("0", "-1", "65536", "80O0", "8000.5")),
    *({"WORKERS": workers} for workers in ("0", "65", "two")),
]
WORDS = {"false": False, "off": False, "no": False, "0": False, "true": True, "on": True}


@dataclass(frozen=True)
class Case:
    """Settings that were read, but not served with."""

    variables: dict[str, str]
    values: dict[str, Any] | None  # None when they were refused
    text: str  # everything that shows them: their `repr`, the error's message


class Site:
    """The servers of a run, and two programs that run alongside them."""

    def __init__(self, lab: Lab) -> None:
        self.lab = lab
        self.key, self.short_key, self.slip = lab.word(40), lab.word(12), lab.word(10)
        limits = lab.random.sample(range(1_024, 3_000), 4)
        self.in_file, self.in_environment, self.in_staging, self.in_prod = limits
        self.wrong = lab.random.choice(REFUSED)
        self.one_file = self.folder(
            env=f"MAX_BODY_BYTES={self.in_file}\nDOCS_ENABLED=false\nWORKERS=\nUNKNOWN=1\n"
        )
        self.two_files = self.folder(
            env=f"APP_ENV=staging\nAPI_KEY={self.key}\nMAX_BODY_BYTES={self.in_file}\n",
            env_staging=f"MAX_BODY_BYTES={self.in_staging}\n",
            env_prod=f"MAX_BODY_BYTES={self.in_prod}\n",
        )
        self._programs = lab.enter(ThreadPoolExecutor(2))
        self.with_nothing = self._serve(lab.folder)
        self._trial = self._run("-m", "chapters.ch02_settings.trial", json.dumps(self.job()))

    def folder(self, **files: str) -> Path:
        """Copy the app, with these files next to it; `env_prod` is `.env.prod`."""
        place = self.lab.new_work() / "project"
        shutil.copytree(self.lab.folder / "app", place / "app")
        for name, text in files.items():
            (place / f".{name.replace('_', '.')}").write_text(text, "utf-8")
        return place

    def _serve(self, folder: Path, **variables: object) -> Server:
        """Start a server in this folder, without waiting for it."""
        return self.lab.enter(serve(folder, self.lab.new_work(), variables, wait=False))

    def _run(self, *arguments: str, **variables: object) -> "Future[tuple[int, str]]":
        """Run a program, without waiting for it."""
        return self._programs.submit(
            self.lab.run, *arguments, work=self.lab.new_work(), **variables
        )

    @cached_property
    def servers(self) -> dict[str, Server]:
        """The servers that have something set, all started by the first check that asks."""
        limit = self.in_environment
        started = {
            "file": self._serve(self.one_file),
            "both": self._serve(self.one_file, MAX_BODY_BYTES=limit),
            "wrong": self._serve(self.lab.folder, **self.wrong),
            "two files": self._serve(self.two_files),
        }
        self.lab.enter(stopped_together(started.values()))
        self.report = self._run("-m", "app.settings", API_KEY=self.key)
        return started

    def job(self) -> dict[str, list[dict[str, Any]]]:
        """Return the trial's input: groups of cases, each a folder and variables."""
        groups: dict[str, list[dict[str, str]]] = {
            "nothing": [{}],
            "accepted": ACCEPTED,
            "refused": REFUSED,
            "words": [{"DOCS_ENABLED": word} for word in WORDS],
            "key": [{"API_KEY": self.key}],
            "slips": [{"APP_ENV": "prod", "API_KEY": self.short_key}, {"WORKERS": self.slip}],
            "prod": [{"APP_ENV": "prod"}],
        }
        here, there = str(self.lab.folder), str(self.two_files)
        return {
            group: [{"folder": there if group == "prod" else here, "variables": v} for v in cases]
            for group, cases in groups.items()
        }

    @cached_property
    def trial(self) -> dict[str, Any]:
        """What the trial reported, in the last line of its own."""
        status, said = self._trial.result()
        lines = [line for line in said.splitlines() if line.startswith('{"imported"')]
        if not lines:
            raise why_it_ended(said, status, self.lab.folder)
        found: dict[str, Any] = json.loads(lines[-1])
        return found

    def cases(self, group: str) -> list[Case]:
        """Return the results of a group of cases."""
        return [Case(**found) for found in self.trial["results"][group]]


@contextmanager
def stopped_together(servers: Iterable[Server]) -> Iterator[None]:
    """Stop all servers at once at the end, so that none waits for another."""
    yield
    for server in servers:
        server.process.terminate()
