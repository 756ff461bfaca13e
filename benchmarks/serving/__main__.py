"""The service against its alternatives: `python -m benchmarks.serving prepare`, then the others."""

import argparse
import os
from pathlib import Path

from benchmarks.ending import guarded
from benchmarks.serving import first, footprint, prepare, rates, report, tasks

MEASUREMENTS = {
    "prepare": prepare,
    "ping": rates,
    "light": rates,
    "heavy": rates,
    "wide": rates,
    "tasks": tasks,
    "footprint": footprint,
    "first": first,
    "report": report,
}
# Outside of this repository: `uv init`, which a generator runs, would make a project inside of it a
# member of its workspace, and change this one's environment.
CACHES = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
FOLDER = CACHES / "fastapi-serving-alternatives"


def main() -> None:
    """Run the measurement that the command line names."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.serving", description=__doc__)
    commands = parser.add_subparsers(required=True, metavar="measurement")
    for name, module in MEASUREMENTS.items():
        what = (module.__doc__ or "").splitlines()[0]
        command = commands.add_parser(name, help=what, description=module.__doc__)
        command.add_argument(
            "--folder", type=Path, default=FOLDER, help=f"where the alternatives are ({FOLDER})"
        )
        command.set_defaults(measurement=name)
        module.add_options(command)
    options = parser.parse_args()
    options.folder = options.folder.resolve()
    options.run(options)


if __name__ == "__main__":
    guarded(main)
