"""Feature maps of images before the blocks that are trained: computed once."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from amzest.image._pixel_file import PixelFile, StoredImage
from amzest.neural._torch import compute_side_by_side, one_thread
from amzest.pretrained._embedding_cache import EmbeddingCache, MemoryCache
from amzest.pretrained._image_reading import EncodePixels, ImageColumn
from amzest.pretrained._live_parts import LiveParts

#: Images of one forward pass from their feature maps.
_BATCH = 16

#: Bytes of feature maps that are computed at a time.
_PART_BYTES = 2**26

#: An array, or its position in a file.
_Stored = NDArray[np.float32] | StoredImage


class FeatureMaps:
    """Feature maps of the images of a column, and of their mirror images if mirrored.

    With `mirrored`, each training batch has the maps of the image or of its mirror
    image at random, and predictions are averaged over both.
    """

    sizes: NDArray[np.intp] | None = None

    def __init__(
        self,
        views: list[list[_Stored | None]],
        shape: tuple[int, ...],
        column: ImageColumn,
        present: NDArray[np.bool_],
    ) -> None:
        self._views = views
        self._shape = shape
        self.column = column
        self.present = present
        self.n_views = len(views)

    def __len__(self) -> int:
        return len(self.present)

    def batch(
        self,
        rows: NDArray[np.intp],
        rng: np.random.Generator | None = None,
        view: int = 0,
    ) -> dict[str, torch.Tensor]:
        """Return the feature maps of non-missing images, one random view if `rng`."""
        views = np.full(len(rows), view)
        if rng is not None:
            views = rng.integers(self.n_views, size=len(rows))
        found: list[Any] = [self._views[v][r] for v, r in zip(views, rows, strict=True)]
        maps = np.stack(
            [
                m.file.read(m.position) if isinstance(m, StoredImage) else m
                for m in found
            ]
        )
        return {"maps": torch.from_numpy(maps.reshape(len(rows), *self._shape))}


def compute_feature_maps(
    column: ImageColumn,
    rows: NDArray[np.intp],
    parts: LiveParts,
    *,
    cache: EmbeddingCache,
    mirrored: bool,
    max_memory: int,
) -> FeatureMaps:
    """Return the feature maps of rows of a column.

    What exceeds `max_memory` bytes is kept in a temporary file.
    """
    width = math.prod(parts.shape)
    n_views = 1 + mirrored
    in_memory = 4 * width * len(rows) * n_views <= max_memory
    file = None if in_memory else PixelFile((width,), np.float32)
    step = max(1, _PART_BYTES // (4 * width))
    views: list[list[_Stored | None]] = [[] for _ in range(n_views)]
    for view, stored in enumerate(views):
        encode = _mirrored(parts.encode) if view else parts.encode
        namespace = f"{parts.namespace}:view {view}"
        for start in range(0, len(rows), step):
            part = rows[start : start + step]
            maps = column.vectors(
                encode,
                parts.model.preprocessing.image_size,
                width,
                namespace,
                cache,
                rows=part,
                part_size=step,
            )
            shared = {}
            if in_memory and isinstance(cache, MemoryCache):  # not twice in memory
                shared = column.cached_vectors(namespace, cache, part)
            for i, row in enumerate(part.tolist()):
                if not column.present[row]:
                    stored.append(None)
                elif file is not None:
                    stored.append(file.write(view * len(rows) + start + i, maps[i]))
                else:
                    stored.append(shared.get(row, maps[i]))
    return FeatureMaps(views, parts.shape, column, column.present[rows])


def features_before_training(
    parts: LiveParts, maps: FeatureMaps, rows: NDArray[np.intp]
) -> NDArray[np.float32]:
    """Return the features of images by the pretrained weights, (n_rows, n_features)."""
    part, device = parts.new_trained_part(), parts.model.device

    def compute(batch: NDArray[np.intp]) -> torch.Tensor:
        with torch.inference_mode():
            return part(maps.batch(batch)["maps"].to(device)).cpu()

    batches = np.array_split(rows, -(-len(rows) // _BATCH))
    with one_thread():
        if device.type == "cpu":
            return torch.cat(compute_side_by_side(compute, iter(batches))).numpy()
        return torch.cat([compute(batch) for batch in batches]).numpy()


def _mirrored(encode: EncodePixels) -> EncodePixels:
    def encode_mirrored(pixels: NDArray[np.uint8]) -> NDArray[np.float32]:
        return encode(np.ascontiguousarray(pixels[:, :, ::-1]))

    return encode_mirrored
