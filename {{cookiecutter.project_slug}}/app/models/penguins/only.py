"""Your models: a folder and a line for each. The first is asked at `/v1/predict`."""

from app.models.penguins.features import Penguin
from app.serving.answers import Classification
from app.serving.onnx import OnnxModel
from app.serving.served import Served

MODELS = (Served("penguins", Penguin, Classification, OnnxModel),)
