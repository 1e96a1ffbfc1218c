"""Images of requests: bytes and paths, and attempts to read something else."""

import base64
import io
import json
import os
import struct
import zlib

import numpy as np
import pytest
from fastapi.testclient import TestClient
from PIL import Image
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.pipeline import make_pipeline

from amzest import ColumnSelector
from amzest.serving import create_app


class Brightness(ClassifierMixin, BaseEstimator):
    """Classifies images as dark or light."""

    classes_ = np.array(["dark", "light"])

    def fit(self, X, y=None):
        return self

    def __sklearn_is_fitted__(self):
        return True

    def predict(self, X):
        return self.classes_[self.predict_proba(X).argmax(axis=1)]

    def predict_proba(self, X):
        light = [0.5 if cell is None else self._mean(cell) for cell in X]
        return np.column_stack([1 - np.array(light), light])

    def _mean(self, cell):
        source = io.BytesIO(cell) if isinstance(cell, bytes) else cell
        with Image.open(source) as image:
            try:
                return float(np.asarray(image.convert("L")).mean() / 255)
            except OSError as error:
                raise ValueError(f"cannot be decoded ({error})") from error

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.string = tags.input_tags.three_d_array = True
        return tags


def png(value, size=8):
    buffer = io.BytesIO()
    Image.new("L", (size, size), value).save(buffer, "PNG")
    return buffer.getvalue()


def huge_png(width, height):
    """Return a PNG file of a few bytes that claims to have many pixels."""
    header = b"IHDR" + struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    chunk = struct.pack(">I", 13) + header + struct.pack(">I", zlib.crc32(header))
    return png(0)[:8] + chunk + png(0)[33:]


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    folder = tmp_path_factory.mktemp("shop")
    (folder / "images" / "new").mkdir(parents=True)
    (folder / "images" / "new" / "light.png").write_bytes(png(250))
    (folder / "images" / "text.png").write_text("secret")
    (folder / "secret.png").write_bytes(png(250))
    (folder / "images-2").mkdir()
    (folder / "images-2" / "secret.png").write_bytes(png(250))
    os.symlink(folder / "secret.png", folder / "images" / "link.png")
    os.symlink("light.png", folder / "images" / "new" / "inside.png")
    os.symlink(folder, folder / "images" / "up")
    os.mkfifo(folder / "images" / "pipe.png")
    return folder / "images"


@pytest.fixture(scope="module")
def client(root):
    model = make_pipeline(ColumnSelector("image"), Brightness())
    with TestClient(create_app(model, image_root=root, max_pixels=10_000)) as client:
        yield client


def send_image(client, image):
    body = json.dumps({"products": [{"image": image}]}).encode()
    headers = {"content-type": "application/json"}
    return client.post("/predict", content=body, headers=headers)


def encoded(data):
    return {"bytes": base64.b64encode(data).decode()}


@pytest.mark.parametrize(
    ("image", "category"),
    [
        (encoded(png(250)), "light"),
        (encoded(png(3)), "dark"),
        ("new/light.png", "light"),
        ({"path": "new/../new/light.png"}, "light"),
        ("new/inside.png", "light"),
    ],
)
def test_bytes_and_paths(client, image, category):
    answer = send_image(client, image)
    assert answer.status_code == 200, answer.text
    (found,) = answer.json()["predictions"]
    assert found["category"] == category
    assert not found["missing"]


@pytest.mark.parametrize("image", [None, "", "icons/no-img-sm.gif"])
def test_missing_images(client, image):
    (found,) = send_image(client, image).json()["predictions"]
    assert found["missing"]


@pytest.mark.parametrize(
    "path",
    [
        "../secret.png",
        "../images-2/secret.png",
        "new/../../secret.png",
        "link.png",
        "up/secret.png",
        "up/images-2/secret.png",
        "/etc/passwd",
        "~/secret.png",
        "new/light.png\0.png",
        "\ud800.png",
        "a" * 5000,
        "pipe.png",
        "new",
        "nowhere.png",
        "http://127.0.0.1:9/a.png",
        "file:///etc/passwd",
        "//127.0.0.1/a.png",
        "data:image/png;base64,AAAA",
        base64.b64encode(png(3)).decode(),
        "<svg/>",
    ],
)
def test_other_paths_are_rejected(client, root, path):
    answer = send_image(client, path)
    assert answer.status_code == 422, answer.text
    # Where links lead to is not told.
    assert str(root.parent) not in answer.text


def test_path_is_absolute_only_within_the_folder(client, root):
    assert send_image(client, str(root / "new" / "light.png")).status_code == 200


@pytest.mark.parametrize(
    ("image", "status", "message"),
    [
        ({"bytes": "%%%"}, 422, "base64"),
        ({"bytes": "QUJD\nQUJD"}, 422, "base64"),
        ({"bytes": "abc"}, 422, "base64"),
        ({"bytes": "ä"}, 422, "not ASCII"),
        ({"bytes": ""}, 422, "is empty"),
        ({"bytes": 7}, 422, "is not a text"),
        ({"bytes": "QUJD", "path": "a"}, 422, "must be"),
        ({"url": "http://127.0.0.1/"}, 422, "must be"),
        ({}, 422, "must be"),
        ([], 422, "must be"),
        (7, 422, "must be"),
        (encoded(b"ABC" * 100), 422, "not an image file"),
        (encoded(b"%PDF-1.7" * 10), 422, "PDF"),
        (encoded(png(7, size=101)), 413, "101 x 101 pixels"),
        (encoded(huge_png(60_000, 60_000)), 413, "3600000000 pixels"),
        (encoded(huge_png(2**31 - 1, 2**31 - 1)), 413, "pixels"),
        (encoded(png(7, size=64)[:-30]), 422, "cannot be decoded"),
    ],
)
def test_hostile_images(client, image, status, message):
    answer = send_image(client, image)
    assert answer.status_code == status, answer.text
    assert message in answer.json()["detail"]


def test_text_file_is_not_shown(client):
    answer = send_image(client, "text.png")
    assert answer.status_code == 422
    assert "secret" not in answer.text


def test_paths_without_a_folder():
    with TestClient(create_app(Brightness().fit([]))) as client:
        answer = send_image(client, "a.png")
        assert answer.status_code == 422
        assert "without a folder" in answer.json()["detail"]
        assert send_image(client, encoded(png(250))).status_code == 200
