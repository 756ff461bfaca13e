"""The settings of the models; they are part of `Settings`."""

import re
from pathlib import Path

from pydantic import Field, SecretStr, field_validator
from pydantic_core import PydanticCustomError

from app.kit.settings import ProcessSettings

is_source = re.compile(
    r"(https://|http://(localhost|127\.0\.0\.1)[:/])[^\s#]+#sha256=[0-9a-f]{64}"
).fullmatch


class ModelSettings(ProcessSettings):
    """Where the models come from, and how they are asked."""

    models: str = Field(
        "app.models:MODELS",
        pattern=r"^[A-Za-z_][\w.]*:[A-Za-z_]\w*$",
        description="What lists the models, as `package.module:name`",
    )
    models_dir: Path = Field(
        Path("var/models"), description="The folder that has a folder with each model's versions"
    )
    model_source: SecretStr | None = Field(
        None, description="An archive of models to begin with: https://…#sha256=…"
    )
    model_keep: int = Field(
        5, ge=1, le=1000, description="Versions that training leaves of a model"
    )
    model_threads: int = Field(1, ge=1, le=64, description="Threads that share one inference")
    model_providers: str = Field(
        "CPUExecutionProvider",
        pattern=r"^[A-Za-z]+(, ?[A-Za-z]+)*$",
        description="ONNX Runtime's execution providers, the preferred one first",
    )
    model_seconds: float = Field(
        30, ge=0.1, le=3600, description="Longest wait for an answer of the model"
    )
    model_max_rows: int = Field(256, ge=1, le=1024, description="Most rows in one request")
    model_batch_size: int = Field(32, ge=1, le=1024, description="Most rows in one inference")

    @field_validator("model_source")
    @classmethod
    def check_source(cls, source: SecretStr | None) -> SecretStr | None:
        """Refuse what is not encrypted on its way, or not pinned to what it must be."""
        if source is None or is_source(source.get_secret_value()):
            return source
        wanted = "an https:// address, then #sha256= and 64 digits (python -m app.models pack)"
        raise PydanticCustomError("model_source", f"Input should be {wanted}")

    @field_validator("models_dir")
    @classmethod
    def check_folder(cls, path: Path) -> Path:
        """Refuse a file; a folder that is missing is made by the training."""
        if path.is_file():
            raise PydanticCustomError("models_dir", "Input should be a folder; this is a file")
        return path
