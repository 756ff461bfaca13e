"""What is tested of every model, whatever it is: `tests/models/<name>/` calls it for yours."""

import io
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from app.models import MODELS
from app.serving.answers import as_cell
from app.serving.artefact import current_version, write_artefact
from app.serving.card import ModelFacts
from app.serving.loaded import LoadedModel
from app.serving.loading import load
from app.settings import Settings
from app.tasks.kinds.csv_rows import as_csv, read_rows
from app.tasks.kinds.row_format import columns_of
from app.tasks.kinds.upload import format_of, split_upload
from tests.conftest import ROOT


def loaded(name: str, folder: Path) -> LoadedModel[Any, Any]:
    """Load one of your models from a MODELS_DIR, with all the checks of the start."""
    (served,) = [served for served in MODELS if served.name == name]
    return load(served, Settings(models_dir=folder))


def serves_well(name: str, folder: Path) -> None:
    """Check that it answers its example, alone and among others the same, and as a CSV too."""
    model = loaded(name, folder)
    (alone,) = model.predict([model.example])
    for answer in model.predict([model.example] * 5):
        assert almost(answer.model_dump()) == alone.model_dump()
    assert csv_there_and_back(model) == model.example


def trains_the_same(name: str, folder: Path, other: Path) -> None:
    """Check that its training gives the same version once more, in another process."""
    place = repr(str(other / name))
    program = (
        f"from pathlib import Path; from app.models.{name}.train import train; train(Path({place}))"
    )
    # an order that comes of hashes would be another one
    environment = {**os.environ, "PYTHONHASHSEED": "1"}
    subprocess.run([sys.executable, "-c", program], cwd=ROOT, env=environment, check=True)
    assert current_version(folder / name) == current_version(other / name)


def converted(
    name: str, folder: Path, files: Mapping[str, bytes], labels: Sequence[object] = ()
) -> LoadedModel[Any, Any]:
    """Load one of your models from files that it was converted to."""
    write_artefact(folder / name, files, ModelFacts(labels=[str(label) for label in labels]))
    return loaded(name, folder)


def agree(model: LoadedModel[Any, Any], rows: Sequence[Any], expected: npt.NDArray[Any]) -> None:
    """Check that it answers as what it was converted from: of shape (rows, numbers)."""
    answers = model.predict(rows)
    found = np.array([numbers(answer.model_dump()) for answer in answers])
    assert len(found) == len(rows) >= 1000
    np.testing.assert_allclose(found, expected, rtol=1e-3, atol=1e-5)


def numbers(value: Any) -> list[float]:  # noqa: ANN401
    """Return the numbers of an answer, in its order."""
    if isinstance(value, dict):
        return [number for part in value.values() for number in numbers(part)]
    return [value] if isinstance(value, float) else []


def almost(value: Any) -> Any:  # noqa: ANN401
    """Return a value that is equal to one whose floats were added up in another order."""
    if isinstance(value, dict):
        return {key: almost(part) for key, part in value.items()}
    if isinstance(value, list):
        return [almost(part) for part in value]
    return pytest.approx(value, rel=1e-4, abs=1e-6) if isinstance(value, float) else value


def csv_there_and_back(model: LoadedModel[Any, Any]) -> Any:  # noqa: ANN401
    """Return what a CSV means that has the model's example in a row."""
    columns = columns_of(model.served).names
    cells = [as_cell(value) for value in model.example.model_dump(mode="json").values()]
    content = as_csv([columns, [*map(str, cells)]])
    payload, _ = split_upload(io.BytesIO(content), model, 2**20)
    _, row = read_rows(io.BytesIO(content))
    return format_of(payload, model).features(row)
