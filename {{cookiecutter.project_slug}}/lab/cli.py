"""`uv run lab`: measure, then draw. If something fails, exit with 1 and say why."""

import argparse
import signal
import sys
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path

NEEDED = ("locust", "matplotlib", "rich")
OUT = Path("var/lab")
FEWEST_SECONDS, MOST_SECONDS = 0.5, 5.0


def seconds(text: str) -> float:
    """Parse the length of a step, which must be within its bounds."""
    value = float(text)
    if not FEWEST_SECONDS <= value <= MOST_SECONDS:
        raise argparse.ArgumentTypeError(f"from {FEWEST_SECONDS:g} to {MOST_SECONDS:g}, not {text}")
    return value


def arguments(typed: Sequence[str] | None) -> argparse.Namespace:
    """Parse these words, or the command line."""
    parser = argparse.ArgumentParser(
        prog="lab",
        description="Start this app, have up to 500 users ask for a wait as `async def` with "
        "await, as `def`, and as `async def` that blocks, and draw the results on one page. "
        "Only this machine is asked. Takes about a minute and a half.",
        epilog="Locust alone, with a page of its own: uv run locust (docs/concurrency.md)",
    )
    parser.add_argument(
        "--seconds", type=seconds, default=1.5, help="how long each step lasts (default: 1.5)"
    )
    parser.add_argument("--out", type=Path, default=OUT, help=f"the folder (default: {OUT})")
    return parser.parse_args(typed)


def stop(*_: object) -> None:
    """Make SIGTERM do what Ctrl-C does, so that no process is left behind."""
    raise KeyboardInterrupt


def main(typed: Sequence[str] | None = None, needed: Sequence[str] = NEEDED) -> None:
    """Run the command."""
    chosen = arguments(typed)
    missing = [name for name in needed if find_spec(name) is None]
    if missing:
        sys.exit(f"The lab needs {', '.join(missing)}. Next: uv run --group lab lab")
    from lab.run import run
    from lab.server import LabError

    signal.signal(signal.SIGTERM, stop)
    try:
        run(chosen.seconds, chosen.out)
    except LabError as error:
        sys.exit(str(error))
    except KeyboardInterrupt:
        sys.exit("Stopped. Nothing is left running, and nothing was written.")
