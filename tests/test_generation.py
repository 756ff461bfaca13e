"""Generating as a person does: the command line, --replay, over an existing project."""

import json
import os
import stat
import string
from pathlib import Path

import pytest
from cookiecutter.main import cookiecutter

from support import ROOT, Bake, run, script, tree

KEY_CHARACTERS = set(string.ascii_letters + string.digits + "-_")


def key_of(project: Path, name: str = "API_KEY") -> str:
    """Return the API key, or another secret, from a project's .env.prod."""
    lines = (project / ".env.prod").read_text("utf-8").splitlines()
    [key] = [line.removeprefix(f"{name}=") for line in lines if line.startswith(f"{name}=")]
    return key


def test_the_command_line_generates_and_says_what_comes_next(tmp_path: Path) -> None:
    said = run([script("cookiecutter"), ROOT, "--no-input", "--output-dir", tmp_path], tmp_path)
    steps = ["cd iris-service", "uv run python -m app.models.iris.train", "uv run python -m app"]
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
