"""What a background task costs and survives: `python -m benchmarks.tasks throughput`, and so on."""

import argparse

from benchmarks.ending import guarded
from benchmarks.tasks import blocked, history, latency, rescue, throughput

MEASUREMENTS = {
    "throughput": throughput,
    "latency": latency,
    "history": history,
    "rescue": rescue,
    "blocked": blocked,
}


def main() -> None:
    """Run the measurement that the command line names."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.tasks", description=__doc__)
    commands = parser.add_subparsers(required=True, metavar="measurement")
    for name, module in MEASUREMENTS.items():
        what = (module.__doc__ or "").splitlines()[0]
        module.add_options(commands.add_parser(name, help=what, description=module.__doc__))
    options = parser.parse_args()
    options.run(options)


if __name__ == "__main__":
    guarded(main)
