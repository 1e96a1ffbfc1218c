"""How `make_products` splits its seed, its products and its categories' roles."""

from __future__ import annotations

from collections.abc import Sequence
from numbers import Real
from typing import Any

import numpy as np
from numpy.typing import NDArray

from amzest.datasets._shared._random_generators import spawn_generators
from amzest.datasets._synthetic._vocabulary import CATEGORIES
from amzest.utils import (
    check_integer,
    shown,
)

#: What a seed is drawn for. Only ever add at the end, or all shops change.
_STREAMS = (
    *("order", "product", "texts", "photos", "price", "label_noise"),
    *("missing_title", "missing_description", "missing_image"),
)


def draw_streams(
    random_state: int | np.random.RandomState | None,
) -> dict[str, np.random.RandomState]:
    """Return a generator for each purpose, independent of the use of the others."""
    return dict(zip(_STREAMS, spawn_generators(random_state), strict=True))


def check_share(name: str, value: Any) -> None:
    """Refuse what is no number from 0 to 1, under the argument's name."""
    if not isinstance(value, Real) or isinstance(value, bool):
        msg = f"`{name}` must be a number from 0 to 1, got {shown(value)}."
        raise TypeError(msg)
    if not 0 <= float(value) <= 1:
        msg = f"`{name}` must be a number from 0 to 1, got {value}."
        raise ValueError(msg)


def check_counts(n_samples: Any, n_categories: Any, image_size: Any) -> None:
    """Refuse numbers of products, categories or pixels that cannot be drawn."""
    check_integer("n_categories", n_categories, 2, len(CATEGORIES))
    check_integer("image_size", image_size, 8)
    check_integer("n_samples", n_samples, 1)
    if n_samples < 2 * n_categories:
        msg = (
            f"`n_samples` must be at least two for each of the {n_categories} "
            f"categories, that is {2 * n_categories}, got {n_samples}. Ask for more "
            "products or fewer categories."
        )
        raise ValueError(msg)


def split_roles(
    n_categories: int, n_text_only: int | None, n_image_only: int | None
) -> tuple[int, int]:
    """Give the numbers of categories that only texts and only photos tell."""
    usual = round(3 * n_categories / 8)
    usual = usual if usual > 1 else 0
    roles = []
    for name, value in (("n_text_only", n_text_only), ("n_image_only", n_image_only)):
        if value is not None:
            check_integer(name, value, 0, n_categories)
        roles.append(usual if value is None else int(value))
    if sum(roles) > n_categories:
        msg = (
            f"`n_text_only` ({roles[0]}) and `n_image_only` ({roles[1]}) are together "
            f"more than `n_categories` ({n_categories}). Lower one of them."
        )
        raise ValueError(msg)
    return roles[0], roles[1]


def share_out(
    n_samples: int, n_categories: int, weights: Sequence[float] | None
) -> NDArray[np.intp]:
    """Share out the products by largest remainder, two to each to begin with."""
    shares = np.ones(n_categories) if weights is None else np.asarray(weights, float)
    if shares.shape != (n_categories,) or not np.isfinite(shares).all():
        msg = (
            f"`weights` must hold one number for each of the {n_categories} "
            f"categories, got {shown(weights)}."
        )
        raise ValueError(msg)
    if (shares < 0).any() or shares.sum() == 0:
        msg = f"`weights` must not be negative nor all 0, got {shown(weights)}."
        raise ValueError(msg)
    exact = np.maximum(shares / shares.sum() * n_samples, 2.0)
    above = exact - 2.0
    exact = 2.0 + above * ((n_samples - 2 * n_categories) / max(above.sum(), 1e-12))
    sizes: NDArray[np.intp] = np.floor(exact + 1e-9).astype(np.intp)
    rest = n_samples - int(sizes.sum())
    sizes[np.argsort(sizes - exact, kind="stable")[:rest]] += 1
    return sizes


def pick(n: int, share: float, rng: np.random.RandomState) -> NDArray[np.bool_]:
    """Mark a share of the rows. A larger share marks the same ones and more."""
    mask = np.zeros(n, dtype=bool)
    mask[rng.permutation(n)[: round(share * n)]] = True
    return mask


def flip(
    labels: NDArray[np.intp], n_categories: int, share: float, rng: Any
) -> NDArray[np.intp]:
    """Give a share of the labels another value, each other one equally often."""
    chosen = pick(len(labels), share, rng)
    steps = rng.randint(1, n_categories, size=len(labels))
    flipped: NDArray[np.intp] = np.where(
        chosen, (labels + steps) % n_categories, labels
    )
    return flipped
