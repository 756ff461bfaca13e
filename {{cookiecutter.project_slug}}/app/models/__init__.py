# {% if false %}
"""Your models: a folder and a line for each. In the template, those of every project."""

from app.models.iris import only as iris

MODELS = (*iris.MODELS,)
# {% endif %}
# {% include "app/models/" ~ cookiecutter.model ~ "/only.py" %}
