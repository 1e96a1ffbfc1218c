"""A random forest on hand-made features of photos: what an image network has to beat.

The features are histograms of oriented gradients (Dalal and Triggs, 2005: cells of 8
pixels, 9 unsigned orientations, blocks of 2x2 cells with L2-Hys) and a histogram of
4x4x4 colours, of the photo squashed to 64x64. Written in NumPy here, so that they
need no package.
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


def read_photos(paths: Any, root: Path, size: int = SIZE) -> NDArray[np.uint8]:
    """Read photos as squashed RGB, shape (n, size, size, 3); missing ones are white."""
    photos = np.full((len(paths), size, size, 3), 255, dtype=np.uint8)
    for place, path in enumerate(paths):
        if isinstance(path, str) and (root / path).is_file():
            with Image.open(root / path) as image:
                photos[place] = image.convert("RGB").resize((size, size))
    return photos


def hog(photos: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Return histograms of oriented gradients, shape (n, n_features)."""
    grey = photos.astype(np.float32).mean(axis=3) / 255  # (n, height, width)
    down, across = np.gradient(grey, axis=(1, 2))
    strength = np.hypot(down, across)
    angle = np.arctan2(down, across) % np.pi * (ORIENTATIONS / np.pi)
    low = np.floor(angle).astype(np.int64)
    n, cells = len(photos), photos.shape[1] // CELL
    histogram = np.zeros((n, cells, cells, ORIENTATIONS), dtype=np.float32)
    for orientation in range(ORIENTATIONS):
        # A gradient counts for the two orientations that it lies between.
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


def colour_histogram(photos: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Return the shares of coarse RGB colours, shape (n, COLOURS ** 3)."""
    levels = photos.astype(np.int64) * COLOURS // 256  # (n, height, width, 3)
    codes = levels @ np.array([COLOURS**2, COLOURS, 1])
    codes += np.arange(len(photos))[:, None, None] * COLOURS**3
    counts = np.bincount(codes.ravel(), minlength=len(photos) * COLOURS**3)
    shares = counts.reshape(len(photos), -1) / codes[0].size
    return shares.astype(np.float32)


def photo_features(table: pd.DataFrame, root: Path) -> NDArray[np.float32]:
    """Return the features of a table's photos."""
    photos = read_photos(table["image"].tolist(), root)
    return np.hstack([hog(photos), colour_histogram(photos)])


def photo_forest(root: Path, **settings: Any) -> Pipeline:
    """Build a forest of all cores that reads the column `image`."""
    return make_pipeline(
        FunctionTransformer(photo_features, kw_args={"root": root}),
        RandomForestClassifier(n_jobs=-1, **settings),
    )
