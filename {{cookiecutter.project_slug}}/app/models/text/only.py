"""Your models: a folder and a line for each. The first is asked at `/v1/predict`."""

from app.models.text.features import Text
from app.models.text.model import TextModel
from app.serving.answers import Classification
from app.serving.served import Served

MODELS = (Served("text", Text, Classification, TextModel),)
