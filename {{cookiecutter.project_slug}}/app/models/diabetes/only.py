"""Your models: a folder and a line for each. The first is asked at `/v1/predict`."""

from app.models.diabetes.answer import Progression
from app.models.diabetes.features import Patient
from app.serving.onnx import OnnxModel
from app.serving.served import Served

MODELS = (Served("diabetes", Patient, Progression, OnnxModel),)
