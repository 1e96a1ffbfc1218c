"""Which products a grid shows."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from amzest.evaluation._displays._inputs import (
    check_predicted,
    check_probabilities,
    find_classes,
)
from amzest.utils import (
    as_pandas,
    shown,
)

SELECTIONS = ("errors", "sure errors", "unsure", "random")


def predictions_of(
    truth: NDArray[np.object_], y_pred: Any, classes: Any
) -> pd.DataFrame:
    """Bring labels or probabilities into one table of predictions.

    Parameters
    ----------
    truth : ndarray of shape (n_samples,), dtype object
        Checked true labels.

    y_pred : array-like of shape (n_samples,) or (n_samples, n_classes)
        Predicted labels, or probabilities.

    classes : array-like of shape (n_classes,) or None
        Categories of the columns of probabilities; None for the sorted true labels.

    Returns
    -------
    DataFrame of shape (n_samples, 6)
        The columns `row`, `true`, `predicted`, `correct`, `probability` and
        `probability_true`.
    """
    given = np.asarray(as_pandas(y_pred, "y_pred"))
    nothing = np.full(len(truth), np.nan)
    if given.ndim == 2 and given.shape[1] > 1:
        names = find_classes(classes, truth)
        proba = check_probabilities("y_pred", given, len(truth), len(names))
        predicted = np.empty(len(truth), dtype=object)
        predicted[:] = [names[place] for place in proba.argmax(axis=1)]
        places = {name: place for place, name in enumerate(names)}
        # A category that the model never saw has no probability.
        of_truth = [
            row[places[label]] if label in places else 0.0
            for row, label in zip(proba, truth, strict=True)
        ]
        sure, of_true = proba.max(axis=1), np.array(of_truth)
    else:
        predicted = check_predicted(truth, y_pred)
        sure, of_true = nothing, nothing
    columns = {
        "row": np.arange(len(truth)),
        "true": truth,
        "predicted": predicted,
        "correct": truth == predicted,
        "probability": sure,
        "probability_true": of_true,
    }
    return pd.DataFrame(columns).astype({"correct": bool})


def select_rows(
    table: pd.DataFrame, select: str, n_products: int, random_state: Any
) -> NDArray[np.intp]:
    """Choose the positions of products to draw.

    Parameters
    ----------
    table : DataFrame
        What :func:`predictions_of` returns.

    select : {"errors", "sure errors", "unsure", "random"}
        Which products are wanted.

    n_products : int
        How many at most.

    random_state : int, RandomState instance or None
        Draws them.

    Returns
    -------
    ndarray of shape (n_chosen,), dtype intp
        The positions.

    Raises
    ------
    ValueError
        When probabilities are needed and not there.
    """
    sure = table["probability"].to_numpy()
    if select in ("sure errors", "unsure") and np.isnan(sure).any():
        raise ValueError(
            f"`select` is {shown(select)}, which needs probabilities, but `y_pred` "
            "holds "
            "labels. Pass what predict_proba gives."
        )
    wrong = ~table["correct"].to_numpy()
    if select == "unsure":
        return np.argsort(sure, kind="stable")[:n_products]
    found = np.flatnonzero(wrong) if select != "random" else np.arange(len(table))
    if select == "sure errors":
        return found[np.argsort(-sure[found], kind="stable")][:n_products]
    if len(found) <= n_products:
        return found
    if not isinstance(random_state, np.random.RandomState):
        random_state = np.random.RandomState(random_state)
    drawn = random_state.choice(found, n_products, replace=False)
    return np.sort(drawn)


def check_rows(rows: Any, n_samples: int) -> NDArray[np.intp]:
    """Check positions that the user gave.

    Parameters
    ----------
    rows : array-like of int
        The positions.

    n_samples : int
        Products there are.

    Returns
    -------
    ndarray of shape (n_chosen,), dtype intp
        The positions.

    Raises
    ------
    ValueError
        When they are no list of positions, or there is no such product.
    """
    places = np.asarray(rows)
    if places.size == 0:
        return np.empty(0, dtype=np.intp)
    if places.ndim != 1 or places.dtype.kind not in "iu":
        raise ValueError(
            f"`rows` must be a list of positions counted from 0, got {shown(rows)}."
        )
    outside = places[(places < 0) | (places >= n_samples)]
    if len(outside):
        raise ValueError(
            f"`rows` holds {int(outside[0])}, but there are {n_samples} products: "
            f"positions go from 0 to {n_samples - 1}."
        )
    return places.astype(np.intp)
