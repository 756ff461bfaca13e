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


def edit(path: Path, old: str, new: str) -> None:
    """Replace text in a file, which must be there."""
    text = path.read_text("utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1))


USERS = {  # what the template does with each of them: see `change_everything`
    "app/security.py": "removed",
    "app/errors.py": "renamed",
    "app/state.py": "changed in the same line",
    "app/added.py": "added with other text",
    "app/models/mine.py": "its folder is removed",
    "app/kit/my_pagination.py": "also renamed, by another name",
    "app/my_health.py": "changed, but the user has renamed it",
}
RENAMED = {"app/kit/pagination.py": "app/kit/my_pagination.py", "app/health.py": "app/my_health.py"}
FIRST_LINE = '"""What every request can use'


def work(project: Path) -> None:
    """Do what a user may do: change, add, rename and remove files."""
    for old, new in RENAMED.items():
        (project / old).rename(project / new)
    edit(project / "app" / "state.py", FIRST_LINE, f"{FIRST_LINE}{OF_THE_USER.strip()}")
    for name in USERS.keys() - {"app/state.py"}:
        with (project / name).open("a", encoding="utf-8") as file:
            file.write(OF_THE_USER)
    (project / "app" / "lifespan.py").unlink()


def change_everything(template: Path) -> None:
    """Change, remove and rename in the template what the user has worked on."""
    app = template / TEMPLATE.name / "app"
    for name in ("security.py", "models/__init__.py"):
        (app / name).unlink()
    shutil.rmtree(app / "models" / "iris")
    (app / "errors.py").rename(app / "faults.py")
    (app / "kit" / "pagination.py").rename(app / "kit" / "pages.py")
    edit(app / "state.py", FIRST_LINE, '"""Of the template')
    for name in ("added.py", "lifespan.py", "health.py"):
        with (app / name).open("a", encoding="utf-8") as file:
            file.write(OF_THE_TEMPLATE)
    commit(template)


@pytest.mark.parametrize("in_git", [True, False], ids=["project in git", "project not in git"])
def test_edits_survive_whatever_the_template_does(
    template: Path, tmp_path: Path, in_git: bool
) -> None:
    """And what could not be applied is said, and left in a .rej file or between marks."""
    project = create(template, tmp_path / "projects")
    work(project)
    if in_git:
        run(["git", "init", "--quiet"], project)
        commit(project)
    before = files(project)
    change_everything(template)

    said = run([script("cruft"), "update", "--skip-apply-ask"], project)

    for name, fate in USERS.items():
        now = "app/faults.py" if fate == "renamed" else name
        assert OF_THE_USER.strip() in (project / now).read_text("utf-8"), name
    gone = {name for name in before - files(project) if not name.startswith("app/models/")}
    assert gone == {"app/errors.py"}
    for conflict in ("app/security.py", "app/state.py", "app/added.py"):
        assert f"error: {conflict}: " in said or f"error: patch failed: {conflict}" in said
    assert "conflicts with the update" in said
    assert FIRST_LINE[3:] in (project / "app" / "state.py.rej").read_text("utf-8")
    assert not (project / "app" / "lifespan.py").exists()


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
