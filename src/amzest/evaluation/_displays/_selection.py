"""Which samples a grid of products shows."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from amzest.evaluation._displays._inputs import check_labels
from amzest.utils import LabelledPredictions, as_pandas, shown

SELECTIONS = ("errors", "sure errors", "unsure", "random")


def prediction_table(
    y_true: NDArray[np.object_], y_pred: Any, classes: Any
) -> pd.DataFrame:
    """Return a row per sample, from predicted labels or probabilities.

    The columns are `row`, `true`, `predicted`, `correct`, `probability` and
    `probability_true`; the last two are NaN for labels.
    """
    confidence = of_true = np.full(len(y_true), np.nan)
    # A single column has predicted labels, several have probabilities. An estimator is
    # named in the error of the validation.
    if hasattr(y_pred, "fit") or _n_columns(y_pred) > 1:
        predictions = LabelledPredictions.validate(
            y_true, y_pred, classes, name="y_pred", unseen=True
        )
        predicted = np.empty(len(y_true), dtype=object)
        predicted[:] = predictions.classes[predictions.predicted].tolist()
        confidence, codes = predictions.confidence, predictions.codes
        of_true = predictions.proba[np.arange(len(codes)), codes]
        # A class that the model has not seen has no probability.
        of_true = np.where(codes >= 0, of_true, 0.0)
    else:
        predicted = check_labels("y_pred", y_pred, y_true)
    columns = {
        "row": np.arange(len(y_true)),
        "true": y_true,
        "predicted": predicted,
        "correct": y_true == predicted,
        "probability": confidence,
        "probability_true": of_true,
    }
    return pd.DataFrame(columns).astype({"correct": bool})


def _n_columns(y_pred: Any) -> int:
    shape = np.shape(as_pandas(y_pred, "y_pred"))
    return shape[1] if len(shape) == 2 else 1


def select_rows(
    table: pd.DataFrame, select: str, n_products: int, random_state: Any
) -> NDArray[np.intp]:
    """Return the positions of the samples to show, at most `n_products`."""
    confidence = table["probability"].to_numpy()
    if select in ("sure errors", "unsure") and np.isnan(confidence).any():
        raise ValueError(
            f"`select` is {shown(select)}, which needs probabilities, but `y_pred` "
            "has labels. Pass the result of `predict_proba(X)`."
        )
    wrong = ~table["correct"].to_numpy()
    if select == "unsure":
        return np.argsort(confidence, kind="stable")[:n_products]
    found = np.flatnonzero(wrong) if select != "random" else np.arange(len(table))
    if select == "sure errors":
        return found[np.argsort(-confidence[found], kind="stable")][:n_products]
    # No random numbers are used if all of them are shown.
    if len(found) <= n_products:
        return found
    if not isinstance(random_state, np.random.RandomState):
        random_state = np.random.RandomState(random_state)
    return np.sort(random_state.choice(found, n_products, replace=False))


def check_rows(rows: Any, n_samples: int) -> NDArray[np.intp]:
    """Return the positions that the user passed, validated."""
    places = np.asarray(rows)
    if places.size == 0:
        return np.empty(0, dtype=np.intp)
    if places.ndim != 1 or places.dtype.kind not in "iu":
        raise ValueError(
            f"`rows` must be a list of positions from 0, got {shown(rows)}."
        )
    outside = places[(places < 0) | (places >= n_samples)]
    if len(outside):
        raise ValueError(
            f"`rows` contains {int(outside[0])}, but there are {n_samples} products: "
            f"positions range from 0 to {n_samples - 1}."
        )
    return places.astype(np.intp)
