"""From vectors of category names to a classifier: self-training and few labels.

The constants were chosen for the mean accuracy (and for the scale of probabilities, the
mean log-loss) on nine sets of categories of five product tables.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import log_softmax, softmax

from amzest.pretrained._head_parts import Floats, Vectors, fit_linear_models, unit

#: Scale of cosine similarities to names in the logits, without and with self-training.
_NAMES_SCALE, _MIXTURE_SCALE = 14.0, 0.4
#: The mixture of self-training: its concentration, the weight of the similarity to the
#: names beside that to the means, the number of rows that a name counts as, rounds.
_CONCENTRATION, _NAMES_WEIGHT, _NAME_ROWS, _N_ROUNDS = 20.0, 0.5, 20.0, 10
#: With labels: inverse regularisation strength, weight of a name as a training row,
#: scale of similarities to names; weight of rows with predicted labels, rounds.
_C, _NAME_WEIGHT, _SIMILARITY_SCALE = 10.0, 3.0, 2.5
_PREDICTED_WEIGHT, _N_REFITS = 0.15, 2
#: Scale of the logits with labels: the regularisation makes them too small.
_LABELS_SCALE = 1.3
#: Rows with predicted labels in the fit of a logistic regression, to limit its time.
_MAX_PREDICTED = 10_000
#: Numbers of logits that are computed at a time, to limit memory.
_LOGITS_PER_PART = 2**22


@dataclass(frozen=True)
class ZeroShotHead:
    """A linear classifier of centred vectors, and the vectors of the category names."""

    centre: Vectors  # (n_columns, n_features), mean vector of each column
    names: Vectors  # (n_columns * n_features, n_classes), of norm 1
    coefficients: Vectors  # (n_columns * n_features, n_classes)
    intercepts: Vectors  # (n_classes,)

    def similarity(self, X: Vectors) -> Vectors:
        """Return cosine similarities to the category names, (n_samples, n_classes)."""
        result: Vectors = centred_rows(X, self.centre) @ self.names
        return result

    def log_proba(self, X: Vectors) -> Floats:
        """Return log-probabilities of vectors, (n_samples, n_classes)."""
        logits = centred_rows(X, self.centre) @ self.coefficients + self.intercepts
        result: Floats = log_softmax(logits.astype(np.float64), axis=1)
        return result


def centred_rows(X: Vectors, centre: Vectors) -> Vectors:
    """Return rows of norm 1: directions from the centre, for each column.

    `X` has shape (n_samples, n_columns * n_features). All vectors of an encoder have a
    large common part, and those of texts and images different ones. Without it the
    nearest name is less often the same for all samples.
    """
    cells = X.reshape(len(X), *centre.shape)
    norms = np.linalg.norm(cells, axis=2, keepdims=True)
    directions = cells / np.maximum(norms, np.float32(1e-9)) - centre
    return unit(np.where(norms > 0, directions, np.float32(0)).reshape(X.shape))


def learn_centre(X: Vectors, weights: Floats, names: Vectors) -> Vectors:
    """Return the mean direction of each column, (n_columns, n_features).

    The mean of the names, shape (n_classes, n_features), counts as one more row.
    """
    width = names.shape[1]
    cells = X.reshape(len(X), -1, width)
    norms = np.linalg.norm(cells, axis=2)  # 0 for missing cells
    scale = np.divide(
        weights[:, None], norms, out=np.zeros_like(norms), where=norms > 0
    )
    total = np.einsum("rc,rcf->cf", scale.astype(np.float32), cells)
    n_rows = weights @ (norms > 0)
    centre: Vectors = (total + unit(names).mean(axis=0)) / (n_rows[:, None] + 1)
    return centre.astype(np.float32)


def fit_zero_shot_head(
    X: Vectors,
    names: Vectors,
    targets: NDArray[np.int64],
    weights: Floats,
    *,
    self_training: bool,
) -> ZeroShotHead:
    """Fit a classifier of vectors to names, labels and unlabelled rows.

    `X` has shape (n_samples, n_columns * n_features), `names` (n_classes, n_features).
    `targets` are -1 for unlabelled rows.
    """
    centre = learn_centre(X, weights, names)
    Z = centred_rows(X, centre)
    directions = unit(names)
    Q = unit(np.tile(directions - directions.mean(axis=0), len(centre)))
    intercepts = np.zeros(len(Q), dtype=np.float32)
    if (targets >= 0).any():
        coefficients, intercepts = (
            np.float32(_LABELS_SCALE) * part
            for part in _fit_to_labels(Z, Q, targets, weights, self_training)
        )
    elif self_training:
        coefficients = _mixture_of_names(Z, Q, weights)
    else:
        coefficients = Q.T * np.float32(_NAMES_SCALE)
    return ZeroShotHead(centre, Q.T.copy(), coefficients, intercepts)


def _parts(n_rows: int, n_classes: int) -> Iterator[slice]:
    step = max(1, _LOGITS_PER_PART // n_classes)
    for start in range(0, n_rows, step):
        yield slice(start, start + step)


def _mixture_of_names(Z: Vectors, Q: Vectors, weights: Floats) -> Vectors:
    """Return the coefficients of a mixture that starts from the names.

    This is the expectation-maximisation algorithm of a mixture of von Mises-Fisher
    distributions with equal weights and concentrations (Banerjee et al., 2005, Journal
    of Machine Learning Research 6), that is a soft k-means on the sphere. A name counts
    as some rows in the mean of its category and as evidence for each row, so that the
    categories keep their meaning. Equal weights of the categories are deliberate: with
    weights that are learnt, large categories swallow others.
    """
    of_names = np.float32(_NAMES_WEIGHT) * Q
    means = Q
    for _ in range(_N_ROUNDS):
        total = np.float32(_NAME_ROWS) * Q
        logits = np.float32(_CONCENTRATION) * (means + of_names).T
        for rows in _parts(len(Z), len(Q)):
            proba = softmax(Z[rows] @ logits, axis=1)
            proba *= weights[rows, None].astype(np.float32)
            total = total + proba.T @ Z[rows]
        means = unit(total)
    coefficients: Vectors = (means + of_names).T * np.float32(
        _MIXTURE_SCALE * _CONCENTRATION
    )
    return coefficients


def _fit_to_labels(
    Z: Vectors,
    Q: Vectors,
    targets: NDArray[np.int64],
    weights: Floats,
    self_training: bool,
) -> tuple[Vectors, Vectors]:
    """Return a logistic regression to which the names are added, as rows and as terms.

    In self-training, it is refitted with unlabelled rows and their predicted labels, of
    a weight proportional to the predicted probability.
    """
    labelled = np.flatnonzero((targets >= 0) & (weights > 0))
    rows = [Z[labelled], Q]
    labels = [targets[labelled], np.arange(len(Q))]
    known = [weights[labelled], np.full(len(Q), _NAME_WEIGHT)]
    coefficients, intercepts = _logistic_regression(rows, labels, known, Q)
    unlabelled = np.flatnonzero((targets < 0) & (weights > 0))
    if not self_training or not len(unlabelled):
        return coefficients, intercepts
    step = -(-len(unlabelled) // _MAX_PREDICTED)
    unlabelled = unlabelled[::step]
    of_rows = Z[unlabelled]
    for _ in range(_N_REFITS):
        proba = softmax(of_rows @ coefficients + intercepts, axis=1)
        predicted = proba.argmax(axis=1)
        confidence = _PREDICTED_WEIGHT * weights[unlabelled] * proba.max(axis=1)
        coefficients, intercepts = _logistic_regression(
            [*rows, of_rows], [*labels, predicted], [*known, confidence], Q
        )
    return coefficients, intercepts


def _logistic_regression(
    rows: Sequence[Vectors],
    labels: Sequence[NDArray[np.integer]],
    weights: Sequence[Floats],
    Q: Vectors,
) -> tuple[Vectors, Vectors]:
    all_weights = np.concatenate(weights)
    # Weights are scaled to a mean of at least 1 there, which `C` takes back.
    C = _C * min(1.0, all_weights.mean())
    targets = np.concatenate(labels).astype(np.int64)
    [(_, (coefficients, intercepts))] = fit_linear_models(
        np.concatenate(rows), targets, all_weights, len(Q), (C,)
    )
    # Of two classes, the model has coefficients of the second only, and Q of both.
    return coefficients + np.float32(_SIMILARITY_SCALE) * Q.T, intercepts
