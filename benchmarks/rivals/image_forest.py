"""A random forest on hand-crafted image features: the baseline of image networks.

The features are histograms of oriented gradients (Dalal and Triggs, 2005: cells of 8
pixels, 9 unsigned orientations, blocks of 2x2 cells with L2-Hys) and a histogram of
4x4x4 colours, of the image resized to 64x64. They are implemented in NumPy, so that no
further package is required.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from PIL import Image
from sklearn.ensemble import RandomForestClassifier
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import FunctionTransformer

SIZE, CELL, ORIENTATIONS, COLOURS = 64, 8, 9, 4


def read_images(paths: Any, root: Path, size: int = SIZE) -> NDArray[np.uint8]:
    """Read resized RGB images, shape (n, size, size, 3); missing ones are white."""
    images = np.full((len(paths), size, size, 3), 255, dtype=np.uint8)
    for place, path in enumerate(paths):
        if isinstance(path, str) and (root / path).is_file():
            with Image.open(root / path) as image:
                images[place] = image.convert("RGB").resize((size, size))
    return images


def hog(images: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Return histograms of oriented gradients, shape (n, n_features)."""
    grey = images.astype(np.float32).mean(axis=3) / 255  # (n, height, width)
    down, across = np.gradient(grey, axis=(1, 2))
    strength = np.hypot(down, across)
    angle = np.arctan2(down, across) % np.pi * (ORIENTATIONS / np.pi)
    low = np.floor(angle).astype(np.int64)
    n, cells = len(images), images.shape[1] // CELL
    histogram = np.zeros((n, cells, cells, ORIENTATIONS), dtype=np.float32)
    for orientation in range(ORIENTATIONS):
        # Interpolate between the two nearest orientations.
        part = np.where(low % ORIENTATIONS == orientation, 1 - (angle - low), 0)
        part += np.where((low + 1) % ORIENTATIONS == orientation, angle - low, 0)
        votes = (part * strength).reshape(n, cells, CELL, cells, CELL)
        histogram[..., orientation] = votes.sum(axis=(2, 4))
    blocks = np.concatenate(
        [
            histogram[:, row : cells - 1 + row, column : cells - 1 + column]
            for row in (0, 1)
            for column in (0, 1)
        ],
        axis=3,
    )  # (n, cells - 1, cells - 1, 4 * orientations)
    for limit in (0.2, np.inf):  # L2-Hys: normalise, clip, normalise again
        blocks /= np.sqrt((blocks**2).sum(axis=3, keepdims=True) + 1e-6)
        blocks = np.minimum(blocks, limit)
    return blocks.reshape(n, -1)


def colour_histogram(images: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Return the histogram of quantized RGB colours, shape (n, COLOURS ** 3)."""
    levels = images.astype(np.int64) * COLOURS // 256  # (n, height, width, 3)
    codes = levels @ np.array([COLOURS**2, COLOURS, 1])
    codes += np.arange(len(images))[:, None, None] * COLOURS**3
    counts = np.bincount(codes.ravel(), minlength=len(images) * COLOURS**3)
    shares = counts.reshape(len(images), -1) / codes[0].size
    return shares.astype(np.float32)


def image_features(table: pd.DataFrame, root: Path) -> NDArray[np.float32]:
    """Return the features of the images of a table."""
    images = read_images(table["image"].tolist(), root)
    return np.hstack([hog(images), colour_histogram(images)])


def image_forest(root: Path, **settings: Any) -> Pipeline:
    """Build a random forest for the column `image`, using all cores."""
    return make_pipeline(
        FunctionTransformer(image_features, kw_args={"root": root}),
        RandomForestClassifier(n_jobs=-1, **settings),
    )
