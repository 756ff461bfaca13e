"""Each question has a prompt in plain words, and the README matches cookiecutter.json."""

import json
import re
from pathlib import Path

import pytest

from support import CHOICES, QUESTIONS, ROOT, Bake

RAW = json.loads((ROOT / "cookiecutter.json").read_text("utf-8"))
MOST_QUESTIONS = 10


def readme_table() -> list[tuple[str, str, str]]:
    """Return the rows of the README's table: name, prompt, default or choices."""
    readme = (ROOT / "README.md").read_text("utf-8")
    return re.findall(r"^\| `(\w+)` \| (.+?) \| (.+?) \|$", readme, re.MULTILINE)


def documented_default(name: str) -> str:
    """Return the default or the choices of a question, as the README writes them."""
    if name in CHOICES:
        return ", ".join(f"`{choice}`" for choice in CHOICES[name])
    made_from = {"project_name": "the model", "project_slug": "the project name"}
    return f"made from {made_from[name]}" if name in made_from else f"`{QUESTIONS[name]}`"


def documented_prompt(name: str) -> str:
    """Return a question as the README writes it: with the label of each choice."""
    prompt = RAW["__prompts__"][name]
    if isinstance(prompt, str):
        return prompt
    labels = "<br>".join(prompt[choice] for choice in CHOICES[name])
    return f"{prompt['__prompt__']}<br>{labels}"


def test_no_more_questions_are_asked_than_a_person_will_answer() -> None:
    assert 1 <= len(QUESTIONS) <= MOST_QUESTIONS


def test_every_question_has_a_prompt() -> None:
    assert RAW["__prompts__"].keys() == QUESTIONS.keys()


@pytest.mark.parametrize("question", CHOICES)
def test_every_choice_has_a_label(question: str) -> None:
    assert RAW["__prompts__"][question].keys() == {"__prompt__", *CHOICES[question]}


def test_the_readme_has_the_same_questions() -> None:
    expected = [(name, documented_prompt(name), documented_default(name)) for name in QUESTIONS]
    assert readme_table() == expected


def test_the_readme_counts_the_questions() -> None:
    words = ("one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")
    readme = (ROOT / "README.md").read_text("utf-8")
    assert re.findall(r"Answer (\w+) questions", readme) == [words[len(QUESTIONS) - 1]]


@pytest.mark.parametrize(
    ("name", "slug"),
    [
        ("Iris Service", "iris-service"),
        ("iris_service", "iris-service"),
        ("O'Brien's Models", "o-brien-s-models"),
        ("A name that goes on and on, for much longer than a slug may", None),
        ("붓꽃 서비스", None),
        ("アヤメ サービス", None),
    ],
)
def test_the_slug_is_made_from_the_name(bake: Bake, name: str, slug: str | None) -> None:
    project = bake(project_name=name)
    assert slug is None or project.name == slug
    assert f'title="{name}"' in (project / "app" / "main.py").read_text("utf-8")


def test_an_unknown_answer_is_refused(bake: Bake) -> None:
    with pytest.raises(ValueError, match="no such question: conainer"):
        bake(conainer="no")


def test_the_users_own_settings_are_left_alone(bake: Bake, replay_folder: Path) -> None:
    bake()
    assert (replay_folder / f"{ROOT.name}.json").exists()
