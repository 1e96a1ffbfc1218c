"""A head that learns from further rows, together with those that it keeps."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from amzest.pretrained._head import MAX_NEIGHBORS, Head, fit_head
from amzest.pretrained._head_parts import Floats, Vectors, unit, unit_columns
from amzest.utils import sample_by_class

#: Rows with a larger similarity are copies: 8-bit rows differ by less from the vectors.
_COPY = 0.9995
_SIMILARITIES_PER_PART = 2**23

#: Hyperparameters are chosen again when the number of rows has grown by this factor.
_GROWTH_OF_CHOICE = 2.0


@dataclass(frozen=True)
class HeadRows:
    """Rows that a head learns from."""

    vectors: Vectors  # (n_rows, n_columns * n_features)
    targets: NDArray[np.int64]
    weights: Floats  # without `class_weight`
    groups: NDArray[np.integer[Any]]  # the same for copies


def is_tuned_for(head: Head | None, n_rows: int, n_columns: int) -> bool:
    """Return whether the hyperparameters of a head are used for this many rows."""
    return (
        head is not None
        and len(head.column_weights) == n_columns
        and n_rows < _GROWTH_OF_CHOICE * head.n_tuned
    )


def join_rows(head: Head, places: NDArray[np.int64], new: HeadRows) -> HeadRows:
    """Return the rows that a head keeps and new ones, as rows of norm 1.

    In these rows each column has its weight. `places` are the positions of the head's
    classes among those of the new targets.
    """
    old = _kept_vectors(head)
    added = unit_columns(new.vectors, head.column_weights)
    weights = head.weights if head.sample_weights is None else head.sample_weights
    return HeadRows(
        np.concatenate([old, added]),
        np.concatenate([places[head.targets], new.targets]),
        np.concatenate([weights.astype(np.float64), new.weights]),
        _join_groups(head, unit(added - head.mean), new.groups),
    )


def extend_head(
    head: Head, rows: HeadRows, n_classes: int, loss_weights: Floats, seed: int
) -> Head:
    """Fit the head to rows of `join_rows`; the weights of columns stay."""
    known = replace(head, column_weights=np.ones(1, dtype=np.float32))
    tuned = is_tuned_for(known, len(rows.targets), 1)
    fitted = fit_head(
        rows.vectors,
        rows.targets,
        n_classes,
        loss_weights,
        groups=rows.groups,
        seed=seed,
        former=known if tuned else None,
        sample_weights=rows.weights,
    )
    return replace(fitted, column_weights=head.column_weights)


def limit_rows(rows: HeadRows, seed: int) -> HeadRows:
    """Return at most as many rows as a head keeps."""
    kept, weights = sample_by_class(rows.targets, rows.weights, MAX_NEIGHBORS, seed)
    return HeadRows(rows.vectors[kept], rows.targets[kept], weights, rows.groups[kept])


def _kept_vectors(head: Head) -> Vectors:
    """Return the rows of norm 1 of which the head keeps directions from the mean.

    For each direction z, the vector is mean + length * z, and its norm is 1.
    """
    Z, mean = unit(head.neighbors.rows()), head.mean
    along = Z @ mean
    lengths = np.sqrt(np.maximum(along**2 + 1 - mean @ mean, 0)) - along
    vectors: Vectors = mean + lengths[:, None] * Z
    return vectors


def _join_groups(
    head: Head, added: Vectors, groups: NDArray[np.integer[Any]]
) -> NDArray[np.int64]:
    """Return a number for each kept and added row, the same for copies."""
    values = np.ascontiguousarray(head.neighbors.values)
    rows = values.view([("", values.dtype, values.shape[1])]).ravel()
    _, of_old = np.unique(rows, return_inverse=True)
    _, of_new = np.unique(groups, return_inverse=True)
    numbers = np.arange(of_new.max(initial=-1) + 1) + len(of_old)
    Z = head.neighbors.rows()
    step = max(1, _SIMILARITIES_PER_PART // max(1, len(Z)))
    for start in range(0, len(added) if len(Z) else 0, step):
        similarity = added[start : start + step] @ Z.T
        nearest = similarity.argmax(axis=1)
        same = np.flatnonzero(similarity.max(axis=1) > _COPY)
        numbers[of_new[start + same]] = of_old[nearest[same]]
    return np.concatenate([of_old, numbers[of_new]])
