"""Generate the default project, install it, train its model, serve it and say where to look.

`make demo` runs this. A second run reuses what the first one made, and the stored predictions are
still there. When the template has changed, the project is generated again around them.
"""

import argparse
import json
import os
import random
import shlex
import socket
import subprocess
import sys
import threading
from collections.abc import Iterable
from pathlib import Path
from urllib.request import urlopen

from scripts.generated import example, interpreter, wait_until_live

ROOT = Path(__file__).resolve().parent.parent
SLUG = "iris-service"
UV = os.environ.get("UV", "uv")

WHERE_TO_LOOK = """
The service answers at {url}

    {url}/docs            every route, to try in the browser
    {url}/v1/model        what the model is, and how good
    {url}/v1/predictions  the predictions made so far

Predict from another terminal:

    curl {url}/v1/predictions -H 'Content-Type: application/json' -d '{flower}'

Predict a file of 100,000 flowers, watch the progress, and download the answers; <id> is in what the
first command prints. Kill the server halfway if you like, and start it again: the task resumes
within half a minute.

    curl {url}/v1/tasks/batch-prediction -F file=@{flowers}
    curl -N {url}/v1/tasks/<id>/events
    curl {url}/v1/tasks/<id>/result -o answers.csv

Ctrl-C stops it; predictions and tasks are kept.
"""
FLOWERS = "flowers.csv"


def main() -> None:
    """Run the demo, or only check the port, as the command line says."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", default="8000", help="the port to serve on")
    parser.add_argument("--build", type=Path, default=ROOT / "build", help="the folder to work in")
    parser.add_argument("--check", action="store_true", help="only check that the port is free")
    options = parser.parse_args()
    fault = port_fault(options.port)
    if fault or options.check:
        sys.exit(fault)
    project = options.build.resolve() / SLUG
    try:
        prepare(project)
        sys.exit(serve(project, int(options.port)))
    except KeyboardInterrupt:
        print("\nStopped.")
    except subprocess.CalledProcessError as error:
        sys.exit(f"The demo stopped, because this failed: {shlex.join(error.cmd)}")


def port_fault(port: str) -> str | None:
    """Return why the port cannot be used, before any long step begins; None when it can."""
    if not (port.isascii() and port.isdigit() and 1 <= int(port) <= 65535):
        return f"PORT must be a number from 1 to 65535, not {port!r}"
    try:
        socket.create_server(("127.0.0.1", int(port))).close()
    except OSError as error:
        why = os.strerror(error.errno or 0)
        return f"Port {port} cannot be used ({why}). Choose another one: make demo PORT=8001"
    return None


def prepare(project: Path) -> None:
    """Make the project ready to serve, unless it already is and the template has not changed."""
    ready = project.with_name(f"{SLUG}.ready")
    if ready.exists() and ready.stat().st_mtime > newest(template_files()) and is_whole(project):
        return
    ready.unlink(missing_ok=True)
    generate(project)
    install = [UV, "sync", "--no-dev", "--group", "train", "--python", sys.executable]
    run("2/4 install what it needs: uv sync", install, project)
    train = [str(interpreter(project)), "-m", "app.models", "train"]
    run("3/4 train the model: python -m app.models train", train, project)
    write_flowers(project.with_name(FLOWERS), project / "var" / "models" / "iris")
    ready.touch()


def write_flowers(path: Path, model: Path) -> None:
    """Write a row for each of many invented flowers, within what the model was trained on."""
    chance = random.Random(1)  # noqa: S311
    card = model / (model / "current").read_text("utf-8") / "card.json"
    features = json.loads(card.read_text("utf-8"))["features"]
    ranges = {f["name"]: (f["minimum"], f["maximum"]) for f in features}
    rows = (
        ",".join(f"{chance.uniform(*limits):.1f}" for limits in ranges.values())
        for _ in range(100_000)
    )
    path.write_text("\n".join([",".join(ranges), *rows, ""]), encoding="utf-8")


def is_whole(project: Path) -> bool:
    """Tell whether everything that the last run made is still there."""
    made = [interpreter(project), project / "var" / "models", project.with_name(FLOWERS)]
    return all(path.exists() for path in made)


def template_files() -> Iterable[Path]:
    """Yield every path that decides what is generated; a folder's time says when a file left it."""
    yield ROOT / "cookiecutter.json"
    for folder in ("hooks", "{{cookiecutter.project_slug}}"):
        yield from (ROOT / folder, *(ROOT / folder).rglob("*"))


def newest(paths: Iterable[Path]) -> float:
    """Return the time of the latest change."""
    return max(path.stat().st_mtime for path in paths)


def generate(project: Path) -> None:
    """Generate the default project; in a folder that exists, overwrite the old files."""
    pins = ["--constraints", str(ROOT / "requirements-dev.txt")]
    cookiecutter = [UV, "tool", "run", "--python", sys.executable, *pins, "cookiecutter"]
    answers = ["--no-input", "--default-config", "--output-dir", str(project.parent)]
    # The demo itself does what the template says to do next.
    command = [*cookiecutter, str(ROOT), *answers, "--overwrite-if-exists"]
    title = f"1/4 generate {os.path.relpath(project)}: cookiecutter . --no-input"
    run(title, command, ROOT, stdout=subprocess.DEVNULL)


def run(title: str, command: list[str], folder: Path, stdout: int | None = None) -> None:
    """Print what a step is and run it, without the environment of another project."""
    print(title, flush=True)
    environment = {k: v for k, v in os.environ.items() if k not in {"VIRTUAL_ENV", "PYTHONPATH"}}
    subprocess.run(command, cwd=folder, check=True, env=environment, stdout=stdout)


def serve(project: Path, port: int) -> int:
    """Serve until the app stops or Ctrl-C; return the exit status."""
    print("4/4 serve it: python -m app", flush=True)
    environment = os.environ | {"PORT": str(port)}
    command = [str(interpreter(project)), "-m", "app"]
    with subprocess.Popen(command, cwd=project, env=environment) as app:
        flowers = project.with_name(FLOWERS)
        threading.Thread(target=say_where_to_look, args=(app, port, flowers), daemon=True).start()
        try:
            return app.wait()
        except KeyboardInterrupt:
            # The terminal sent Ctrl-C to the app as well, which is finishing its requests.
            app.wait()
            return 0


def say_where_to_look(app: "subprocess.Popen[bytes]", port: int, flowers: Path) -> None:
    """Print the addresses once the app answers; print nothing if it stops first."""
    url = f"http://127.0.0.1:{port}"
    if wait_until_live(url, app):
        with urlopen(f"{url}/openapi.json") as answer:  # noqa: S310
            flower = json.dumps(example(json.load(answer)["components"]["schemas"]["Features"]))
        look = WHERE_TO_LOOK.format(url=url, flower=flower, flowers=os.path.relpath(flowers))
        print(look, flush=True)


if __name__ == "__main__":
    main()
