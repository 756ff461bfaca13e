"""Generating as a person does: the command line, --replay, over an existing project."""

import json
import os
import stat
import string
from pathlib import Path

import pytest
from cookiecutter.exceptions import FailedHookException
from cookiecutter.main import cookiecutter

from support import ROOT, TEMPLATE, Bake, run, script, tree

KEY_CHARACTERS = set(string.ascii_letters + string.digits + "-_")


def key_of(project: Path, name: str = "API_KEY") -> str:
    """Return the API key, or another secret, from a project's .env.prod."""
    lines = (project / ".env.prod").read_text("utf-8").splitlines()
    [key] = [line.removeprefix(f"{name}=") for line in lines if line.startswith(f"{name}=")]
    return key


def test_the_command_line_generates_and_says_what_comes_next(tmp_path: Path) -> None:
    said = run([script("cookiecutter"), ROOT, "--no-input", "--output-dir", tmp_path], tmp_path)
    steps = ["cd iris-service", "uv run python -m app.models train", "uv run python -m app"]
    assert [line.strip() for line in said.splitlines() if line.strip() in steps] == steps
    assert "http://127.0.0.1:8000/docs" in said
    assert (tmp_path / "iris-service" / "pyproject.toml").exists()


def test_answers_can_be_given_on_the_command_line(tmp_path: Path) -> None:
    answers = ["project_name=Wine Service", "container=no"]
    run([script("cookiecutter"), ROOT, "--no-input", "-o", tmp_path, *answers], tmp_path)
    assert (tmp_path / "wine-service").is_dir()
    assert not (tmp_path / "wine-service" / "Dockerfile").exists()


def test_without_uv_the_output_says_how_to_get_it(tmp_path: Path) -> None:
    command = [script("cookiecutter"), ROOT, "--no-input", "--output-dir"]
    assert "pip install uv" in run([*command, tmp_path / "without"], tmp_path, PATH=os.defpath)
    pretender = tmp_path / "uv"
    pretender.write_text("")
    pretender.chmod(0o755)
    path = f"{tmp_path}{os.pathsep}{os.defpath}"
    assert "pip install uv" not in run([*command, tmp_path / "with"], tmp_path, PATH=path)


def test_replay_generates_the_same_project_again(
    bake: Bake, tmp_path: Path, replay_folder: Path
) -> None:
    first = bake(project_name="Wine Service", author="O'Brien", container="no")
    replay = json.loads((replay_folder / f"{ROOT.name}.json").read_text("utf-8"))
    assert replay["cookiecutter"]["container"] == "no"
    again = Path(cookiecutter(str(ROOT), replay=True, output_dir=str(tmp_path)))
    assert tree(again) == tree(first)
    assert all(
        (again / name).read_bytes() == (first / name).read_bytes()
        for name in tree(first) - {".env.prod"}
    )


def test_each_project_has_a_key_of_its_own(bake: Bake) -> None:
    first, second = key_of(bake()), key_of(bake())
    assert first != second
    for key in (first, second):
        assert len(key) >= 43
        assert set(key) <= KEY_CHARACTERS


SECRETS = {
    "background": ["API_KEY"],
    "celery": ["API_KEY", "FLOWER_BASIC_AUTH", "POSTGRES_PASSWORD"],
}


@pytest.mark.parametrize("engine", SECRETS)
def test_the_settings_are_the_examples_but_for_the_secrets(bake: Bake, engine: str) -> None:
    project = bake(task_engine=engine)
    assert (project / ".env").read_bytes() == (project / ".env.example").read_bytes()
    production = (project / ".env.prod").read_text("utf-8").splitlines()
    example = (project / ".env.prod.example").read_text("utf-8").splitlines()
    changed = [new for new, old in zip(production, example, strict=True) if new != old]
    assert changed == [f"{name}={key_of(project, name)}" for name in SECRETS[engine]]
    secrets = [key_of(project, name).removeprefix("operator:") for name in SECRETS[engine]]
    assert len(set(secrets)) == len(secrets)
    for secret in secrets:
        assert len(secret) >= 43
        assert set(secret) <= KEY_CHARACTERS


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such modes")
def test_only_the_owner_can_read_the_settings(bake: Bake) -> None:
    before = os.umask(0)
    try:
        project = bake()
    finally:
        os.umask(before)
    for name in (".env", ".env.prod"):
        assert stat.S_IMODE((project / name).stat().st_mode) == 0o600


def test_git_never_sees_the_settings(bake: Bake) -> None:
    project = bake()
    run(["git", "init", "--quiet"], project)
    seen = run(["git", "status", "--porcelain", "--untracked-files=all"], project)
    assert ".env.example" in seen
    assert not {"?? .env", "?? .env.prod"} & set(seen.splitlines())


def test_generating_again_keeps_the_settings(bake: Bake) -> None:
    project = bake()
    (project / ".env").write_text("API_KEY=mine\n")
    key = key_of(project)
    cookiecutter(str(ROOT), no_input=True, overwrite_if_exists=True, output_dir=str(project.parent))
    assert (project / ".env").read_text() == "API_KEY=mine\n"
    assert key_of(project) == key


def again(project: Path, skip: bool, **answers: str) -> None:
    """Generate into a folder that is there, over its files or (skip) beside them."""
    cookiecutter(
        str(ROOT),
        no_input=True,
        extra_context=answers,
        overwrite_if_exists=True,
        skip_if_file_exists=skip,
        output_dir=str(project.parent),
    )


BOTH = pytest.mark.parametrize("skip", [False, True], ids=["overwrite", "skip"])


@BOTH
def test_generating_again_takes_away_nothing_that_was_here_before(
    bake: Bake, tmp_path: Path, skip: bool
) -> None:
    """At each path that is removed, or copied over what is there, the user has something."""
    project = bake(container="no")
    mine = ["Dockerfile", "lab/data.csv", "course/a/note", ".github/workflows/ci.yml", "app/my.py"]
    mine += ["app/tasks/engine/celery/engine.py", ".github/workflows/mine.yml"]
    for name in mine:
        (project / name).parent.mkdir(parents=True, exist_ok=True)
        (project / name).write_text("mine")
    (tmp_path / "kept").touch()
    (project / "tests" / "lab").symlink_to(tmp_path)
    (project / "README.md").write_text("mine")
    (project / "pyproject.toml").unlink()
    before = tree(project)

    again(project, skip, container="no")

    assert tree(project) - before == {"pyproject.toml"}
    assert before - tree(project) == set()
    assert {(project / name).read_text() for name in mine} == {"mine"}
    assert (project / "tests" / "lab").readlink() == tmp_path
    assert (tmp_path / "kept").exists()
    assert ((project / "README.md").read_text() == "mine") == skip
    assert not (project / ".generation").exists()


EXERCISE = "app/showcases/concurrency/router.py"


def learner(bake: Bake) -> tuple[Path, str]:
    """Return a course, and the exercise in it that has been solved, in the learner's own way."""
    project = bake(edition="course")
    solved = (TEMPLATE / EXERCISE).read_text("utf-8") + "# solved\n"
    (project / EXERCISE).write_text(solved)
    return project, solved


@BOTH
def test_a_course_generated_again_keeps_what_is_solved(bake: Bake, skip: bool) -> None:
    project, solved = learner(bake)
    (project / ".learn").mkdir()
    (project / ".learn" / "progress.json").write_text("{}")
    solution = (project / "course" / "solution.json").read_bytes()
    (project / "app" / "health.py").unlink()

    again(project, skip, edition="course")

    assert (project / EXERCISE).read_text("utf-8") == solved
    assert (project / ".learn" / "progress.json").read_text() == "{}"
    assert (project / "course" / "solution.json").read_bytes() == solution
    assert (project / "app" / "health.py").exists()


@BOTH
def test_a_course_is_not_generated_over_an_app_that_is_not_its_own(
    bake: Bake, skip: bool, capfd: pytest.CaptureFixture[str]
) -> None:
    """Nobody can tell here whether the files were kept, so nothing in them is replaced."""
    project = bake()
    (project / "app" / "health.py").write_text("# mine\n" + (project / "app/health.py").read_text())
    before = {name: (project / name).read_bytes() for name in tree(project)}
    with pytest.raises(FailedHookException):
        again(project, skip, edition="course")
    assert "Move app/ away, or use --output-dir" in capfd.readouterr().err
    assert {name: (project / name).read_bytes() for name in tree(project)} == before


def test_a_generation_that_fails_halfway_takes_away_nothing(bake: Bake) -> None:
    project, solved = learner(bake)
    (project / "course" / "chapters" / "ch06_async" / "chapter.toml").write_text("not TOML")
    (project / ".github").mkdir()
    before = {name: (project / name).read_bytes() for name in tree(project)}
    with pytest.raises(FailedHookException):
        again(project, skip=True, edition="course")
    assert {name: (project / name).read_bytes() for name in tree(project)} == before
    assert (project / EXERCISE).read_text("utf-8") == solved
    assert (project / ".github").is_dir()


def test_a_generation_that_was_killed_says_where_things_are(
    bake: Bake, capfd: pytest.CaptureFixture[str]
) -> None:
    project = bake()
    aside = project / ".generation" / "before" / "lab"
    aside.mkdir(parents=True)
    (project / "README.md").write_text("mine")
    with pytest.raises(FailedHookException):
        again(project, skip=False)
    assert "Move back what is in .generation/before" in capfd.readouterr().err
    assert (project / "README.md").read_text() == "mine"
    assert aside.exists()
