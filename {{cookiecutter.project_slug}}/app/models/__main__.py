"""`python -m app.models`: the versions of your models, and which one is served."""

from app.models import MODELS
from app.serving.versions import main

main(MODELS)
