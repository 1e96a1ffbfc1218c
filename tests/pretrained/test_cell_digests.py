"""Texts and images are identified by their content."""

import io
import os
import sys

import numpy as np
import pytest
from PIL import Image

import amzest
from amzest.image._decoding import decode
from amzest.pretrained._cell_digests import image_digest, text_digest

PIXELS = np.random.default_rng(0).integers(0, 256, (20, 30, 3), np.uint8)


def encoded(pixels=PIXELS, kind="PNG", **settings):
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, kind, **settings)
    return file.getvalue()


@pytest.fixture(autouse=True)
def empty_cache():
    amzest.clear_cache()
    yield
    amzest.clear_cache()


def test_texts():
    texts = ["", " ", "mug", "Mug", "mu\u0308g", "m\u00fcg", "x\ud800", "x\udfff"]
    assert len({text_digest(text) for text in texts}) == len(texts)
    assert text_digest("mug") == text_digest("m" + "ug")


def test_a_file_is_its_bytes(tmp_path):
    data = encoded()
    (tmp_path / "a.png").write_bytes(data)
    (tmp_path / "b.jpg").write_bytes(data)
    cells = [
        ("a.png", tmp_path),
        (tmp_path / "b.jpg", None),
        (data, None),
        (bytearray(data), None),
        (memoryview(data), None),
        (memoryview(bytes(b for byte in data for b in (byte, 0)))[::2], None),
        ({"bytes": data, "path": "other"}, None),
        ({"bytes": None, "path": "b.jpg"}, tmp_path),
    ]
    assert len({image_digest(cell, root) for cell, root in cells}) == 1
    assert image_digest(encoded(255 - PIXELS), None) != image_digest(data, None)


def test_a_large_file_is_read_whole(tmp_path):
    path = tmp_path / "a.tif"
    content = bytearray(3 * 2**20 + 5)
    digests = set()
    for changed in (0, 2**20, len(content) - 1):
        content[changed] ^= 1
        path.write_bytes(content)
        os.utime(path, (changed, changed))
        digests.add(image_digest(path, None))
        assert image_digest(bytes(content), None) in digests
    assert len(digests) == 3


def test_an_unchanged_file_is_read_once(tmp_path, monkeypatch):
    path = tmp_path / "a.png"
    path.write_bytes(encoded())
    first = image_digest(path, None)
    with monkeypatch.context() as patch:
        patch.setattr("amzest.pretrained._cell_digests.open_regular_file", None)
        assert image_digest(path, None) == first
        assert image_digest("a.png", tmp_path) == first
    path.write_bytes(encoded(255 - PIXELS))
    os.utime(path, (1, 1))
    assert image_digest(path, None) == image_digest(encoded(255 - PIXELS), None)


def test_arrays_of_other_shape_dtype_or_values_differ():
    arrays = [
        PIXELS,
        PIXELS.transpose(1, 0, 2),
        PIXELS.reshape(30, 20, 3),
        PIXELS[:, :, 0],
        PIXELS.astype(np.uint16),
        PIXELS.astype(np.uint16).astype(">u2"),
        PIXELS / 255,
        255 - PIXELS,
    ]
    assert len({image_digest(array, None) for array in arrays}) == len(arrays)
    copy = np.asfortranarray(PIXELS)
    assert image_digest(copy, None) == image_digest(PIXELS, None)
    assert image_digest(PIXELS.tobytes(), None) != image_digest(PIXELS, None)


def pil_images():
    grey = Image.fromarray(PIXELS[:, :, 0])
    turned = Image.fromarray(PIXELS)
    turned.getexif()[0x0112] = 6
    palette = grey.convert("P")
    palette.putpalette(bytes(reversed(range(256))) * 3)
    transparent = palette.copy()
    transparent.info["transparency"] = 3
    return [grey, Image.fromarray(PIXELS), turned, palette, transparent]


def test_pil_images_that_decode_differently_differ():
    images = pil_images()
    assert len({decode(image, None, 30).tobytes() for image in images}) == len(images)
    assert len({image_digest(image, None) for image in images}) == len(images)
    digests = {image_digest(image.copy(), None) for image in (images[1], images[1])}
    assert digests == {image_digest(images[1], None)}


def test_a_pil_image_of_a_file(tmp_path):
    path = tmp_path / "a.png"
    path.write_bytes(encoded())
    with Image.open(path) as first, Image.open(path) as second:
        assert image_digest(first, None) == image_digest(second, None) is not None
    with Image.open(path) as image:
        assert image_digest(image, None, max_pixels=10) is None


def unreadable_cells(folder):
    (folder / "empty.png").touch()
    (folder / "folder.png").mkdir()
    cells = [
        "no such file.png", "empty.png", "folder.png", "a\0b", "https://a.com/b.png",
        "x" * 5000, 3, None, float("nan"), np.array([None]), ["a.png"], {"url": "a"},
    ]  # fmt: skip
    if hasattr(os, "mkfifo"):
        os.mkfifo(folder / "pipe.png")  # opening it must not wait
        cells.append("pipe.png")
    return cells


def test_cells_that_cannot_be_read_have_no_digest(tmp_path):
    for cell in unreadable_cells(tmp_path):
        assert image_digest(cell, tmp_path) is None, repr(cell)[:80]


@pytest.mark.skipif(sys.platform == "win32", reason="POSIX only")
def test_a_file_that_changes_while_it_is_read_is_read_again(tmp_path, monkeypatch):
    path = tmp_path / "a.png"
    path.write_bytes(b"before")
    from amzest.pretrained import _cell_digests

    open_file = _cell_digests.open_regular_file

    def open_and_change(name, max_bytes):
        file = open_file(name, max_bytes)
        path.write_bytes(b"after its digest")
        return file

    with monkeypatch.context() as patch:
        patch.setattr(_cell_digests, "open_regular_file", open_and_change)
        image_digest(path, None)
    assert image_digest(path, None) == image_digest(b"after its digest", None)
