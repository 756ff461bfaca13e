"""What is printed: it fits, it is plain where it has to be, and every text is in the catalogue."""

import ast
import io
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from string import Formatter

import pytest
from conftest import Desk
from rich.cells import cell_len

from learn.chapters.folders import COURSE
from learn.commands.verbs import app
from learn.terminal import messages
from learn.terminal.messages import FOLDER, catalogue, language, text
from learn.terminal.screen import Screen

SOURCES = [path.read_text("utf-8") for path in sorted((COURSE / "learn").rglob("*.py"))]
ENGLISH = {f"{s}.{n}": said for s, texts in catalogue("en").items() for n, said in texts.items()}
KEY = re.compile(r"[a-z]+\.[a-z_]+")
LONG = "모델이 이벤트 루프 안에서 일했습니다: 끝날 때까지 아무도 답을 받지 못했습니다. 推論が終わる"


class Printed:
    """What goes to standard output, which is not a terminal."""

    def __init__(self, capsys: pytest.CaptureFixture[str]) -> None:
        self.capsys = capsys

    def lines(self) -> list[str]:
        return self.capsys.readouterr().out.split("\n")


@pytest.fixture
def printed(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Printed:
    monkeypatch.setenv("COLUMNS", "60")
    return Printed(capsys)


def show_everything(screen: Screen) -> None:
    """Each kind of line, and too much in each."""
    screen.line(LONG * 3)
    screen.row("why", LONG * 2, indent=6, width=8)
    screen.sides(LONG[:20], "3 of 12 done   seed 4127")
    screen.sides(LONG, "3 of 12 done   seed 4127")
    screen.check("[12/14]", LONG, "NOT YET", "bold")
    screen.item("a" * 200)
    screen.options(["edit", "hint", "replay"], chapter="06", level=1, levels=4)
    screen.table(["ch", "title", "state"], [["> 06", LONG, "solved for you"], ["  07", "b", "-"]])
    screen.markdown(f"# {LONG}\n\n- {LONG}\n\n```http name\nGET /{'x' * 40}\n```\n")


def test_nothing_is_wider_than_sixty_columns(printed: Printed) -> None:
    show_everything(Screen())
    found = printed.lines()
    assert [line for line in found if cell_len(line) > 60] == []
    assert [line for line in found if line != line.rstrip()] == []
    assert "\x1b" not in "".join(found)


def test_a_check_keeps_its_status_in_one_column(printed: Printed) -> None:
    screen = Screen()
    screen.check("[1/2]", "short", "ok", "")
    screen.check("[2/2]", LONG, "NOT YET", "")
    first, second, *_ = printed.lines()
    assert cell_len(first.removesuffix("ok")) == cell_len(second.removesuffix("NOT YET")) == 53


def test_code_is_not_broken_and_a_table_loses_nothing(printed: Printed) -> None:
    curl = "curl --silent --output answer.json http://127.0.0.1:8000/" + "x" * 60
    call = f"to_thread.run_sync({'f' * 40})"
    Screen().markdown(f"```console\n{curl}\n```\n\n| a | b |\n|--|--|\n| {call} | {LONG} |\n")
    found = printed.lines()
    assert curl in found
    assert call in "".join(line.strip().partition("  ")[0] for line in found)
    assert "…" not in "".join(found)


def test_code_in_a_list_loses_nothing(printed: Printed) -> None:
    Screen().markdown(f"- do\n\n  ```console\n  git {'x' * 90}\n  ```\n")
    assert "".join(printed.lines()).count("x") == 90


def test_the_lines_of_an_item_are_below_each_other(printed: Printed) -> None:
    Screen().item(LONG, mark="1  ")
    first, second, *_ = printed.lines()
    assert first.startswith("  1  ")
    assert second.startswith("     ")
    assert second[5] != " "


def test_a_lesson_has_one_empty_line_between_its_blocks(printed: Printed) -> None:
    screen = Screen()
    screen.plain = False
    screen.markdown("above\n\n```python\nx = 1\n```\n\nbelow\n")
    found = [line.rstrip() for line in printed.lines()]
    assert found[found.index("above") :][:5] == ["above", "", "x = 1", "", "below"]


def test_commands_stay_whole(printed: Printed) -> None:
    Screen().line("This is what to type in your terminal now: uv run learn solution 06 --give-up")
    assert printed.lines()[1] == "uv run learn solution 06 --give-up"


@pytest.mark.parametrize("encoding", ["ascii", "cp949", "cp932", "cp1252"])
def test_marks_that_the_console_lacks_are_replaced(
    monkeypatch: pytest.MonkeyPatch, encoding: str
) -> None:
    made = io.BytesIO()
    # the console of another language, which cannot be had here
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(made, encoding, write_through=True))
    screen = Screen()
    show_everything(screen)
    screen.line("a · b … ─ │ ▼ \ud800")
    if encoding == "ascii":
        assert made.getvalue().decode("ascii").endswith("\na - b ... - | v ?\n")
    assert "edit the file" in made.getvalue().decode(encoding)


def test_nothing_that_an_app_says_controls_the_terminal(printed: Printed) -> None:
    screen = Screen()
    screen.row("got", "\x1b[2J\x07 [red]not markup[/red] :smile:")
    screen.block("\x1b]0;title\x07[bold]")
    found = "".join(printed.lines())
    assert "\x1b" not in found
    assert "\x07" not in found
    assert "[red]not markup[/red] :smile:" in found
    assert "[bold]" in found


def test_a_long_line_to_copy_is_not_broken(printed: Printed) -> None:
    Screen().block("curl " + "x" * 200)
    assert printed.lines()[0] == "curl " + "x" * 200


def test_a_screen_of_sixty_columns_in_words(desk: Desk) -> None:
    desk.environment["COLUMNS"] = "60"
    desk.change("app/health.py", "# 1. Say so.", "return None")
    found = desk.learn("--plain", "check", "1")
    assert [line for line in found.stdout.split("\n") if cell_len(line) > 60] == []
    assert "NOT YET" in found.stdout
    desk.environment["PYTHONIOENCODING"] = "ascii:strict"
    assert desk.learn("status").returncode == 0


@pytest.mark.parametrize("place", [0, 1, 2])
def test_plain_may_be_anywhere(desk: Desk, place: int) -> None:
    words = ["lesson", "1"]
    words.insert(place, "--plain")
    assert desk.learn(*words).returncode == 0


def calls() -> Iterator[tuple[str, ast.Call]]:
    """Every call of the command's own source, by the last name of what is called."""
    for source in SOURCES:
        for node in ast.walk(ast.parse(source)):
            if isinstance(node, ast.Call):
                name = getattr(node.func, "attr", getattr(node.func, "id", ""))
                yield name, node


def constants(node: ast.AST) -> set[str]:
    """The strings that an expression may be."""
    if isinstance(node, ast.IfExp):
        return constants(node.body) | constants(node.orelse)
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return {node.value}
    return set()


def asked() -> Iterator[tuple[str, set[str] | None]]:
    """Each key that is asked for, and the parameters it is given; None where they are not plain."""
    for name, call in calls():
        given = {keyword.arg for keyword in call.keywords if keyword.arg}
        plain = len(given) == len(call.keywords)
        if name in ("text", "say", "LearnError") and call.args:
            for key in constants(call.args[0]):
                if KEY.fullmatch(key):
                    yield key, given if plain else None
        if name == "row" and call.args:
            yield from ((f"label.{label}", None) for label in constants(call.args[0]) - {""})
        if name == "facts":
            yield from ((f"label.{label}", None) for label in given)


def next_keys() -> set[str]:
    """What can come next: a command, or a key."""
    nodes = (node for source in SOURCES for node in ast.walk(ast.parse(source)))
    lists = (item for node in nodes if isinstance(node, ast.List) for item in node.elts)
    found = {name for item in lists for name in constants(item)} | {"plainer", "answer"}
    return {key for name in found for key in (f"next.{name}", f"next.key_{name}")}


def test_every_text_that_is_asked_for_is_there_with_its_parameters() -> None:
    for key, given in asked():
        assert key in ENGLISH
        if given is not None:
            assert parameters(ENGLISH[key]) <= given, key


def parameters(said: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(said) if name}


def test_every_text_that_is_there_is_asked_for() -> None:
    nodes = (node for source in SOURCES for node in ast.walk(ast.parse(source)))
    anywhere = {key for node in nodes for key in constants(node)}
    assert ENGLISH.keys() - anywhere - next_keys() - {key for key, _ in asked()} == set()


def test_every_command_that_a_text_names_is_one() -> None:
    verbs = {
        command.name or command.callback.__name__
        for command in app.registered_commands
        if command.callback
    } | {"teach"}  # which learn.cli adds
    for said in ENGLISH.values():
        for verb in re.findall(r"uv run learn ([a-z]+)", said):
            assert verb in verbs


def test_every_other_language_has_the_same_parameters() -> None:
    for path in FOLDER.glob("*.toml"):
        for section, texts in catalogue(path.stem).items():
            for name, said in texts.items():
                assert parameters(said) == parameters(ENGLISH[f"{section}.{name}"])


def test_a_language_is_spoken_when_there_is_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "en.toml").write_text('[check]\nok = "ok"\nnot_yet = "NOT YET"\n', "utf-8")
    (tmp_path / "ko.toml").write_text('[check]\nok = "맞음"\n', "utf-8")
    # there is only one catalogue so far, and another one would need every text of the course
    monkeypatch.setattr(messages, "FOLDER", tmp_path)
    catalogue.cache_clear()
    messages.preferred_language.cache_clear()
    for wanted, expected in [("ko", "맞음"), ("ko_KR.UTF-8", "맞음"), ("fr", "ok"), ("../x", "ok")]:
        monkeypatch.setenv("LEARN_LANG", wanted)
        assert text("check.ok") == expected
    monkeypatch.setenv("LEARN_LANG", "ko")
    assert text("check.not_yet") == "NOT YET"
    monkeypatch.delenv("LEARN_LANG")
    monkeypatch.setenv("LC_ALL", "ko_KR.UTF-8")
    assert language() == "ko"
    monkeypatch.setenv("LC_ALL", "C.UTF-8")
    messages.preferred_language.cache_clear()
    assert language() == "en"
    catalogue.cache_clear()
    messages.preferred_language.cache_clear()
