"""The model of digits: it reads the files that people have, and refuses the others."""

import io
import struct
import zlib
from base64 import b64decode, b64encode
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from fastapi.testclient import TestClient
from PIL import Image, ImageOps
from sklearn.datasets import load_digits
from sklearn.neural_network import MLPClassifier

from app.main import create_app
from app.models import MODELS as ALL
from app.models.digits.features import SEVEN, Drawing
from app.models.digits.picture import as_pixels
from app.models.digits.train import as_png, to_onnx_bytes, train
from app.serving.onnx import MODEL_FILE
from app.settings import Settings
from tests.conftest import LOCAL
from tests.models.helpers import agree, converted, loaded, serves_well, trains_the_same
from tests.test_errors import assert_problem

MODELS = [served for served in ALL if served.name == "digits"]
MODEL = "/v1/models/digits"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a MODELS_DIR with the trained model."""
    folder = tmp_path_factory.mktemp("models")
    train(folder / "digits")
    return folder


@pytest.fixture
def client(settings: Settings, folder: Path) -> Iterator[TestClient]:
    """Yield a client of a service that has this model alone."""
    only = {"models": "tests.models.digits.test_digits:MODELS", "models_dir": folder}
    with TestClient(create_app(settings.model_copy(update=only)), base_url=LOCAL) as client:
        yield client


def drawn(digit: int) -> Image.Image:
    """Return a digit of the data as people draw it: dark on light, large, and not in the middle."""
    data = load_digits()
    small = Image.fromarray(np.uint8(data.images[list(data.target).index(digit)] * 255 / 16))
    page = Image.new("L", (200, 160), 255)
    page.paste(ImageOps.invert(small.resize((96, 96), Image.Resampling.BICUBIC)), (90, 30))
    return page


def png(image: Image.Image, **options: object) -> bytes:
    """Return an image as a file."""
    file = io.BytesIO()
    image.save(file, "png", **options)
    return file.getvalue()


def header(width: int, height: int) -> bytes:
    """Return a PNG that says how large it is, and has hardly any pixels."""

    def chunk(name: bytes, content: bytes) -> bytes:
        check = zlib.crc32(name + content)
        return struct.pack(">I", len(content)) + name + content + struct.pack(">I", check)

    size = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    pixels = chunk(b"IDAT", zlib.compress(b"\0" * 64)) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", size) + pixels


def kinds(page: Image.Image) -> dict[str, bytes]:
    """Return the same drawing as each kind of PNG."""
    clear = Image.new("RGBA", page.size, (0, 0, 0, 0))
    dark = ImageOps.invert(page)
    on_nothing = {
        ink: Image.composite(Image.new("RGBA", page.size, ink), clear, dark)
        for ink in ("black", "white")
    }
    wide = Image.fromarray(np.asarray(page, dtype=np.uint16) * 257)
    return {
        "dark on light": png(page),
        "light on dark": png(dark),
        "colours": png(page.convert("RGB")),
        "a palette": png(page.convert("P")),
        "a clear palette": png(page.convert("P"), transparency=255),
        "black and white": png(page.convert("1", dither=Image.Dither.NONE)),
        "grey and clear": png(page.convert("LA")),
        "black on nothing": png(on_nothing["black"]),
        "white on nothing": png(on_nothing["white"]),
        "16 bits": png(wide),
        "animated": png(page, save_all=True, append_images=[dark]),
        "interlaced": png(page, interlace=1),
    }


def test_it_serves_well(folder: Path) -> None:
    serves_well("digits", folder)


def test_another_training_gives_the_same_version(folder: Path, tmp_path: Path) -> None:
    trains_the_same("digits", folder, tmp_path)


def test_its_card_says_how_good_it_is(folder: Path) -> None:
    card = loaded("digits", folder).card
    assert card.metrics["accuracy"] > 0.95
    assert card.labels == list("0123456789")


def test_the_example_is_a_seven_of_the_data(folder: Path) -> None:
    data = load_digits()
    assert b64decode(SEVEN)[:8] == as_png(data.images[7])[:8]
    np.testing.assert_array_equal(as_pixels(b64decode(SEVEN)), as_pixels(as_png(data.images[7])))
    (answer,) = loaded("digits", folder).predict([Drawing.model_validate({"image": SEVEN})])
    assert answer.label == "7"


@pytest.mark.parametrize("kind", kinds(drawn(3)))
def test_it_reads_each_kind_of_png(folder: Path, kind: str) -> None:
    files = [kinds(drawn(digit))[kind] for digit in range(10)]
    drawings = [Drawing.model_validate({"image": b64encode(file)}) for file in files]
    answers = loaded("digits", folder).predict(drawings)
    right = [answer.label == str(digit) for digit, answer in enumerate(answers)]
    assert sum(right) >= 9, [answer.label for answer in answers]


def test_an_upload_is_answered_as_its_base64_is(client: TestClient) -> None:
    for file in (png(drawn(5)), png(ImageOps.invert(drawn(5)))):
        uploaded = client.post(f"{MODEL}/predict/upload", files={"image": ("5.png", file)})
        assert uploaded.status_code == 200, uploaded.text
        assert uploaded.json()["label"] == "5"
        as_text = {"image": b64encode(file).decode()}
        assert client.post(f"{MODEL}/predict", json=as_text).json() == uploaded.json()


def test_an_upload_that_is_kept_is_read_back(client: TestClient) -> None:
    file = png(drawn(2))
    kept = client.post("/v1/predictions/upload", files={"image": ("2.png", file)})
    assert kept.status_code == 201
    assert b64decode(kept.json()["features"]["image"]) == file
    assert client.get(kept.headers["Location"]).json() == kept.json()
    assert client.get("/v1/predictions").json()["items"] == [kept.json()]


WHOLE = png(drawn(4))
REFUSED = {
    "nothing": (b"", "complete PNG"),
    "a byte": (b"\x89", "complete PNG"),
    "a text": (b"GIF89a and so on", "complete PNG"),
    "a half": (WHOLE[: len(WHOLE) // 2], "complete PNG"),
    "a header": (WHOLE[:40], "complete PNG"),
    "a wrong checksum": (WHOLE[:20] + b"\xff" + WHOLE[21:], "PNG|pixels"),
    "a bomb": (header(60_000, 60_000), "60000 x 60000 pixels"),
    "a line": (header(257, 1), "257 x 1 pixels"),
    "no pixel": (header(0, 0), "complete PNG"),
    "too few pixels": (header(200, 200), "complete PNG"),
    "a large file": (WHOLE + bytes(2**15), "larger than 32 KiB"),
    "a blank page": (png(Image.new("L", (50, 50), 200)), "Nothing is drawn"),
    "a clear page": (png(Image.new("RGBA", (50, 50))), "Nothing is drawn"),
    "a jpeg": (b"\xff\xd8\xff\xe0\0\x10JFIF", "complete PNG"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_no_picture_of_a_digit_is_refused(client: TestClient, name: str) -> None:
    file, why = REFUSED[name]
    for answer in (
        client.post(f"{MODEL}/predict/upload", files={"image": ("x.png", file)}),
        client.post(f"{MODEL}/predict", json={"image": b64encode(file).decode()}),
    ):
        [error] = assert_problem(answer, 422)["errors"]
        assert error["pointer"] == "/image"
        assert any(part in error["message"] for part in why.split("|")), error


def test_what_is_no_base64_is_refused(client: TestClient) -> None:
    answer = client.post(f"{MODEL}/predict", json={"image": "a"})
    assert "Base64" in assert_problem(answer, 422)["errors"][0]["message"]


def test_the_graph_answers_as_scikit_learn(tmp_path: Path) -> None:
    data = load_digits()
    files = [as_png(image) for image in data.images[:1000]]
    pixels = np.stack([as_pixels(file) for file in files])
    network = MLPClassifier(16, tol=0.01, random_state=0).fit(pixels, data.target[:1000])
    model = converted("digits", tmp_path, {MODEL_FILE: to_onnx_bytes(network)}, range(10))
    drawings = [Drawing.model_construct(image=file) for file in files]
    agree(model, drawings, network.predict_proba(pixels))
