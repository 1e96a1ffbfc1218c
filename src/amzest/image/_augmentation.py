"""Small changes to a picture that do not change what it shows."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

#: Largest changes: factors as natural logarithms, the shift as a share of the side.
ZOOM, STRETCH, SHIFT, BRIGHTNESS = 0.08, 0.03, 0.05, 0.1


def augment(pixels: NDArray[np.uint8], rng: np.random.Generator) -> NDArray[np.float32]:
    """Mirror, zoom, stretch, shift and brighten each picture of a batch at random.

    All but the brightness are separable, so that two matrix products a picture do them
    at once: one along the rows, one along the columns. Edges repeat.

    Parameters
    ----------
    pixels : ndarray of shape (batch, height, width, 3), dtype uint8
        Pictures.

    rng : numpy.random.Generator
        Where the changes come from.

    Returns
    -------
    ndarray of shape (batch, height, width, 3), dtype float32
        Changed pictures, from 0 to 255.
    """
    n, height, width, channels = pixels.shape
    zoom = np.exp(rng.uniform(-ZOOM, ZOOM, n))
    stretch = np.exp(rng.uniform(-STRETCH, STRETCH, n))
    shift = rng.uniform(-SHIFT, SHIFT, (2, n))
    mirror = rng.choice([-1.0, 1.0], n)
    light = rng.uniform(1 - BRIGHTNESS, 1 + BRIGHTNESS, (n, 1, 1, 1))
    rows = _resampling(height, zoom * stretch, shift[0])
    columns = _resampling(width, zoom / stretch * mirror, shift[1])
    flat = pixels.astype(np.float32).reshape(n, height, width * channels)
    changed = (rows @ flat).reshape(n, height, width, channels)
    changed = columns[:, None] @ changed  # (batch, height, width, channels)
    return np.clip(changed * light.astype(np.float32), 0, 255)


def _resampling(
    side: int, scale: NDArray[np.float64], shift: NDArray[np.float64]
) -> NDArray[np.float32]:
    """Write bilinear interpolation along one axis as a matrix for each picture."""
    grid = np.arange(side)
    centre = (side - 1) / 2
    source = (grid - centre) * scale[:, None] + shift[:, None] * side + centre
    source = np.clip(source, 0, side - 1)  # (batch, side)
    weights = np.maximum(0, 1 - np.abs(source[:, :, None] - grid))
    return weights.astype(np.float32)  # (batch, side, side)
