"""Random changes of training images that leave their class unchanged.

Mirroring, shifts and changes of brightness are those of Krizhevsky et al. (2012),
ImageNet Classification with Deep Convolutional Neural Networks. They are small here: a
product image is centred already, and its colour is part of the product.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

#: Largest changes: logarithms of factors, the shift as a fraction of the side.
ZOOM, STRETCH, SHIFT, BRIGHTNESS = 0.08, 0.03, 0.05, 0.1


def augment(pixels: NDArray[np.uint8], rng: np.random.Generator) -> NDArray[np.float32]:
    """Mirror, zoom, stretch, shift and brighten each image of a batch at random."""
    n, height, width, channels = pixels.shape
    zoom = np.exp(rng.uniform(-ZOOM, ZOOM, n))
    stretch = np.exp(rng.uniform(-STRETCH, STRETCH, n))
    shift = rng.uniform(-SHIFT, SHIFT, (2, n))
    mirror = rng.choice([-1.0, 1.0], n)
    brightness = rng.uniform(1 - BRIGHTNESS, 1 + BRIGHTNESS, (n, 1, 1, 1))
    # Without rotation or shear the bilinear resampling of an image is separable: one
    # matrix product along its rows and one along its columns do all changes at once.
    rows = _resampling(height, zoom * stretch, shift[0])
    columns = _resampling(width, zoom / stretch * mirror, shift[1])
    flat = pixels.astype(np.float32).reshape(n, height, width * channels)
    changed = (rows @ flat).reshape(n, height, width, channels)
    changed = columns[:, None] @ changed  # (batch, height, width, channels)
    return np.clip(changed * brightness.astype(np.float32), 0, 255)


def _resampling(
    side: int, scale: NDArray[np.float64], shift: NDArray[np.float64]
) -> NDArray[np.float32]:
    """Return bilinear interpolation along one axis as one matrix per image."""
    grid = np.arange(side)
    centre = (side - 1) / 2
    # Where each pixel of the result comes from; beyond the edges, the edge is repeated.
    source = (grid - centre) * scale[:, None] + shift[:, None] * side + centre
    source = np.clip(source, 0, side - 1)  # (batch, side)
    # The weight of a source pixel falls linearly from 1 to 0 at a distance of 1 pixel.
    weights = np.maximum(0, 1 - np.abs(source[:, :, None] - grid))
    return weights.astype(np.float32)  # (batch, side, side)
