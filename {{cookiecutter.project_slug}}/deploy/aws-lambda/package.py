"""Build build/lambda.zip for AWS Lambda: the app, its models, and what they need.

The same files make the same zip, so a deployment without a change is none.
"""

import argparse
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

PROJECT = Path(__file__).parents[2]
BUILD = PROJECT / "build"
MODELS = Path("var/models")
# x86_64: onnxruntime has failed on the arm64 machines of AWS Lambda (microsoft/onnxruntime#10038)
PLATFORM = "x86_64-manylinux_2_28"  # the glibc of Amazon Linux 2023 is newer
MOST_BYTES = 250 * 2**20  # of all files; AWS Lambda refuses more
MEGABYTE = 2**20
NO_UV = "uv is not on your PATH. Get it with: pip install uv"


def main() -> None:
    """Build the zip; exit with a message if it would not work."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--python", default="3.13", help="as the templates say (%(default)s)")
    python = parser.parse_args().python
    check_models()
    package, archive = BUILD / "lambda", BUILD / "lambda.zip"
    archive.unlink(missing_ok=True)  # an older one must not be deployed if this fails
    shutil.rmtree(package, ignore_errors=True)
    install(package, python)
    shutil.copytree(PROJECT / "app", package / "app", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copytree(PROJECT / MODELS, package / MODELS)
    compile_all(package, python)
    size = sum(path.stat().st_size for path in package.rglob("*") if path.is_file())
    if size > MOST_BYTES:
        sys.exit(
            f"The files have {size // MEGABYTE} MB; AWS Lambda takes {MOST_BYTES // MEGABYTE}. "
            "Deploy the container image instead: docs/aws-lambda.md"
        )
    pack(package, archive)
    packed = archive.stat().st_size // MEGABYTE
    print(f"{archive.relative_to(PROJECT)}: {packed} MB, unpacked {size // MEGABYTE} MB")


def check_models() -> None:
    """Exit unless every model has a version that can be served."""
    check = [sys.executable, "-m", "app.models", "check"]
    if subprocess.run(check, cwd=PROJECT, stdout=subprocess.DEVNULL).returncode:
        sys.exit("Nothing was packed. First: uv run python -m app.models train --missing")


def install(package: Path, python: str) -> None:
    """Install what serving on AWS Lambda needs, for its system, whatever system this is."""
    needed = BUILD / "lambda-requirements.txt"
    package.mkdir(parents=True)
    uv("export --quiet --no-default-groups --group aws-lambda --no-emit-project --no-hashes",
       "--prune", "uvicorn", "--python", python, "--output-file", needed)  # fmt: skip
    uv("pip install --quiet --only-binary :all: --python-platform", PLATFORM,
       "--python-version", python, "--target", package, "--requirement", needed)  # fmt: skip


def compile_all(package: Path, python: str) -> None:
    """Compile every module: the disk is read-only there, and compiling takes a second."""
    command = f"run --no-project --python {python} python -m compileall -q"
    uv(command, "--invalidation-mode", "unchecked-hash", package)


def uv(command: str, *options: str | Path) -> None:
    """Run uv, or exit as it did."""
    words = [shutil.which("uv") or sys.exit(NO_UV), *command.split(), *map(str, options)]
    if subprocess.run(words, cwd=PROJECT).returncode:
        sys.exit(f"Nothing was packed. This failed: {' '.join(words)}")


def pack(package: Path, archive: Path) -> None:
    """Write the zip, in an order and with times that do not change."""
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as file:
        for path in sorted(filter(Path.is_file, package.rglob("*"))):
            entry = zipfile.ZipInfo(path.relative_to(package).as_posix())
            entry.external_attr = 0o644 << 16
            file.writestr(entry, path.read_bytes(), zipfile.ZIP_DEFLATED)


if __name__ == "__main__":
    main()
