"""How fast are JPEG images decoded and resized?

amzest decodes with Pillow, large images at a reduced resolution. The baselines are
``keras.utils.image_dataset_from_directory`` and, if installed, OpenCV and simplejpeg,
with one thread each, like amzest here. Processor time of all threads is measured. All
contenders read the same files and cache nothing.

Run with ``python benchmarks/bench_decode_images.py``.
"""

from __future__ import annotations

import importlib.util
import os
import sys
import warnings
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
from bench_train_images import write_images
from side_by_side import Report, Work, make_parser, parse_arguments

SIZE = 64


def fit_into_square(pixels: np.ndarray, resize: Any) -> np.ndarray:
    """Resize to fit and centre on white, as amzest does."""
    height, width = pixels.shape[:2]
    scale = SIZE / max(height, width)
    height, width = (max(1, round(side * scale)) for side in (height, width))
    square = np.full((SIZE, SIZE, 3), 255, np.uint8)
    top, left = (SIZE - height) // 2, (SIZE - width) // 2
    square[top : top + height, left : left + width] = resize(pixels, width, height)
    return square


def with_opencv(paths: list[str]) -> Work:
    import cv2

    def resize(pixels: np.ndarray, width: int, height: int) -> np.ndarray:
        return cv2.resize(pixels, (width, height), interpolation=cv2.INTER_AREA)

    def work() -> int:
        cv2.setNumThreads(1)
        for path in paths:
            pixels = cv2.imread(path, cv2.IMREAD_COLOR)
            fit_into_square(cv2.cvtColor(pixels, cv2.COLOR_BGR2RGB), resize)
        return len(paths)

    return work


def with_simplejpeg(paths: list[str]) -> Work:
    import simplejpeg
    from PIL import Image

    def resize(pixels: np.ndarray, width: int, height: int) -> np.ndarray:
        image = Image.fromarray(pixels)
        return np.asarray(image.resize((width, height), Image.Resampling.BILINEAR))

    def work() -> int:
        for path in paths:
            pixels = simplejpeg.decode_jpeg(
                Path(path).read_bytes(),
                min_height=2 * SIZE,
                min_width=2 * SIZE,
                min_factor=1,
            )
            fit_into_square(pixels, resize)
        return len(paths)

    return work


def with_keras(folder: Path, n: int) -> Work:
    import keras

    def work() -> int:
        data = keras.utils.image_dataset_from_directory(
            folder, image_size=(SIZE, SIZE), shuffle=False, verbose=False
        )
        for _ in data:
            pass
        return n

    return work


def with_amzest(paths: list[str]) -> Work:
    from amzest.image._decoding import decode

    def work() -> int:
        for path in paths:
            decode(path, None, SIZE)
        return len(paths)

    return work


def main() -> int:
    options = parse_arguments(make_parser(__doc__))
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    warnings.simplefilter("ignore")
    report = Report(__doc__.splitlines()[0], options)
    n = 100 if options.short else 400
    for side in (80, 300, 1000):
        with TemporaryDirectory() as folder:
            paths, _ = write_images(Path(folder), n if side < 1000 else n // 4, side)
            contenders = {
                "amzest": with_amzest(paths),
                "Keras": with_keras(Path(folder), len(paths)),
            }
            if importlib.util.find_spec("cv2"):
                contenders["OpenCV"] = with_opencv(paths)
            if importlib.util.find_spec("simplejpeg"):
                contenders["simplejpeg"] = with_simplejpeg(paths)
            report.compare(
                f"images of {side} x {side}",
                contenders,
                reference="Keras",
                target=1.0,
                clock="processor",
            )
    return report.finish()


if __name__ == "__main__":
    sys.exit(main())
