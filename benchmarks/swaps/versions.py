"""Makes versions of the project's model, good ones and broken ones; runs in the project's folder.

`python -m benchmarks.swaps.versions good 3` does what a training does: it adds a version, number 3,
and serves it. Each gives other probabilities. `… broken 4` adds one that is unfit, in the way that
its number chooses, and leaves the one that is served. Either prints what it has made.
"""

import json
import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import onnx
import onnxruntime
from app.serving.artefact import (  # type: ignore[import-not-found]
    current_version,
    read_card,
    write_artefact,
)
from app.serving.card import ModelFacts  # type: ignore[import-not-found]

from benchmarks.project import FLOWER

MODEL, CARD = "model.onnx", "card.json"
FOLDER = Path("var/models/iris")
FIRST = Path("var/first")  # the trained version, where no swap can remove it
LABEL = 0  # whose probability is told


def shifted(by: float) -> bytes:
    """Return the trained graph with other probabilities: of its first label, by so much."""
    model = onnx.load(FIRST / MODEL)
    [classifier] = [node for node in model.graph.node if node.op_type == "LinearClassifier"]
    [intercepts] = [one for one in classifier.attribute if one.name == "intercepts"]
    intercepts.floats[LABEL] += by
    content: bytes = model.SerializeToString()
    return content


def add(content: bytes) -> str:
    """Add a version as a training does, and serve it."""
    facts = json.loads((FIRST / CARD).read_text("utf-8"))
    known = {name: facts[name] for name in ModelFacts.model_fields}
    version: str = write_artefact(FOLDER, {MODEL: content}, ModelFacts(**known)).version
    return version


def probability(content: bytes) -> float:
    """Return what the graph itself gives."""
    session = onnxruntime.InferenceSession(content)
    [found] = session.run(["probabilities"], {"X": [[*FLOWER.values()]]})
    return float(found[0][LABEL])


def change(place: Path, **members: Any) -> None:  # noqa: ANN401
    """Change members of a card."""
    card = json.loads((place / CARD).read_text("utf-8"))
    (place / CARD).write_text(json.dumps(card | members), "utf-8")


def flip(place: Path) -> None:
    """Change a byte in the middle of the model."""
    content = bytearray((place / MODEL).read_bytes())
    content[len(content) // 2] ^= 255
    (place / MODEL).write_bytes(content)


def rename_feature(place: Path) -> None:
    """Name a feature in the card that nobody is asked for."""
    features = json.loads((place / CARD).read_text("utf-8"))["features"]
    change(place, features=[{**features[0], "name": "weight"}, *features[1:]])


DAMAGES: dict[str, Callable[[Path], object]] = {
    "a model cut short": lambda p: (p / MODEL).write_bytes((p / MODEL).read_bytes()[:-10]),
    "an altered byte": flip,
    "no model": lambda p: (p / MODEL).unlink(),
    "no card": lambda p: (p / CARD).unlink(),
    "half a card": lambda p: (p / CARD).write_text("{", "utf-8"),
    "another's card": lambda p: change(p, version="0" * 12),
    "another feature": rename_feature,
    "too few labels": lambda p: change(p, labels=["setosa", "versicolor"]),
    "no folder": shutil.rmtree,
}
CONTENTS: dict[str, Callable[[int], bytes]] = {
    "NaN for an answer": lambda _: shifted(float("nan")),
    "no graph": lambda number: b"no graph %d" % number,
}
BROKEN = [*DAMAGES, *CONTENTS]


def break_one(number: int) -> tuple[str, str]:
    """Add a version that is unfit; return it, and what is wrong with it."""
    kind = BROKEN[number % len(BROKEN)]
    served = current_version(FOLDER)
    draft = Path("var/broken")  # not where workers look until it is broken
    content = CONTENTS[kind](number) if kind in CONTENTS else shifted(5 + number / 1000)
    facts = read_card(FOLDER, served).model_dump(include=set(ModelFacts.model_fields))
    version: str = write_artefact(draft / "iris", {MODEL: content}, ModelFacts(**facts)).version
    place = draft / "iris" / version
    if kind in DAMAGES:
        DAMAGES[kind](place)
    if place.exists():
        shutil.rmtree(FOLDER / version, ignore_errors=True)
        place.rename(FOLDER / version)
    return version, kind


def main() -> None:
    """Make the versions from this number on, up to another one."""
    what, first, *last = sys.argv[1:]
    if not FIRST.exists():
        shutil.copytree(FOLDER / current_version(FOLDER), FIRST)
    made: list[tuple[str, str | float]] = []
    for number in range(int(first), int(last[0]) if last else int(first) + 1):
        if what == "broken":
            made.append(break_one(number))
        else:
            content = shifted(number / 10)
            made.append((add(content), probability(content)))
    sys.stdout.write(json.dumps(made))


if __name__ == "__main__":
    main()
