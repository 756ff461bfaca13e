"""The kind `prediction-report`: what the record says of each version of the models."""

from typing import Any

from pydantic import BaseModel, Field

from app.serving.settings import ModelSettings
from app.tasks.engine.context import TaskContext


class PredictionReport(BaseModel):
    """Which predictions the report is about."""

    model: str | None = Field(None, description="Only this one; null: all models")
    days: float | None = Field(None, gt=0, description="How many days it looks back; null: all")


def report_predictions(payload: PredictionReport, task: TaskContext) -> dict[str, Any]:
    """Read the record, a page at a time."""
    from app.predictions.report.collect import make_report  # slow to import

    settings = task.settings_of(ModelSettings)
    opened = [task.models.get(payload.model)] if payload.model else task.models.all
    models = [model.served for model in opened]
    report = make_report(task.store.storage, models, settings, payload.days, task.check)
    return report.model_dump(mode="json")
