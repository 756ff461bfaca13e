"""A ready-made model: ONNX Runtime executes the file `model.onnx` of its artefact."""

import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Generic, TypeVar, cast, get_args

import numpy as np
from pydantic.fields import FieldInfo

from app.kit.start import StartError
from app.serving.artefact import Artefact, ArtefactError
from app.serving.card import as_category
from app.serving.protocol import AnswerT, FeaturesT
from app.serving.settings import ModelSettings
from app.serving.unseen import LARGEST, InfiniteValueError

if TYPE_CHECKING:
    from onnxruntime import InferenceSession

MODEL_FILE = "model.onnx"
TYPES: dict[str, Any] = {
    "tensor(float)": np.float32,
    "tensor(double)": np.float64,
    "tensor(int64)": np.int64,
    "tensor(bool)": np.bool_,
    "tensor(string)": np.object_,
}

T = TypeVar("T")
Array = np.ndarray[tuple[Any, ...], np.dtype[Any]]
Feed = Callable[[Sequence[Any]], dict[str, Array]]


class ProviderError(StartError):
    """A provider that MODEL_PROVIDERS names does not execute the model."""

    def __init__(self, missing: Iterable[str], available: Iterable[str]) -> None:
        super().__init__(
            f"MODEL_PROVIDERS: {', '.join(sorted(missing))} cannot be used here. This package of "
            f"ONNX Runtime has {', '.join(sorted(available))}; what it has and cannot use lacks a "
            "driver or a device. Other packages, such as onnxruntime-gpu, have more."
        )


class OnnxModel(Generic[FeaturesT, AnswerT]):
    """A graph that takes the features, and of whose outputs the answers are made.

    Either it has one input of floats, of shape (rows, features), or an input for each feature, with
    the feature's name. What is missing (None) is NaN as a number, and "" as a text.
    """

    def __init__(self, artefact: Artefact) -> None:
        self._card = artefact.card
        self._answer = cast("type[AnswerT]", artefact.answer)
        content = artefact.read(MODEL_FILE)
        try:
            self._session = open_session(content, artefact.settings)
            self._feed = within_types(self._session, artefact.features.model_fields)
            self._outputs = outputs(self._session, self._answer.outputs)
        except StartError:
            raise
        except Exception as error:  # ONNX Runtime's own errors have no common class
            cause = f"ONNX Runtime cannot run the model: {error}"
            raise ArtefactError(artefact.name, cause) from error

    def predict(self, rows: Sequence[FeaturesT]) -> Sequence[AnswerT]:
        """Return an answer for each row."""
        found = self._session.run(self._outputs, self.inputs(rows))
        named = dict(zip(self._outputs, found, strict=True))
        return cast("Sequence[AnswerT]", self._answer.from_outputs(named, self._card))

    def inputs(self, rows: Sequence[FeaturesT]) -> dict[str, Array]:
        """Return what the graph takes, by name; a class of yours may make it of the features."""
        return self._feed(rows)

    def close(self) -> None:
        """Release the session and its memory."""
        del self._session


def open_session(content: bytes, settings: ModelSettings) -> "InferenceSession":
    """Return a session on the providers that the settings ask for, or raise ProviderError."""
    # since 1.29 it reports to Microsoft, also on Linux, unless this is set before its import
    os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")
    # onnxruntime is slow to import, and a project with models of another kind does not need it
    import onnxruntime

    providers = [name.strip() for name in settings.model_providers.split(",")]
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = settings.model_threads
    options.inter_op_num_threads = 1
    missing = set(providers) - set(onnxruntime.get_available_providers())
    if not missing:
        session = onnxruntime.InferenceSession(content, options, providers=providers)
        missing = set(providers) - set(session.get_providers())
    if missing:  # ONNX Runtime itself would use the CPU, and say so only in a warning
        raise ProviderError(missing, onnxruntime.get_available_providers())
    return session


def within_types(session: "InferenceSession", features: dict[str, FieldInfo]) -> Feed:
    """Return the feed, which raises InfiniteValueError for a number that its input cannot hold."""
    fill = feed(session, features)
    kinds = {one.name: TYPES[one.type] for one in session.get_inputs()}
    if not kinds.keys() <= features.keys():  # one input for all
        kinds = dict.fromkeys(features, *kinds.values())
    bounded = all(is_bounded(features[name]) for name in kinds)

    def fill_within(rows: Sequence[Any]) -> dict[str, Array]:
        try:
            return fill(rows) if bounded else refusing(fill, rows)
        except (OverflowError, FloatingPointError):
            name = too_large(rows, kinds)
            raise InfiniteValueError(f"{name} is too large to be calculated with.") from None

    return fill_within


def refusing(make: Callable[..., T], *args: object) -> T:
    """Return what this makes; raise an error where NumPy would make a number infinite."""
    with np.errstate(over="raise"):
        return make(*args)


def too_large(rows: Sequence[Any], kinds: Mapping[str, Any]) -> str:
    """Return the name of the first feature whose value its type cannot hold."""
    for row in rows:
        for name, kind in kinds.items():
            try:
                refusing(np.array, getattr(row, name), kind)
            except (OverflowError, FloatingPointError):
                return name
    return "A number"


def is_bounded(field: FieldInfo) -> bool:
    """Return whether the rules of a feature keep it within a float32."""

    def has(*names: str) -> bool:
        ends = [getattr(rule, name, None) for rule in field.metadata for name in names]
        return any(isinstance(end, int | float) and abs(end) <= LARGEST for end in ends)

    return has("ge", "gt") and has("le", "lt")


def feed(session: "InferenceSession", features: dict[str, FieldInfo]) -> Feed:
    """Return what makes the graph's inputs of rows; or raise ValueError if they do not match."""
    inputs = {one.name: (TYPES.get(one.type), len(one.shape)) for one in session.get_inputs()}
    for one in session.get_inputs():
        if one.type not in TYPES:
            raise ValueError(f"its input {one.name} is a {one.type}, which no feature can be")
    if len(inputs) == 1 and inputs.keys() != features.keys():
        [(name, (kind, _))] = inputs.items()
        refuse_gaps(kind, features)
        if kind is not np.object_:
            return lambda rows: {name: np.array([[*vars(row).values()] for row in rows], kind)}
        return lambda rows: {name: np.array([texts(vars(row).values()) for row in rows], kind)}
    if unknown := inputs.keys() - features.keys():
        raise ValueError(f"it takes {', '.join(sorted(unknown))}, which no feature is called")
    for name, (kind, _) in inputs.items():
        refuse_gaps(kind, {name: features[name]})
    return lambda rows: {
        name: column([getattr(row, name) for row in rows], *kind) for name, kind in inputs.items()
    }


def refuse_gaps(kind: object, features: dict[str, FieldInfo]) -> None:
    """Raise ValueError if a feature may be missing, and the type has no value for that."""
    for name, field in features.items():
        if type(None) in get_args(field.annotation) and kind in (np.int64, np.bool_):
            raise ValueError(f"{name} may be missing, so its input must be floats or texts")


def texts(values: Iterable[object]) -> list[str]:
    """Return values as texts; what is missing is empty."""
    return ["" if value is None else as_category(value) for value in values]


def column(values: list[Any], kind: Any, dimensions: int) -> Array:  # noqa: ANN401
    """Return one feature of many rows, of shape (rows,) or (rows, 1)."""
    array = np.array(texts(values) if kind is np.object_ else values, dtype=kind)
    return array[:, np.newaxis] if dimensions > 1 else array


def outputs(session: "InferenceSession", wanted: Sequence[str]) -> list[str]:
    """Return which outputs to ask for, or raise ValueError if the graph lacks one."""
    found = [one.name for one in session.get_outputs()]
    if missing := set(wanted) - set(found):
        raise ValueError(f"it has no output {', '.join(missing)}, but {', '.join(found)}")
    return list(wanted) or found
