"""What is tested of every model, whatever it is: `tests/models/<name>/` calls it for yours."""

import io
from pathlib import Path
from typing import Any

import pytest

from app.models import MODELS
from app.serving.answers import as_cell
from app.serving.loaded import LoadedModel
from app.serving.loading import load
from app.settings import Settings
from app.tasks.kinds.csv_features import columns_of
from app.tasks.kinds.csv_rows import as_csv, read_rows
from app.tasks.kinds.upload import format_of, split_upload


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
