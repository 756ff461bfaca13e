"""`python -m app.models`: train your models, and choose the versions that are served."""

from app.models import MODELS
from app.serving.command import main

main(MODELS)
