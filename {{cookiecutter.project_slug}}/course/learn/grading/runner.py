"""Run one grader, in a process of its own: a job comes in on standard input, results go out.

Only this process knows the nonce of the job. Learner code runs in other processes, which get
neither the job nor this process's output.
"""

import signal
import sys
import traceback
from collections.abc import Callable
from functools import partial
from importlib import import_module
from pathlib import Path
from types import ModuleType

from learn.grading.evidence import Witness
from learn.grading.exchange import CheckFailed
from learn.grading.lab import CheckFunction, Lab
from learn.grading.process import CannotGrade, NotStarted
from learn.grading.report import CheckResult
from learn.grading.wire import CheckBegun, Done, Line, Refusal, decode_job, encode_line

Say = Callable[[Line], None]


def main() -> None:
    """Do one job."""
    job = decode_job(sys.stdin.readline())
    answers = sys.stdout

    def say(line: Line) -> None:
        answers.write(encode_line(line, job.nonce))
        answers.flush()

    sys.stdout = sys.stderr  # what a grader prints is not a result
    try:
        grader = import_module(f"chapters.{job.chapter}.grader")
        with Lab(Path(job.folder), Path(job.project), job.seed) as lab:
            signal.signal(signal.SIGINT, partial(abandon, lab))
            run_checks(checks_of(grader), lab, say, stop=job.stop)
        say(Done())
    except CannotGrade as error:
        say(Refusal(str(error)))
    except Exception:
        traceback.print_exc()
        say(Refusal(f"The grader itself failed: {traceback.format_exc(limit=-1)}"))


def abandon(lab: Lab, *_: object) -> None:
    """End at once: a server that the learner's code blocks would not stop in an orderly way."""
    lab.kill()
    raise KeyboardInterrupt


def checks_of(grader: ModuleType) -> list[tuple[str, CheckFunction]]:
    """Return its marked functions and their ids, in the order of the file."""
    functions = [f for f in vars(grader).values() if hasattr(f, "check_id")]
    return [(function.check_id, function) for function in functions]


def run_checks(checks: list[tuple[str, CheckFunction]], lab: Lab, say: Say, stop: bool) -> None:
    """Run checks and say the result of each; with `stop` end after the first failure."""
    for id_, function in checks:
        say(CheckBegun(id_))
        result = run_check(id_, function, lab)
        say(result)
        if result.not_started or (stop and not result.passed):
            return


def run_check(id_: str, function: CheckFunction, lab: Lab) -> CheckResult:
    """Run a check, and return its result."""
    witness = Witness(lab)
    try:
        function(lab)
    except CheckFailed as failure:
        return CheckResult(
            id_,
            passed=False,
            why=failure.why,
            sent=failure.sent,
            got=failure.got,
            expected=failure.expected,
            facts=failure.facts,
            evidence=witness.evidence_of(failure),
        )
    except NotStarted as failure:
        return CheckResult(
            id_, passed=False, not_started=True, place=failure.place, cause=failure.cause
        )
    return CheckResult(id_, passed=True)


if __name__ == "__main__":
    main()
