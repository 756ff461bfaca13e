"""Your models: a folder and a line for each. The first is asked at `/v1/predict`."""

from app.models.digits.features import Drawing
from app.models.digits.model import DigitModel
from app.serving.answers import Classification
from app.serving.served import Served

MODELS = (Served("digits", Drawing, Classification, DigitModel),)
