"""Answers that cannot work are refused with a clear message, and nothing is left on disk."""

import ast
import json
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, requires
from itertools import product
from pathlib import Path

import pytest
from cookiecutter.exceptions import FailedHookException, OutputDirExistsException
from cookiecutter.main import cookiecutter
from cookiecutter.utils import create_env_with_context
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from support import QUESTIONS, ROOT, TEMPLATE, Bake, module, started, tracked, tree

NEWER = "Type: uvx --python 3.11 cookiecutter"
NO_PROJECT = "These answers cannot work, so nothing was generated:"

REFUSED: list[tuple[dict[str, str], str]] = [
    ({"project_slug": "-"}, "lower-case letters, digits and single hyphens between them, not '-'"),
    ({"project_slug": "Iris"}, "not 'Iris'. Type for example: iris\n"),
    ({"project_slug": "iris_service"}, "Type for example: iris-service\n"),
    ({"project_slug": "iris service"}, "Type for example: iris-service\n"),
    ({"project_slug": "iris--service"}, "Type for example: iris-service\n"),
    ({"project_slug": "-iris-"}, "Type for example: iris\n"),
    ({"project_slug": "3d-model"}, "Type for example: d-model\n"),
    ({"project_slug": "123"}, "Type for example: iris-service\n"),
    ({"project_slug": "iris\n"}, r"not 'iris\n'. Type for example: iris"),
    ({"project_slug": "fleur-été"}, r"not 'fleur-\xe9t\xe9'. Type for example: fleur-ete"),
    ({"project_slug": "../up"}, "Type for example: up\n"),
    ({"project_slug": "a" * 51}, "is 51 characters long, more than 50"),
    (
        {"project_slug": "con"},
        "reserves that name for a device. Type for example: con-service",
    ),
    ({"project_slug": "com1"}, "must not be com1: Windows"),
    (
        {"project_slug": "fastapi"},
        "the package of that name. Type for example: fastapi-service",
    ),
    ({"project_slug": "pydantic-core"}, "must not be pydantic-core: the project depends"),
    ({"project_name": ""}, "project_name is empty. Type for example: Iris Service"),
    ({"project_name": "   "}, "project_name is empty"),
    ({"project_name": "n" * 81}, "project_name is 81 characters long, more than 80"),
    (
        {"project_name": 'The "best"'},
        "double quotes. Type for example: The 'best'",
    ),
    ({"project_name": '"; import os #'}, "project_name must not contain double quotes"),
    ({"project_name": '"""; import os #'}, "project_name must not contain double quotes"),
    ({"project_name": "back\\slash"}, "must not contain backslashes. Type for example: backslash"),
    ({"project_name": "ends in \\"}, "project_name must not contain backslashes"),
    ({"project_name": r"\u0022; import os #"}, "project_name must not contain backslashes"),
    ({"project_name": "Iris } Service"}, "must not contain braces. Type for example: Iris Service"),
    (
        {"project_name": "Iris\nService"},
        "U+000A control character. Type for example: Iris Service",
    ),
    ({"project_name": "Iris\0"}, "invisible character U+0000"),
    ({"project_name": "Iris\x1b[31m"}, "invisible character U+001B"),
    ({"project_name": "Iris\x7f"}, "invisible character U+007F"),
    ({"project_name": "Iris \N{RIGHT-TO-LEFT OVERRIDE}"}, "U+202E RIGHT-TO-LEFT OVERRIDE"),
    ({"project_name": "Iris\N{ZERO WIDTH SPACE}"}, "U+200B ZERO WIDTH SPACE"),
    ({"project_name": "Iris\N{LINE SEPARATOR}"}, "U+2028 LINE SEPARATOR"),
    ({"project_name": "Iris\udc80"}, "invisible character U+DC80"),
    ({"description": ""}, "description is empty. Type for example: Classifies iris flowers."),
    ({"description": "d" * 301}, "description is 301 characters long, more than 300"),
    ({"description": 'a "quoted" word'}, "Type for example: a 'quoted' word"),
    ({"author": ""}, "author is empty. Type for example: Ada Lovelace"),
    ({"author": "a" * 101}, "author is 101 characters long, more than 100"),
    ({"author": 'Ada", email = "x'}, "author must not contain double quotes"),
    (
        {"edition": "course", "model": "text"},
        "edition: a course teaches with the iris. Type for example: model=iris",
    ),
]


@pytest.mark.parametrize(("answers", "message"), REFUSED)
def test_a_bad_answer_is_refused(
    answers: dict[str, str], message: str, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    # A good slug, where the test is about another answer
    answers = {"project_slug": "iris-service", **answers}
    with pytest.raises(FailedHookException):
        cookiecutter(str(ROOT), no_input=True, extra_context=answers, output_dir=str(tmp_path))
    said = capfd.readouterr().err
    assert NO_PROJECT in said
    assert message in said
    assert "Traceback" not in said
    assert not list(tmp_path.iterdir())


def test_every_problem_is_reported_at_once(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    answers = {"project_name": 'a "b" {c}', "project_slug": "NUL", "author": ""}
    with pytest.raises(FailedHookException):
        cookiecutter(str(ROOT), no_input=True, extra_context=answers, output_dir=str(tmp_path))
    said = capfd.readouterr().err
    for problem in ("double quotes", "braces", "project_slug must start", "author is empty"):
        assert problem in said


def test_an_unknown_choice_is_refused(
    bake: Bake, replay_folder: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """Cookiecutter itself refuses one on the command line, but does not check a replay file."""
    bake()
    replay = json.loads((replay_folder / f"{ROOT.name}.json").read_text("utf-8"))
    replay["cookiecutter"] |= {"container": "maybe", "project_name": ["no", "text"]}
    edited = tmp_path / "edited.json"
    edited.write_text(json.dumps(replay))
    target = tmp_path / "target"
    target.mkdir()
    with pytest.raises(FailedHookException):
        cookiecutter(str(ROOT), replay=str(edited), output_dir=str(target))
    said = capfd.readouterr().err
    assert "container must be one of: yes, no. Type for example: yes" in said
    assert "project_name must not contain double quotes" in said
    assert not list(target.iterdir())


def test_an_empty_slug_would_be_the_output_folder_itself(tmp_path: Path) -> None:
    """Cookiecutter refuses it before any hook runs; at a prompt an empty line means the default."""
    answers = {"project_slug": ""}
    with pytest.raises(OutputDirExistsException):
        cookiecutter(str(ROOT), no_input=True, extra_context=answers, output_dir=str(tmp_path))
    assert not list(tmp_path.iterdir())


def test_an_unknown_choice_on_the_command_line_is_refused(tmp_path: Path) -> None:
    answers = {"container": "maybe"}
    with pytest.raises(ValueError, match="maybe provided for choice variable container"):
        cookiecutter(str(ROOT), no_input=True, extra_context=answers, output_dir=str(tmp_path))
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("typed", ['"; import os #', "{{ 7*7 }}", "# {% raw %}", "\\"])
def test_hostile_text_typed_at_a_prompt_is_refused(typed: str, tmp_path: Path) -> None:
    log, target = tmp_path / "log", tmp_path / "target"
    target.mkdir()
    keys = tmp_path / "keys"
    # Enter for every question but the name and the slug, which would be made from it
    keys.write_text("\n".join(["", typed, "iris-service", *[""] * (len(QUESTIONS) - 3)]) + "\n")
    with keys.open() as keyboard:
        command = module("cookiecutter", str(ROOT), "--output-dir", str(target))
        with started(command, tmp_path, log, keyboard) as process:
            assert process.wait(timeout=60) == 1
    said = log.read_text("utf-8")
    assert NO_PROJECT in said
    assert "project_name must not contain" in said
    assert "Traceback" not in said.split(NO_PROJECT)[0]
    assert not list(target.iterdir())


def test_braces_without_a_prompt_are_rendered_by_cookiecutter_itself(bake: Bake) -> None:
    """With --no-input cookiecutter renders an answer as a template: 49 is harmless."""
    project = bake(project_name="Iris {{ 7*7 }}")
    assert 'title="Iris 49"' in (project / "app" / "main.py").read_text("utf-8")


ACCEPTED: list[dict[str, str]] = [
    {"project_name": "O'Brien's Models", "author": "Conan O'Brien <conan@example.org>"},
    {"project_name": "붓꽃 서비스", "author": "김철수", "description": "붓꽃을 분류합니다."},
    {"project_name": "アヤメ サービス", "author": "山田太郎", "description": "花を分類します。"},
    {"description": "50 % off & <b>more</b> # not a comment: [link](x), $HOME, `code` 🌸"},
]


@pytest.mark.parametrize("answers", ACCEPTED)
def test_text_in_any_language_is_written_as_it_was_typed(
    bake: Bake, answers: dict[str, str]
) -> None:
    project = tomllib.loads((bake(**answers) / "pyproject.toml").read_text("utf-8"))["project"]
    for question, written in (
        ("author", project["authors"][0]["name"]),
        ("description", project["description"]),
    ):
        assert written == answers.get(question, QUESTIONS[question])


def direct_dependencies(project: Path) -> Iterator[Requirement]:
    """Yield what the generated project itself declares, in every group."""
    pyproject = tomllib.loads((project / "pyproject.toml").read_text("utf-8"))
    asked = [pyproject["project"]["dependencies"], *pyproject["dependency-groups"].values()]
    return (Requirement(line) for group in asked for line in group if isinstance(line, str))


def all_dependencies(asked: Iterator[Requirement]) -> set[str]:
    """Follow the packages that are installed here from one to the next, for any system."""
    found: set[tuple[str, frozenset[str]]] = set()
    waiting = list(asked)
    while waiting:
        wanted = waiting.pop()
        key = (canonicalize_name(wanted.name), frozenset(wanted.extras))
        if key in found:
            continue
        found.add(key)
        waiting += needed_by(wanted)
    return {name for name, _ in found}


def needed_by(package: Requirement) -> Iterator[Requirement]:
    """Yield what one package needs, with the extras that were asked for."""
    try:
        lines = requires(package.name) or []
    except PackageNotFoundError:  # only on another system or Python
        return
    for line in map(Requirement, lines):
        extras = [{"extra": extra} for extra in package.extras]
        if (
            line.marker is None
            or "extra" not in str(line.marker)
            or any(line.marker.evaluate(extra) for extra in extras)
        ):
            yield line


def test_the_name_of_every_dependency_is_refused(bake: Bake) -> None:
    hook = (ROOT / "hooks" / "pre_gen_project.py").read_text("utf-8")
    listed = set(hook.split('PACKAGES = """')[1].split('"""')[0].split())
    needed = all_dependencies(direct_dependencies(bake(edition="course")))
    assert len(needed) > 30
    assert needed - listed == set()


def test_a_hook_holds_one_expression() -> None:
    for name in ("pre_gen_project", "post_gen_project"):
        hook = (ROOT / "hooks" / f"{name}.py").read_text("utf-8")
        assert hook.count("{{") == 1
        assert hook.count('ANSWERS = json.loads(r"""{{ cookiecutter | tojson }}""")\n') == 1
        assert "{%" not in hook


def test_an_old_python_is_told_what_it_lacks() -> None:
    """Such a Python reads the hook before it runs it: nothing in it may be too new to be read."""
    hook = (ROOT / "hooks" / "pre_gen_project.py").read_text("utf-8")
    ast.parse(hook, feature_version=(3, 7))
    old = f"import sys; sys.version_info = (3, 9, 1); exec({hook!r})"
    command = [sys.executable, "-c", old]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 1
    assert done.stderr == f"This template needs Python 3.11. {NEWER}\n"


HOSTILE = ['"', '"""', "\\", "\\u0022", "'", "{{ 7*7 }}", "# {%", "<", "\n", "\0", "\udc80", "é"]


@pytest.mark.parametrize("name", ["pre_gen_project", "post_gen_project"])
def test_any_text_reaches_a_hook_as_text(name: str) -> None:
    """No answer can end the string that it is in: the hook reads back what was typed."""
    hook = (ROOT / "hooks" / f"{name}.py").read_text("utf-8")
    context = {"cookiecutter": json.loads((ROOT / "cookiecutter.json").read_text("utf-8"))}
    template = create_env_with_context(context).from_string(hook)
    for parts in product(HOSTILE, repeat=3):
        answers = {"project_name": "".join(parts), "container": ""}
        rendered = template.render(cookiecutter=answers)
        [line] = [line for line in rendered.splitlines() if line.startswith("ANSWERS = ")]
        call = ast.parse(line, mode="exec").body[0]
        assert isinstance(call, ast.Assign)
        assert isinstance(call.value, ast.Call)
        assert json.loads(ast.literal_eval(call.value.args[0])) == answers


def test_without_hooks_the_union_of_all_features_is_generated(tmp_path: Path) -> None:
    cookiecutter(str(ROOT), no_input=True, accept_hooks=False, output_dir=str(tmp_path))
    assert tree(tmp_path / "iris-service") == tracked(TEMPLATE)
