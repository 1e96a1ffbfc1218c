"""The two models of a head: logistic regression and nearest neighbours."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import softmax
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression

Floats = NDArray[np.float64]
Vectors = NDArray[np.float32]
#: Coefficients, of shape (n_features, n_classes), and intercepts.
LinearModel = tuple[Vectors, Vectors]

#: More neighbours change little; fewer are less accurate.
_N_NEIGHBORS = 30
#: Similarities that are computed at a time, to limit memory.
_SIMILARITIES_PER_PART = 2**23
_MAX_ITER, _TOL = 200, 1e-4
#: Intercept of a class without training rows.
_ABSENT = -30.0


def unit_columns(X: Vectors, column_weights: Vectors) -> Vectors:
    """Return rows of norm 1, in which each column counts with its weight.

    `X` has the vectors of all columns side by side; zeros stay zeros.
    """
    if len(column_weights) == 1:
        return unit(X)
    blocks = np.split(X, len(column_weights), axis=1)
    return unit(
        np.hstack([w * unit(b) for w, b in zip(column_weights, blocks, strict=True)])
    )


def unit(X: Vectors) -> Vectors:
    """Scale rows to norm 1; rows of zeros stay."""
    norms = np.linalg.norm(X, axis=1, keepdims=True)
    result: Vectors = X / np.maximum(norms, np.float32(1e-9))
    return result


def around_mean(U: Vectors, weights: Floats) -> tuple[Vectors, Vectors]:
    """Return the directions from the mean, as rows of norm 1, and the mean.

    Vectors of a pretrained network have a large common part, which hides their
    differences from neighbours and from regularised models.
    """
    mean = np.average(U, axis=0, weights=weights).astype(np.float32)
    return unit(U - mean), mean


def probabilities(scores: NDArray[Any]) -> Floats:
    """Return the softmax of scores."""
    result: Floats = softmax(scores.astype(np.float64), axis=1)
    return result


def fit_linear_models(
    Z: Vectors,
    targets: NDArray[np.int64],
    weights: Floats,
    n_classes: int,
    strengths: Sequence[float],
) -> Iterator[tuple[float, LinearModel]]:
    """Yield inverse regularisation strengths, which increase, with fitted models.

    Each fit starts from the one before, which is faster.
    """
    present = np.unique(targets)
    model = LogisticRegression(max_iter=_MAX_ITER, tol=_TOL, warm_start=True)
    for C in strengths:
        coefficients = np.zeros((Z.shape[1], n_classes), dtype=np.float32)
        intercepts = np.full(n_classes, _ABSENT, dtype=np.float32)
        intercepts[present] = 0
        if len(present) > 1:
            model.set_params(C=C)
            with warnings.catch_warnings():
                # A head that is near its optimum is as accurate.
                warnings.simplefilter("ignore", ConvergenceWarning)
                # The effect of repeated rows; fractions that sum to 1 count as rows.
                model.fit(Z, targets, sample_weight=weights / min(1.0, weights.mean()))
            fitted = present[-len(model.coef_) :]  # of two classes, the second
            coefficients[:, fitted] = model.coef_.T
            intercepts[fitted] = model.intercept_
        yield C, (coefficients, intercepts)


def neighbor_proba(
    Z: Vectors,
    neighbors: Vectors,
    targets: NDArray[np.integer[Any]],
    weights: Floats | Vectors,
    n_classes: int,
    bandwidths: Sequence[float],
) -> dict[float, Floats]:
    """Return class probabilities from the nearest training rows, for each bandwidth.

    A neighbour counts with ``exp((similarity - largest similarity) / bandwidth)``. All
    rows have norm 1, so that their product is the cosine similarity.
    """
    k = min(_N_NEIGHBORS, len(neighbors))
    proba = {b: np.empty((len(Z), n_classes)) for b in bandwidths}
    step = max(1, _SIMILARITIES_PER_PART // len(neighbors))
    for start in range(0, len(Z), step):
        similarity = Z[start : start + step] @ neighbors.T
        nearest = np.argpartition(similarity, -k, axis=1)[:, -k:]
        of_nearest = np.take_along_axis(similarity, nearest, axis=1)
        difference = of_nearest - of_nearest.max(axis=1, keepdims=True)
        n_rows = len(nearest)
        places = np.repeat(np.arange(n_rows), k) * n_classes + targets[nearest].ravel()
        for bandwidth, result in proba.items():
            votes = weights[nearest] * np.exp(difference / bandwidth)
            summed = np.bincount(places, votes.ravel(), n_rows * n_classes)
            summed = summed.reshape(n_rows, n_classes)
            result[start : start + step] = summed / summed.sum(axis=1, keepdims=True)
    return proba
