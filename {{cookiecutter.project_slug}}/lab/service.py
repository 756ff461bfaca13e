"""The service without a model: the lab asks it for none, so none has to be trained."""

from app.kit.settings import load_settings
from app.main import create_app
from app.serving.models import Models
from app.settings import Settings

app = create_app(load_settings(Settings), open_models=lambda _: Models({}))
