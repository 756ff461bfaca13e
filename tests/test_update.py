"""`cruft update` brings in what the template changed, and keeps what is the user's."""

import json
import shutil
from pathlib import Path

import pytest

from support import ROOT, TEMPLATE, run, script, tracked, tree

OF_THE_TEMPLATE = "# a line of the template\n"
OF_THE_USER = "\n# a line of the user\n"


def commit(folder: Path) -> None:
    run(["git", "add", "--all"], folder)
    run(["git", "commit", "--quiet", "--message", "a change"], folder)


@pytest.fixture
def template(tmp_path: Path) -> Path:
    """Return this template as a separate git repository, including what is not committed yet."""
    folder = tmp_path / "template"
    for name in tracked(ROOT):
        target = folder / name
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, target)
    run(["git", "init", "--quiet"], folder)
    commit(folder)
    return folder


def create(template: Path, folder: Path, **answers: str) -> Path:
    """Generate with cruft, as a user does, without containers, so that something is pruned."""
    given = json.dumps({"container": "no", **answers})
    options = ["--no-input", "--extra-context", given, "--output-dir", folder]
    run([script("cruft"), "create", template, *options], folder.parent)
    return folder / "iris-service"


def change(template: Path) -> None:
    """Change a file that the user also changed, files that were pruned, and both examples."""
    project = template / TEMPLATE.name
    main = project / "app" / "main.py"
    main.write_text(OF_THE_TEMPLATE + main.read_text("utf-8"))
    for name in ("Dockerfile", ".env.example", ".env.prod.example"):
        path = project / name
        path.write_text(path.read_text("utf-8") + OF_THE_TEMPLATE)
    (project / "app" / "new.py").write_text('"""New in this version."""\n')
    commit(template)


def test_celery_can_be_added_later(template: Path, tmp_path: Path) -> None:
    """Run the command that docs/deploy.md gives in a project without it."""
    project = create(template, tmp_path / "projects")
    run(["git", "init", "--quiet"], project)
    commit(project)
    answers = '{"task_engine": "celery"}'
    assert answers in (project / "docs" / "deploy.md").read_text("utf-8")
    run([script("cruft"), "update", "--skip-apply-ask", "--variables-to-update", answers], project)
    assert (project / "app" / "tasks" / "engine" / "celery" / "worker.py").exists()
    assert "celery[redis]" in (project / "pyproject.toml").read_text("utf-8")
    assert not (project / "compose.yaml").exists()
    assert not list(project.rglob("*.rej"))


def files(project: Path) -> set[str]:
    return {name for name in tree(project) if not name.startswith(".git/")}


@pytest.mark.parametrize("in_git", [True, False], ids=["project in git", "project not in git"])
def test_an_update_keeps_what_is_the_users(template: Path, tmp_path: Path, in_git: bool) -> None:
    project = create(template, tmp_path / "projects")
    main = project / "app" / "main.py"
    main.write_text(main.read_text("utf-8") + OF_THE_USER)
    (project / ".env").write_text("PORT=8001\n")
    settings = {name: (project / name).read_bytes() for name in (".env", ".env.prod")}
    if in_git:
        run(["git", "init", "--quiet"], project)
        commit(project)
    before = files(project)
    assert "Dockerfile" not in before
    change(template)

    run([script("cruft"), "update", "--skip-apply-ask"], project)

    text = main.read_text("utf-8")
    assert text.startswith(OF_THE_TEMPLATE)
    assert text.endswith(OF_THE_USER)
    assert (project / ".env.example").read_text("utf-8").endswith(OF_THE_TEMPLATE)
    # Nothing that was pruned is back, and no .rej or .orig file says that a change did not apply.
    assert files(project) ^ before == {"app/new.py"}
    assert {name: (project / name).read_bytes() for name in settings} == settings
    run([script("cruft"), "check"], project)


def test_a_learner_keeps_work_and_progress(template: Path, tmp_path: Path) -> None:
    """The update changes the course around an exercise that is solved and one that is not."""
    project = create(template, tmp_path / "projects", edition="course")
    run(["git", "init", "--quiet"], project)
    commit(project)
    exercise = project / "app" / "showcases" / "concurrency" / "router.py"
    solved = (TEMPLATE / "app" / "showcases" / "concurrency" / "router.py").read_text(
        "utf-8"
    ) + OF_THE_USER
    exercise.write_text(solved)
    progress = project / ".learn" / "progress.json"
    progress.parent.mkdir()
    progress.write_text("{}")
    commit(project)
    source = template / TEMPLATE.name
    for name in ("app/health.py", "course/chapters/ch06_async/chapter.toml"):
        path = source / name
        path.write_text(OF_THE_TEMPLATE + path.read_text("utf-8"))
    commit(template)

    run([script("cruft"), "update", "--skip-apply-ask"], project)

    assert exercise.read_text("utf-8") == solved
    assert progress.read_text("utf-8") == "{}"
    for name in ("app/health.py", "course/chapters/ch06_async/chapter.toml"):
        assert (project / name).read_text("utf-8").startswith(OF_THE_TEMPLATE)
    kept = json.loads((project / "course" / "solution.json").read_text("utf-8"))["files"]
    assert kept["app/health.py"][0] == OF_THE_TEMPLATE.strip()
    assert kept["app/showcases/concurrency/router.py"] != solved.split("\n")
    assert not list(project.rglob("*.rej"))
