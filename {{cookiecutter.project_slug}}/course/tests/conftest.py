"""A small course to be a learner in: handed out, with three chapters that these tests know."""

import json
import os
import shutil
import signal
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from learn.chapters.files import write, write_files
from learn.chapters.folders import COURSE
from learn.chapters.handout import SOLUTION, hand_out, hashes, solved_files

HINTS = """## 1

Which *status* has an answer?

## 2

See `ready`.

## 3

```parsons
return Live()
return None
```

## 4

Return `Live()`.
"""
LESSON = """# A lesson

## Predict

A question.

![Two lines](lines.svg)

```python app/health.py:ready
async def ready() -> Ready:
```

```http alive
GET /health/live

HTTP 200
{
  "status": "ok"
}
```
"""
PREDICT = """
[[predict]]
question = "What does [GET] /health/live say?"
choices = ["200, all is well", "503, nothing is"]
right = 1
exchange = "alive"
because = "The process answers."
"""
LIVE = """from app.todo import TodoError


@router.get("/live")
async def live() -> Live:
    \"\"\"The process answers.\"\"\"
    # 1. Say so.
    raise TodoError("01", "say that the process answers.")
"""
LIVE_GRADER = """from learn.grading.lab import Lab, check


@check("twice")
def twice(lab: Lab) -> None:
    lab.app.get(f"/health/live?{lab.word()}").expect(200, why="status", code=200)


@check("word")
def word(lab: Lab) -> None:
    lab.app.get("/health/live").expect(200, {"status": "ok"}, why="word")
"""
MUTE = '''"""Says something else. Rejected by: word."""


@router.get("/live")
async def live() -> dict[str, str]:
    """The process answers."""
    return {"status": "no"}
'''
ASLEEP = '''"""Refuses. Rejected by: twice."""


@router.get("/live", status_code=503)
async def live() -> Live:
    """The process answers."""
    return Live()
'''
PLAIN = '''"""A dict will do."""


@router.get("/live")
def live() -> dict[str, str]:
    """The process answers."""
    return {"status": "ok"}
'''
ASK = """from app.todo import TodoError


@router.post("/ask")
async def ask_model(features: Features, model: ModelDep) -> dict[str, float]:
    \"\"\"How probable each label is.\"\"\"
    raise TodoError("02", "ask the model.")
"""
ASK_GRADER = """from learn.grading.lab import Lab, check


@check("asked")
def asked(lab: Lab) -> None:
    lab.app.post("/v1/concurrency/ask", lab.flower()).expect(200, why="status")
"""
CHAPTERS = {
    "ch00_begin/chapter.toml": """title = "Begin"
objective = "Look around."
todo = "Answer the question."
"""
    + PREDICT,
    "ch01_live/chapter.toml": """title = "살아 있음"
objective = "Say that the process answers."
targets = ["app/health.py:live"]
todo = "Write live: it says that the process answers."
[[checks]]
id = "twice"
title = "GET /health/live answers 200"
[[checks]]
id = "word"
title = "its answer says ok"
[why]
status = "an answer without a fault has the status {code}"
word = "정상이면 ok 라고 답해야 합니다"
"""
    + PREDICT,
    "ch01_live/starter.py": LIVE,
    "ch01_live/grader.py": LIVE_GRADER,
    "ch01_live/mutants/asleep.py": ASLEEP,
    "ch01_live/mutants/mute.py": MUTE,
    "ch01_live/alternatives/plain.py": PLAIN,
    "ch02_ask/chapter.toml": """title = "Ask"
objective = "Ask the model."
targets = ["app/showcases/concurrency/router.py:ask_model"]
todo = "Write ask_model."
[[checks]]
id = "asked"
title = "POST /v1/concurrency/ask answers 200"
[why]
status = "the model was not asked"
""",
    "ch02_ask/starter.py": ASK,
    "ch02_ask/grader.py": ASK_GRADER,
}


@dataclass
class Desk:
    """A learner's project, and the command in it."""

    project: Path
    state: Path
    environment: dict[str, str] = field(default_factory=dict)

    @property
    def variables(self) -> dict[str, str]:
        """The environment of the command."""
        kept = {k: v for k, v in os.environ.items() if not k.startswith(("LEARN_", "LC_", "COV"))}
        own = {
            "PYTHONPATH": str(self.project / "course"),
            "PYTHONDONTWRITEBYTECODE": "1",
            "PYTHONIOENCODING": "utf-8",
            "LEARN_STATE": str(self.state),
            "LEARN_CACHE": str(self.state.parent / "cache"),
            "LANG": "en_US.UTF-8",
            "COLUMNS": "80",
        }
        return kept | own | self.environment

    def learn(
        self, *words: str, typed: str = "", seconds: int = 120
    ) -> "subprocess.CompletedProcess[str]":
        """Run the command to its end."""
        return self.python("-m", "learn", *words, typed=typed, seconds=seconds)

    def python(
        self, *words: str, typed: str = "", seconds: int = 120
    ) -> "subprocess.CompletedProcess[str]":
        """Run Python as the command is run."""
        return subprocess.run(
            [sys.executable, *words],
            cwd=self.project,
            env=self.variables,
            input=typed,
            capture_output=True,
            text=True,
            encoding="utf-8",
            timeout=seconds,
            check=False,
        )

    def solve(self, chapter: str = "01") -> None:
        """Write the solution of a chapter."""
        name = {"01": "app/health.py", "02": "app/showcases/concurrency/router.py"}[chapter]
        write_files(self.project, {name: solved_files(self.project)[name]})

    def seal(self) -> None:
        """Seal the files that grade as they are now, as if they were handed out so."""
        path = self.project / SOLUTION
        kept = json.loads(path.read_text("utf-8"))
        write(path, json.dumps(kept | {"sealed": hashes(self.project)}))

    def change(self, name: str, old: str, new: str) -> None:
        """Change a file."""
        text = (self.project / name).read_text("utf-8")
        assert old in text
        write(self.project / name, text.replace(old, new))

    @property
    def progress(self) -> dict[str, Any]:
        """What is recorded of each chapter."""
        noted = json.loads((self.state / "progress.json").read_text("utf-8"))
        return dict(noted["chapters"])


@pytest.fixture(scope="session", autouse=True)
def own_notes(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Leave nothing in the project, and use nothing that was left there."""
    os.environ["LEARN_STATE"] = str(tmp_path_factory.getbasetemp())
    # what is started from here gets Ctrl-C, even where a shell runs this in the background
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(scope="session")
def small_course(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The course, handed out; to be copied."""
    project = tmp_path_factory.mktemp("course")
    write_files(project, solved_files(COURSE.parent))
    skipped = shutil.ignore_patterns("__pycache__")
    shutil.copytree(COURSE / "learn", project / "course/learn", ignore=skipped)
    for name, text in CHAPTERS.items():
        write(project / "course/chapters" / name, text)
    for chapter in ("ch00_begin", "ch01_live", "ch02_ask"):
        write(project / "course/chapters" / chapter / "lesson.md", LESSON)
        write(project / "course/chapters" / chapter / "hints.md", HINTS)
    hand_out(project)
    return project


@pytest.fixture
def desk(small_course: Path, tmp_path: Path, tmp_path_factory: pytest.TempPathFactory) -> Desk:
    """A learner who has just begun."""
    project = tmp_path / "project"
    shutil.copytree(small_course, project)
    assert (project / SOLUTION).exists()
    cache = tmp_path_factory.getbasetemp() / "cache"
    return Desk(project, tmp_path / "state", {"LEARN_CACHE": str(cache)})
