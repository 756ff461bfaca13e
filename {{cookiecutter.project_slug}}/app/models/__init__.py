# {% if false %}
"""Your models: a folder and a line for each. In the template, those of every project."""

from app.models.diabetes import only as diabetes
from app.models.digits import only as digits
from app.models.iris import only as iris
from app.models.penguins import only as penguins
from app.models.text import only as text

MODELS = (*iris.MODELS, *diabetes.MODELS, *penguins.MODELS, *digits.MODELS, *text.MODELS)
# {% endif %}
# {% include "app/models/" ~ cookiecutter.model ~ "/only.py" %}
