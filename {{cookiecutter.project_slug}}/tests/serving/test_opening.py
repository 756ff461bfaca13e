"""What is checked at the start: each thing that keeps a model from answering has a message."""

import json
import shutil
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Literal, Self

import pytest
from fastapi.testclient import TestClient
from onnx import TensorProto
from pydantic import BaseModel, Field, model_validator
from structlog.testing import capture_logs

from app.kit.start import StartError
from app.main import create_app
from app.serving.answers import Answer, Classification
from app.serving.artefact import ArtefactError, current_version
from app.serving.card import FeatureCategories, FeatureRange
from app.serving.checks import check_bounds, check_features
from app.serving.examples import example_of, place_of
from app.serving.opening import find_models, open_models, open_with_queue
from app.serving.served import Served
from app.settings import Settings
from tests import fakes
from tests.conftest import LOCAL
from tests.fakes import CARD, FLOWER, ChangedModel, FakeModel, Flower, nan_where_long
from tests.graphs import constant, write_flower

Change = Callable[[dict[str, Any]], object]
NAMES = list(Flower.model_fields)


@pytest.fixture
def copy(artefact: Path, tmp_path: Path) -> Path:
    """Return a copy of the MODELS_DIR that a test may damage."""
    return Path(shutil.copytree(artefact, tmp_path / "models"))


def settings_for(folder: Path) -> Settings:
    return Settings(models_dir=folder, models="tests.graphs:MODELS")


def test_an_artefact_is_served(artefact: Path, settings: Settings) -> None:
    real = settings.model_copy(update={"models_dir": artefact, "models": "tests.graphs:MODELS"})
    with TestClient(create_app(real), base_url=LOCAL) as client:
        answer = client.post("/v1/predict", json=FLOWER | {"sepal_length_cm": 7}).json()
    assert answer == {
        "label": "long",
        "probabilities": {"short": 0.25, "long": 0.75},
        "model_version": current_version(artefact / "flower"),
        "warnings": [],
    }


def card_of(folder: Path) -> Path:
    """Return where the card of the current version is."""
    return folder / "flower" / current_version(folder / "flower") / "card.json"


def edit_card(change: Change) -> Callable[[Path], None]:
    def damage(folder: Path) -> None:
        card = json.loads(card_of(folder).read_text())
        change(card)
        card_of(folder).write_text(json.dumps(card))

    return damage


def model_of(folder: Path) -> Path:
    return card_of(folder).with_name("model.onnx")


def nothing(folder: Path) -> None:
    shutil.rmtree(folder)


def no_card(folder: Path) -> None:
    card_of(folder).unlink()


def no_model(folder: Path) -> None:
    model_of(folder).unlink()


def truncated(folder: Path) -> None:
    model_of(folder).write_bytes(model_of(folder).read_bytes()[:-10])


def card_is_a_folder(folder: Path) -> None:
    path = card_of(folder)
    path.unlink()
    path.mkdir()


def no_utf_8(folder: Path) -> None:
    card_of(folder).write_bytes(b"\xff" + card_of(folder).read_bytes())


def no_json(folder: Path) -> None:
    card_of(folder).write_text("{")


def holds(content: bytes) -> Callable[[Path], None]:
    def damage(folder: Path) -> None:
        write_flower(folder, content)

    return damage


def reordered(folder: Path) -> None:
    write_flower(folder, features=CARD.features[::-1])


def more_labels(folder: Path) -> None:
    write_flower(folder, labels=["short", "long", "odd"])


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (nothing, r"/flower/current cannot be read: No such file"),
        (no_card, r"card\.json cannot be read: No such file"),
        (no_model, r"model\.onnx cannot be read: No such file"),
        (truncated, r"model\.onnx is truncated or altered"),
        (card_is_a_folder, r"card\.json cannot be read: Is a directory"),
        (no_utf_8, "is not a model card of layout 2"),
        (no_json, "is not a model card of layout 2"),
        (edit_card(lambda card: card.update(card_schema=3)), "is not a model card of layout 2"),
        (
            edit_card(lambda card: card["metrics"].update(accuracy=float("nan"))),
            r"layout 2 \(metrics\.accuracy: Input should be a finite number\)",
        ),
        (
            edit_card(lambda card: card["features"][0].update(minimum=float("-inf"))),
            r"layout 2 \(features\.0\.FeatureRange\.minimum: Input should be a finite number\)",
        ),
        (
            edit_card(lambda card: card.update(labels=["short", "short"])),
            r"layout 2 \(labels: Value error, each label must appear once\)",
        ),
        (edit_card(lambda card: card.update(version="\0")), "is the card of version '.x00'"),
        (holds(b"this is not ONNX"), "ONNX Runtime cannot run the model"),
        (holds(constant([0.5, 0.5], rows=1)), "Got: 2 Expected: 1"),
        (holds(constant([0.5, 0.5], rows=2)), "Got: 1 Expected: 2"),
        (holds(constant([0.5, 0.5], columns=3)), "Got: 4 Expected: 3"),
        (holds(constant([float("nan")] * 2)), "nan for probabilities.short"),
        (holds(constant([7, 7])), r"7\.0 for probabilities.short"),
        (holds(constant([1, 0], TensorProto.INT64)), "int64 instead of an array of floats"),
        (
            more_labels,
            r"2 probabilities for each row, and its card has 3 labels \(short, long, odd\)",
        ),
        (
            edit_card(lambda card: card.update(kind="Regression")),
            r"The model gives a Regression, but app/models/__init__\.py has Classification",
        ),
        (reordered, "was trained on .* but tests/fakes.py has"),
        (
            edit_card(lambda card: card["features"][0].update(unit="inch")),
            "was trained on sepal_length_cm in inch, but tests/fakes.py has cm",
        ),
    ],
)
def test_a_damaged_artefact_is_refused_with_the_command_that_replaces_it(
    copy: Path, damage: Callable[[Path], None], message: str
) -> None:
    damage(copy)
    with pytest.raises(ArtefactError, match=message) as caught:
        open_models(settings_for(copy))
    assert "uv run python -m app.models train --model flower" in str(caught.value)


@pytest.mark.parametrize(
    ("feature", "message"),
    [
        ({"maximum": 31}, r"\n  31 for sepal_length_cm: .* less than or equal"),
        ({"minimum": 0}, r"\n  0 for sepal_length_cm: .* greater than 0"),
        ({"missing": 0.1}, r"\n  None for sepal_length_cm: .* valid number"),
        ({"minimum": 0, "maximum": 31}, r"\n  0 for sepal_length_cm: .*\n  31 for sepal_length_cm"),
    ],
)
def test_what_training_saw_and_the_api_refuses_is_no_fault_of_the_artefact(
    copy: Path, feature: dict[str, Any], message: str
) -> None:
    edit_card(lambda card: card["features"][0].update(feature))(copy)
    with pytest.raises(StartError, match=message) as caught:
        open_models(settings_for(copy))
    assert "tests/fakes.py refuses what the model was trained on:" in str(caught.value)
    assert "Change the rules there, or train without such values" in str(caught.value)
    assert not isinstance(caught.value, ArtefactError)


@pytest.mark.parametrize(
    ("models", "cause"),
    [
        ("nowhere:MODELS", "is missing"),
        ("app.models:NOTHING", "is missing"),
        ("tests.fakes:FLOWER", "must list one Served or more"),
        (f"{__name__}:NONE", "must list one Served or more"),
        (f"{__name__}:TWICE", "must list one Served or more, each of another name"),
        ("broken_models:MODELS", "raised ZeroDivisionError: a bug"),
        ("ends_all:MODELS", "raised SystemExit: 0"),
    ],
)
def test_a_list_that_is_none(
    models: str, cause: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "broken_models.py").write_text("raise ZeroDivisionError('a bug')")
    (tmp_path / "ends_all.py").write_text("raise SystemExit(0)")
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(StartError, match=f"MODELS: {models} {cause}"):
        find_models(Settings(models=models))


NONE: tuple[()] = ()
TWICE = (*fakes.MODELS, *fakes.MODELS)


@pytest.mark.parametrize(
    ("models", "cause"),
    [("FAILING", "ZeroDivisionError: a bug"), ("EXITING", "SystemExit: 0")],
)
def test_what_fails_to_load_is_named_and_its_error_is_kept(models: str, cause: str) -> None:
    with pytest.raises(
        StartError, match=f"The model flower could not be loaded. {cause}"
    ) as caught:
        open_models(Settings(models=f"tests.fakes:{models}"))
    assert caught.value.__cause__


def opened(model: Any, served: dict[str, Any] | None = None) -> None:  # noqa: ANN401
    """Open a model that has no artefact, and close it again."""
    made: dict[str, Any] = {
        "name": "flower",
        "features": Flower,
        "answer": Classification,
        "card": CARD,
    }
    one: Served[Any, Any] = Served(load=lambda _: model, **made | (served or {}))
    open_with_queue(one, Settings()).close()


@pytest.mark.parametrize("model", [None, {}, object()])
def test_what_cannot_predict_is_no_model(model: object) -> None:
    with pytest.raises(StartError, match=r"has no predict\(rows\)"):
        opened(model)


@pytest.mark.parametrize(
    ("model", "cause"),
    [
        (fakes.BrokenModel(), "the model raised KeyError"),
        (ChangedModel(lambda _: None), "NoneType instead of a list of Classification"),
        (ChangedModel(lambda answers: [*answers, *answers]), "2 answers for 1 row"),
        (ChangedModel(lambda _: [fakes.LONG]), "1 answers for 2 row"),
        (
            ChangedModel(lambda answers: nan_where_long([fakes.LONG for _ in answers])),
            "nan for probabilities.long",
        ),
        (
            ChangedModel(
                lambda answers: [Classification(label="a", probabilities={}) for _ in answers]
            ),
            "KeyError: 'short'",
        ),
    ],
)
def test_a_model_that_cannot_answer_its_own_example_does_not_start(
    model: FakeModel, cause: str
) -> None:
    with pytest.raises(ArtefactError, match=f"Asked its own example.*{cause}"):
        opened(model)
    assert model.calls[-1] == "close"


class Sentence(BaseModel):
    """A question with something that may be missing, and a rule for all of it."""

    text: str = Field(examples=["hello"])
    city: str | None = Field(examples=["Rome"])
    age: float | None = Field(None, examples=[7])

    @model_validator(mode="after")
    def demand_age_or_no_city(self) -> Self:
        """Refuse a city without an age."""
        if self.city and self.age is None:
            raise ValueError("a city needs an age")
        return self


class Length(Answer):
    """An answer with parts."""

    lengths: dict[str, list[float]]


NEEDS_CITY = r"own example without city: .* AttributeError: .*test_opening\.py must require city"


def lengths(ask: Callable[[Sequence[Sentence]], list[float]]) -> None:
    """Open a model that answers with these numbers."""

    class Measures:
        def predict(self, rows: Sequence[Sentence]) -> list[Length]:
            return [Length(lengths={"all": [0.5, number]}) for number in ask(rows)]

    card = CARD.model_copy(update={"features": [], "labels": []})
    opened(Measures(), {"features": Sentence, "answer": Length, "card": card})


def test_a_model_is_asked_what_has_gaps() -> None:
    asked = []
    lengths(lambda rows: [asked.append(row.city) or 1.0 for row in rows])  # type: ignore[func-returns-value]
    assert asked == ["Rome", None, "Rome", None, "Rome"]
    with pytest.raises(ArtefactError, match=NEEDS_CITY):
        lengths(lambda rows: [float(len(row.city.upper())) for row in rows])  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("ask", "warned"),
    [
        (lambda rows: [1 / len(rows)] * len(rows), True),
        (lambda rows: [1 + 0.001 * len(rows)] * len(rows), False),  # the last digits
        (lambda rows: [1.0 if row.city else 9.0 for row in rows], False),
    ],
)
def test_an_answer_that_depends_on_other_rows_is_warned_of(
    ask: Callable[[Sequence[Sentence]], list[float]], warned: bool
) -> None:
    with capture_logs() as logs:
        lengths(ask)
    assert [line["event"] for line in logs] == ["model_answers_by_neighbours"] * warned


def test_a_model_without_close_is_one() -> None:
    class Bare:
        def predict(self, rows: Sequence[Flower]) -> list[Classification]:
            return [fakes.SHORT for _ in rows]

    opened(Bare())


def test_a_model_that_tells_nothing_serves_as_well() -> None:
    class Word(Answer):
        word: str

    class Speaks:
        def predict(self, rows: Sequence[Flower]) -> list[Word]:
            return [Word(word="hello") for _ in rows]

    card = CARD.model_copy(update={"features": [], "labels": [], "metrics": {}})
    opened(Speaks(), {"answer": Word, "card": card})


class Reserved(Answer):
    """An answer with names that the service uses."""

    id: int
    warnings: list[str]


class Box(BaseModel):
    """A part of an answer whose numbers nobody checks."""

    width: float


class Plain(Answer):
    """An answer with such a part."""

    boxes: list[Box] | None


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"name": "Flower"}, "'Flower' cannot name a model"),
        ({"name": "a/b"}, "'a/b' cannot name a model"),
        ({"features": dict}, r"must be a class derived from pydantic\.main\.BaseModel"),
        ({"answer": Flower}, r"must be a class derived from app\.serving\.answers\.Answer"),
        ({"answer": fakes.LONG}, r"must be a class derived from app\.serving\.answers"),
        ({"answer": Reserved}, "In Reserved, rename id, warnings: the service itself adds"),
        ({"answer": Plain}, r"Plain has a part Box, which must be derived from app\.serving\.ans"),
    ],
)
def test_a_line_that_cannot_be_served_says_why(change: dict[str, Any], message: str) -> None:
    with pytest.raises(StartError, match=message):
        opened(FakeModel(), change)


# examples


class Named(BaseModel):
    """Features whose examples come from everywhere."""

    own: int = Field(examples=[7, 8])
    default: str = "none"
    seen: Literal["red", "white"]
    number: float


SEEN = CARD.model_copy(
    update={
        "features": [
            FeatureCategories(name="seen", categories=["white"]),
            FeatureRange(name="number", minimum=1.5, maximum=2),
        ]
    }
)


def test_the_example_is_of_the_fields_or_of_what_training_saw() -> None:
    assert example_of(Named, SEEN).model_dump() == {
        "own": 7,
        "default": "none",
        "seen": "white",
        "number": 1.5,
    }


def test_the_example_of_the_class_comes_first() -> None:
    class Whole(Named):
        model_config = {"json_schema_extra": {"examples": [{"own": 1, "seen": "red", "number": 3}]}}

    assert example_of(Whole, CARD).own == 1


def test_features_without_an_example_are_named() -> None:
    with pytest.raises(StartError, match=r"test_opening\.py: seen has no example"):
        example_of(Named, CARD)


def test_a_feature_is_called_as_clients_call_it() -> None:
    class Called(BaseModel):
        number: float = Field(alias="the-number", examples=[2], json_schema_extra={"unit": "m"})

    card = CARD.model_copy(
        update={"features": [FeatureRange(name="number", unit="m", minimum=1, maximum=3)]}
    )
    example = example_of(Called, card)
    check_features("called", Called, card)
    check_bounds(example, card)
    assert example.number == 2


def test_features_in_a_package_are_where_they_are() -> None:
    class Here(BaseModel):
        pass

    assert place_of(Here) == "tests/serving/test_opening.py"
    Here.__module__ = "app.models"
    assert place_of(Here) == "app/models/__init__.py"


def test_an_example_that_breaks_a_rule_is_named() -> None:
    class Wrong(BaseModel):
        number: int = Field(examples=[0], gt=0)

    with pytest.raises(StartError, match="the example breaks a rule"):
        example_of(Wrong, CARD)
