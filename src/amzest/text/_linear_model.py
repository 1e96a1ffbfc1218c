"""Linear classifiers of sparse features: one-vs-rest support vector machines."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from sklearn.exceptions import ConvergenceWarning
from sklearn.preprocessing import normalize
from sklearn.svm import LinearSVC

from amzest.neural import Calibration, learn_calibration
from amzest.text._block_descent import descend_in_blocks
from amzest.text._ragged import offsets_of
from amzest.text._text_rows import TextRows
from amzest.utils import ForkSafeLock

#: LIBLINEAR has one random number generator for all threads
#: (https://github.com/scikit-learn/scikit-learn/issues/31883): models that are fitted
#: in threads of one process take turns.
_GENERATOR_LOCK = ForkSafeLock()

#: Calibration where there are no or few held-out samples.
DEFAULT_CALIBRATION = Calibration((5.0,), 0.0)

#: Values of the inverse regularisation strength to choose from.
CANDIDATES = (0.1, 0.3, 1.0)

#: The value if there are too few samples to choose one.
DEFAULT_C = 1.0

#: Larger numbers of weights, n_features x n_classes, are fitted class by class and
#: kept as a sparse matrix of this many weights.
_MAX_WEIGHTS = 2**24

#: Larger numbers of stored values, n_samples x the features of a sample, are fitted
#: block by block from a file, unless there are more weights than memory may hold.
_MAX_VALUES_IN_MEMORY, _MAX_BLOCK_WEIGHTS = 2**24, 2**27

#: A class that is fitted alone is fitted against its most similar samples of other
#: classes and as many random ones: this many, or this multiple of its own samples if
#: that is more.
_FEWEST_OTHERS = 500
_OTHERS_PER_OWN = 4

#: Smallest entry of a centroid, whose norm is 1, that affects the similarity to it.
_SMALLEST_ENTRY = 0.05

#: Number of scores or similarities that are computed at a time, to limit memory.
_NUMBERS_PER_PART = 2**22


@dataclass(frozen=True)
class LinearModel:
    """The weights of a linear classifier."""

    #: Array of shape (n_features, n_classes), float32; sparse for many classes.
    coef: Any
    intercept: NDArray[np.float32]  # (n_classes,)

    def scores(self, matrix: sparse.csr_array) -> NDArray[np.float32]:
        """Return scores of shape (n_samples, n_classes)."""
        result = np.empty((matrix.shape[0], len(self.intercept)), dtype=np.float32)
        for rows in _parts(*result.shape):
            product = matrix[rows] @ self.coef
            result[rows] = product.toarray() if sparse.issparse(product) else product
        result += self.intercept
        return result

    def for_unscaled(self, scale: NDArray[np.float64]) -> LinearModel:
        """Return the model with the same scores before features are scaled."""
        factors = scale.astype(np.float32)[:, None]
        if sparse.issparse(self.coef):
            return LinearModel(self.coef.multiply(factors).tocsr(), self.intercept)
        return LinearModel(self.coef * factors, self.intercept)

    @property
    def n_parameters(self) -> int:
        """Number of weights, those that are not stored excluded, and intercepts."""
        stored = self.coef.data if sparse.issparse(self.coef) else self.coef
        return int(stored.size + self.intercept.size)


def fit_linear_model(
    matrix: sparse.csr_array,
    targets: NDArray[np.int64],
    n_classes: int,
    sample_weight: NDArray[np.float64],
    *,
    C: float,
    seed: int,
) -> LinearModel:
    """Fit one-vs-rest support vector machines with the squared hinge loss.

    A weight has the effect of repeated samples, except that weights of a mean below 1
    are scaled to the mean 1: they may be fractions that sum to 1. Classes without
    samples get the lowest score.
    """
    rows = np.flatnonzero(sample_weight > 0)
    if len(rows) < matrix.shape[0]:
        matrix, targets = matrix[rows], targets[rows]
    weights = sample_weight[rows] / min(1.0, sample_weight[rows].mean())
    classes = np.unique(targets)
    if len(classes) == 1 or matrix.shape[1] == 0:
        # The constant scores of least squared hinge loss.
        shares = np.bincount(targets, weights, n_classes) / weights.sum()
        coef = np.zeros((matrix.shape[1], n_classes), dtype=np.float32)
        return LinearModel(coef, (2 * shares - 1).astype(np.float32))
    matrix = _for_liblinear(matrix)
    scale = _scale_of_features(matrix, weights)
    parts = matrix.data * scale[matrix.indices], matrix.indices, matrix.indptr
    scaled = sparse.csr_array(parts, matrix.shape)
    if matrix.shape[1] * n_classes <= _MAX_WEIGHTS:
        model = _fit_together(scaled, targets, n_classes, weights, C, seed)
    else:
        model = _fit_one_by_one(scaled, targets, n_classes, weights, C, seed)
    if len(classes) < n_classes:
        largest = float(np.sqrt(scaled.multiply(scaled).sum(axis=1).max()))
        model = _with_lowest_scores(model, largest, classes)
    return model.for_unscaled(scale)


def _scale_of_features(
    matrix: sparse.csr_array, weights: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Return factors of the features: square roots of inverse document frequencies.

    The larger the values of a feature, the less its weight is penalised. Rare words
    tell more about a product than TF-IDF gives them credit for: of the exponents 1, 1.5
    and 2 of the frequencies, 1.5 was best on average over five real datasets. The mean
    squared norm of samples does not change, and with it the meaning of `C`.
    """
    repeated = np.repeat(weights, np.diff(matrix.indptr))
    frequency = np.bincount(matrix.indices, repeated, matrix.shape[1])
    scale = np.sqrt(1 + np.log((1 + weights.sum()) / (1 + frequency)))
    squares = repeated * matrix.data**2
    total = squares @ scale[matrix.indices] ** 2
    return scale * np.sqrt(squares.sum() / total) if total > 0 else scale


def fit_models(
    samples: TextRows,
    targets: NDArray[np.int64],
    n_classes: int,
    sample_weight: NDArray[np.float64],
    *,
    candidates: Sequence[float] = CANDIDATES,
    seed: int,
) -> Iterator[tuple[float, LinearModel]]:
    """Yield each candidate for `C` with its model, in memory or block by block."""
    n_weights = len(samples.features.keys) * n_classes
    train = targets, n_classes, sample_weight
    n_used = len(np.unique(targets[sample_weight > 0]))
    small = samples.n_values <= _MAX_VALUES_IN_MEMORY
    if small or n_used == 1 or n_weights > _MAX_BLOCK_WEIGHTS:
        yield from fit_candidates(
            samples.matrix(), *train, candidates=candidates, seed=seed
        )
        return
    n_together = max(1, _MAX_BLOCK_WEIGHTS // n_weights)
    for start in range(0, len(candidates), n_together):
        some = candidates[start : start + n_together]
        yield from _fit_in_blocks(samples, *train, candidates=some, seed=seed)


def _fit_in_blocks(
    samples: TextRows,
    targets: NDArray[np.int64],
    n_classes: int,
    sample_weight: NDArray[np.float64],
    *,
    candidates: Sequence[float],
    seed: int,
) -> Iterator[tuple[float, LinearModel]]:
    used = sample_weight > 0
    weights = sample_weight / min(1.0, sample_weight[used].mean())
    classes = np.unique(targets[used])
    solutions = descend_in_blocks(
        samples, targets, n_classes, weights, candidates=candidates, seed=seed
    )
    for C, solution in zip(candidates, solutions, strict=True):
        model = LinearModel(solution.coef, solution.intercept)
        if solution.coef.size > _MAX_WEIGHTS:
            model = replace(model, coef=_largest_weights(solution.coef))
        if len(classes) < n_classes:
            model = _with_lowest_scores(model, solution.largest_norm, classes)
        yield C, model.for_unscaled(solution.scale)


def _largest_weights(coef: NDArray[np.float32]) -> sparse.csr_array:
    """Return the largest weights of each class, as many as `_fit_one_by_one` keeps."""
    n_kept = _MAX_WEIGHTS // coef.shape[1]
    columns = []
    for column in coef.T:
        largest = np.argpartition(-np.abs(column), n_kept)[:n_kept]
        kept = np.zeros_like(column)
        kept[largest] = column[largest]
        columns.append(sparse.csc_array(kept[:, None]))
    return sparse.hstack(columns, format="csr")


def fit_candidates(
    matrix: sparse.csr_array,
    targets: NDArray[np.int64],
    n_classes: int,
    sample_weight: NDArray[np.float64],
    *,
    candidates: Sequence[float] = CANDIDATES,
    seed: int,
) -> Iterator[tuple[float, LinearModel]]:
    """Yield each candidate for `C` with its model."""
    matrix = _for_liblinear(matrix)  # the original is freed, if no one else has it
    train = matrix, targets, n_classes, sample_weight
    for C in candidates:
        yield C, fit_linear_model(*train, C=C, seed=seed)


def best_C(
    scores: Mapping[float, NDArray[np.float32]],
    targets: NDArray[np.int64],
    weights: NDArray[np.float64],
) -> float:
    """Return the `C` with the least log-loss of calibrated probabilities."""
    losses = {
        C: learn_calibration([scores[C]], targets, weights, DEFAULT_CALIBRATION)[1]
        for C in scores
    }
    return min(losses, key=losses.__getitem__)


def _for_liblinear(matrix: sparse.csr_array) -> sparse.csr_array:
    """Convert a matrix to the types of LIBLINEAR, once for all fits."""
    indices = (x.astype(np.int32, copy=False) for x in (matrix.indices, matrix.indptr))
    data = matrix.data.astype(np.float64, copy=False)
    return sparse.csr_array((data, *indices), matrix.shape)


def _fit_together(
    matrix: sparse.csr_array,
    targets: NDArray[np.int64],
    n_classes: int,
    weights: NDArray[np.float64],
    C: float,
    seed: int,
) -> LinearModel:
    svc = _fit_svc(matrix, targets, weights, C, seed)
    of_classes, offsets = svc.coef_, svc.intercept_
    if len(svc.classes_) == 2:
        of_classes = np.concatenate([-of_classes, of_classes])
        offsets = np.concatenate([-offsets, offsets])
    coef = np.zeros((matrix.shape[1], n_classes), dtype=np.float32)
    coef[:, svc.classes_] = of_classes.T
    intercept = np.zeros(n_classes, dtype=np.float32)
    intercept[svc.classes_] = offsets
    return LinearModel(coef, intercept)


def _fit_svc(
    matrix: sparse.csr_array,
    targets: NDArray[np.generic],
    weights: NDArray[np.float64],
    C: float,
    seed: int,
) -> LinearSVC:
    svc = LinearSVC(C=C, random_state=seed)
    with _GENERATOR_LOCK, warnings.catch_warnings():
        # The weights of the last iteration classify as well.
        warnings.simplefilter("ignore", ConvergenceWarning)
        return svc.fit(matrix, targets, sample_weight=weights)


def _fit_one_by_one(
    matrix: sparse.csr_array,
    targets: NDArray[np.int64],
    n_classes: int,
    weights: NDArray[np.float64],
    C: float,
    seed: int,
) -> LinearModel:
    """Fit each class against few samples of the others, and keep its largest weights.

    The loss of samples far from a class is nearly the same for all of them. Hence it is
    the samples most similar to the class that matter (Jain et al., 2019, Slice), and a
    weighted random sample represents the rest. Small weights have little effect
    (Babbar and Schoelkopf, 2017, DiSMEC).
    """
    n_kept = _MAX_WEIGHTS // n_classes
    rng = np.random.default_rng(seed)
    intercept = np.zeros(n_classes, dtype=np.float32)
    empty = np.empty(0, dtype=np.int32), np.empty(0, dtype=np.float32)
    columns = [empty] * n_classes  # features of each class, and their weights
    for label, similar in _similar_samples(matrix, targets, n_classes):
        rows, factors = _rows_to_fit(targets == label, similar, rng)
        part, features = _without_empty_columns(matrix[rows])
        svc = _fit_svc(part, targets[rows] == label, weights[rows] * factors, C, seed)
        coef = svc.coef_[0].astype(np.float32)
        if len(coef) > n_kept:
            largest = np.sort(np.argpartition(-np.abs(coef), n_kept)[:n_kept])
            coef, features = coef[largest], features[largest]
        columns[label], intercept[label] = (features, coef), svc.intercept_[0]
    features, data = map(np.concatenate, zip(*columns, strict=True))
    lengths = np.array([len(column) for column, _ in columns])
    offsets = offsets_of(lengths).astype(np.int32)
    shape = matrix.shape[1], n_classes
    coef = sparse.csc_array((data, features, offsets), shape).tocsr()
    return LinearModel(coef, intercept)


def _similar_samples(
    matrix: sparse.csr_array, targets: NDArray[np.int64], n_classes: int
) -> Iterator[tuple[int, NDArray[np.intp]]]:
    """Yield each class that has samples, and the most similar samples of others."""
    n_samples = len(targets)
    entries = np.ones(n_samples), (targets, np.arange(n_samples))
    members = sparse.csr_array(entries, (n_classes, n_samples))
    centroids = normalize(members @ matrix)
    centroids.data[centroids.data < _SMALLEST_ENTRY] = 0
    centroids.eliminate_zeros()
    centroids = centroids.T.tocsc()
    for part in _parts(n_classes, n_samples):
        similarity = (matrix @ centroids[:, part]).toarray()
        for label, column in zip(range(n_classes)[part], similarity.T, strict=True):
            own = targets == label
            if not own.any():
                continue
            column[own] = -1
            n_similar = min(_n_others(own), int(np.count_nonzero(~own)))
            yield label, np.argpartition(-column, n_similar - 1)[:n_similar]


def _n_others(own: NDArray[np.bool_]) -> int:
    """Return how many similar, and how many random samples a class is fitted on."""
    return max(_FEWEST_OTHERS, _OTHERS_PER_OWN * int(np.count_nonzero(own)))


def _rows_to_fit(
    own: NDArray[np.bool_], similar: NDArray[np.intp], rng: np.random.Generator
) -> tuple[NDArray[np.intp], NDArray[np.float64]]:
    """Return the samples to fit a class on, and factors of their weights."""
    factors = own.astype(np.float64)
    factors[similar] = 1
    rest = np.flatnonzero(factors == 0)
    if len(rest):
        random = rng.choice(rest, min(_n_others(own), len(rest)), replace=False)
        factors[random] = len(rest) / len(random)
    rows = np.flatnonzero(factors)
    return rows, factors[rows]


def _without_empty_columns(
    matrix: sparse.csr_array,
) -> tuple[sparse.csr_array, NDArray[np.int32]]:
    """Return the columns of a matrix that are not empty, and their indices."""
    used = np.zeros(matrix.shape[1], dtype=bool)
    used[matrix.indices] = True
    columns = np.flatnonzero(used).astype(np.int32)
    place = np.empty(matrix.shape[1], dtype=np.int32)
    place[columns] = np.arange(len(columns))
    parts = matrix.data, place[matrix.indices], matrix.indptr
    return sparse.csr_array(parts, (matrix.shape[0], len(columns))), columns


def _with_lowest_scores(
    model: LinearModel, largest: float, classes: NDArray[np.int64]
) -> LinearModel:
    """Lower the score of classes without samples below those of all others."""
    absent = np.ones(len(model.intercept), dtype=bool)
    absent[classes] = False
    # By the Cauchy-Schwarz inequality, no score of samples with this largest norm is
    # lower.
    norms = np.sqrt((model.coef**2).sum(axis=0))
    model.intercept[absent] = (model.intercept - largest * norms)[classes].min()
    return model


def _parts(n_rows: int, n_columns: int) -> Iterator[slice]:
    """Yield parts of the rows that have about `_NUMBERS_PER_PART` numbers."""
    step = max(1, _NUMBERS_PER_PART // n_columns)
    for start in range(0, n_rows, step):
        yield slice(start, min(start + step, n_rows))
