"""Run one grader, in a process of its own: a job comes in on standard input, results go out.

Every line that goes out carries the job's nonce, which nothing but this process knows. A verdict
needs the last of them. Learner code runs in other processes, which get neither the job nor this
process's output.
"""

import json
import signal
import sys
import traceback
from collections.abc import Callable
from functools import partial
from importlib import import_module
from pathlib import Path
from types import ModuleType

from learn.exchange import Json
from learn.lab import Check, CheckFailed, Lab
from learn.process import CannotGrade, NotStarted
from learn.witness import Witness

Say = Callable[..., None]


def main() -> None:
    """Do one job."""
    job = json.loads(sys.stdin.readline())
    answers = sys.stdout

    def say(**members: Json) -> None:
        answers.write(json.dumps({"nonce": job["nonce"], **members}) + "\n")
        answers.flush()

    sys.stdout = sys.stderr  # a grader's print is no result
    try:
        grader = import_module(f"chapters.{job['chapter']}.grader")
        with Lab(Path(job["folder"]), Path(job["project"]), job["seed"]) as lab:
            signal.signal(signal.SIGINT, partial(give_up, lab))
            run_checks(checks_of(grader), lab, say, stop=job["stop"])
        say(done=True)
    except CannotGrade as error:
        say(cannot_grade=str(error))
    except Exception:
        traceback.print_exc()
        say(cannot_grade=f"The grader itself failed: {traceback.format_exc(limit=-1)}")


def give_up(lab: Lab, *_: object) -> None:
    """End at once: a server that is held up by what the learner wrote would not stop in order."""
    lab.kill()
    raise KeyboardInterrupt


def checks_of(grader: ModuleType) -> list[tuple[str, Check]]:
    """Its marked functions, in the order of the file."""
    functions = [f for f in vars(grader).values() if hasattr(f, "check_id")]
    return [(function.check_id, function) for function in functions]


def run_checks(checks: list[tuple[str, Check]], lab: Lab, say: Say, stop: bool) -> None:
    """Run checks, and say what came of each; after the first failure no more, if so wanted."""
    for id_, function in checks:
        say(begun=id_)
        witness = Witness(lab)
        try:
            function(lab)
        except CheckFailed as failure:
            say(check=id_, passed=False, **failure.report, **witness.of(failure))
        except NotStarted as failure:
            say(check=id_, passed=False, not_started=True, cause=failure.cause, place=failure.place)
            return
        else:
            say(check=id_, passed=True)
            continue
        if stop:
            return


if __name__ == "__main__":
    main()
