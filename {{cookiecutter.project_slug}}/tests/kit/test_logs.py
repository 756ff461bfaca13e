"""Log lines: JSON for machines, readable on a terminal; one line each, whatever they contain."""

import json
import logging
import sys
from datetime import UTC, datetime, timedelta

import pytest
import structlog

from app.kit.logs import configure_logs

HIDE = "\x1b[8m"  # a terminal does not show what follows
FORGED = HIDE + 'x\n{"event": "forged"}'


class Terse:
    """What Celery puts in the place of standard error has little more."""

    def isatty(self) -> bool:
        return False

    def write(self, text: str) -> None:
        raise AssertionError(text)


class Unspeakable:
    def __repr__(self) -> str:
        raise ValueError


def test_json_keeps_a_forged_line_inside_its_string(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logs()
    structlog.get_logger().info("said", text=FORGED)
    logging.getLogger("some.library").warning("said %s", FORGED)
    ours, library = [json.loads(line) for line in capsys.readouterr().err.splitlines()]
    assert (ours["event"], ours["text"]) == ("said", FORGED)
    assert "request_id" not in ours
    written = datetime.fromisoformat(ours["timestamp"])
    assert abs(datetime.now(UTC) - written) < timedelta(minutes=1)
    assert (library["event"], library["level"]) == (f"said {FORGED}", "warning")


def test_a_terminal_gets_words(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)  # pytest replaces it with a file
    configure_logs()
    structlog.get_logger().info("said", text=FORGED)
    (line,) = capsys.readouterr().err.splitlines()
    assert "said" in line
    assert not line.startswith("{")
    assert HIDE not in line


@pytest.mark.parametrize("value", ["\ud800", b"\xff", float("nan"), object(), Unspeakable()])
def test_a_line_holds_whatever_it_is_given(
    value: object, capsys: pytest.CaptureFixture[str]
) -> None:
    configure_logs()
    structlog.get_logger().info("said", value=value)
    (line,) = capsys.readouterr().err.splitlines()
    assert json.loads(line, parse_constant=pytest.fail)["event"] == "said"


def test_a_process_without_standard_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stderr", None)  # as Python has it after `2>&-`
    configure_logs()
    structlog.get_logger().info("said")
    logging.getLogger("some.library").warning("said")


def test_standard_error_that_was_replaced_by_what_is_no_file(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(sys, "stderr", Terse())
        configure_logs()
        structlog.get_logger().info("said")
    assert "said" in capfd.readouterr().err
