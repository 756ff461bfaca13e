"""Your models: a folder and a line for each. The first is asked at `/v1/predict`."""

from app.models.diabetes.answer import Progression
from app.models.diabetes.features import Patient
from app.models.digits.features import Drawing
from app.models.digits.model import DigitModel
from app.models.iris.features import Features
from app.models.penguins.features import Penguin
from app.models.text.features import Text
from app.models.text.model import TextModel
from app.serving.answers import Classification
from app.serving.onnx import OnnxModel
from app.serving.served import Served

MODELS = (
    Served("iris", Features, Classification, OnnxModel),
    Served("diabetes", Patient, Progression, OnnxModel),
    Served("penguins", Penguin, Classification, OnnxModel),
    Served("digits", Drawing, Classification, DigitModel),
    Served("text", Text, Classification, TextModel),
)
