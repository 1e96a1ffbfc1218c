"""How `make_products` divides its seed, its products and its categories."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from amzest.datasets._shared._random_generators import spawn_generators
from amzest.utils import shown

#: Purposes of the random generators, as many as `spawn_generators` returns. Their order
#: must not change, or all datasets would.
_PURPOSES = (
    *("order", "product", "texts", "images", "price", "label_noise"),
    *("missing_title", "missing_description", "missing_image"),
)


def named_generators(
    random_state: int | np.random.RandomState | None,
) -> dict[str, np.random.RandomState]:
    """Return a generator per purpose, so that no purpose depends on another."""
    return dict(zip(_PURPOSES, spawn_generators(random_state), strict=True))


def informative_modalities(
    names: Sequence[str], n_text_only: int | None, n_image_only: int | None
) -> dict[str, str]:
    """Return "text", "image" or "both" for each category."""
    n_categories = len(names)
    default = round(3 * n_categories / 8)
    if default == 1:
        # The carton (or the generic text) of a single category would identify it.
        default = 0
    n_text = default if n_text_only is None else int(n_text_only)
    n_image = default if n_image_only is None else int(n_image_only)
    if n_text + n_image > n_categories:
        msg = (
            f"`n_text_only` ({n_text}) and `n_image_only` ({n_image}) are together "
            f"more than `n_categories` ({n_categories}). Lower one of them."
        )
        raise ValueError(msg)
    n_both = n_categories - n_text - n_image
    kinds = ["text"] * n_text + ["both"] * n_both + ["image"] * n_image
    return dict(zip(names, kinds, strict=True))


def category_sizes(
    n_samples: int, n_categories: int, weights: Sequence[float] | None
) -> NDArray[np.intp]:
    """Return the numbers of products by largest remainder, each at least two."""
    if n_samples < 2 * n_categories:
        msg = (
            f"`n_samples` must be at least two for each of the {n_categories} "
            f"categories, that is {2 * n_categories}, got {n_samples}. Pass a larger "
            "n_samples or a smaller n_categories."
        )
        raise ValueError(msg)
    relative = np.ones(n_categories) if weights is None else np.asarray(weights, float)
    if relative.shape != (n_categories,) or not np.isfinite(relative).all():
        msg = (
            f"`weights` must contain one number for each of the {n_categories} "
            f"categories, got {shown(weights)}."
        )
        raise ValueError(msg)
    if (relative < 0).any() or relative.sum() == 0:
        msg = f"`weights` must not be negative nor all 0, got {shown(weights)}."
        raise ValueError(msg)
    exact = np.maximum(relative / relative.sum() * n_samples, 2.0)
    # Raising some to two makes the sum too large: the excess over two is scaled down.
    above = exact - 2.0
    exact = 2.0 + above * ((n_samples - 2 * n_categories) / max(above.sum(), 1e-12))
    # Largest remainder; 1e-9 keeps 3 from becoming 2 by rounding errors.
    sizes: NDArray[np.intp] = np.floor(exact + 1e-9).astype(np.intp)
    rest = n_samples - int(sizes.sum())
    sizes[np.argsort(sizes - exact, kind="stable")[:rest]] += 1
    return sizes


def choose_rows(
    n: int, fraction: float, rng: np.random.RandomState
) -> NDArray[np.bool_]:
    """Return a random mask; a larger fraction contains the rows of a smaller one."""
    mask = np.zeros(n, dtype=bool)
    mask[rng.permutation(n)[: round(fraction * n)]] = True
    return mask


def add_label_noise(
    labels: NDArray[np.intp], n_categories: int, fraction: float, rng: Any
) -> NDArray[np.intp]:
    """Replace a fraction of the labels by others, uniformly."""
    chosen = choose_rows(len(labels), fraction, rng)
    # A step of 1 to n_categories - 1 is never the same label, each other equally often.
    steps = rng.randint(1, n_categories, size=len(labels))
    noisy: NDArray[np.intp] = np.where(chosen, (labels + steps) % n_categories, labels)
    return noisy
