"""Predicted probabilities of samples with known labels, validated in one place."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from amzest.utils._label_values import label_values
from amzest.utils._messages import count, describe_rows, shown
from amzest.utils._tables import as_pandas

#: Largest difference of the sum of a row from 1: enough for float32 and for numbers
#: that were written with four digits.
SUM_TOLERANCE = 1e-3


@dataclass(frozen=True)
class LabelledPredictions:
    """Predicted probabilities of samples, and their labels.

    `proba` has shape (n_samples, n_classes) and `codes` has the column of each label,
    -1 for one that is none of the classes. `present` is False for missing samples.
    """

    classes: NDArray[Any]
    codes: NDArray[np.int64]
    proba: NDArray[np.float64]
    present: NDArray[np.bool_]

    @classmethod
    def validate(
        cls,
        y: Any,
        proba: Any,
        classes: Any = None,
        *,
        y_name: str = "y_true",
        name: str = "proba",
        unseen: bool = False,
    ) -> Self:
        """Validate labels and probabilities; `unseen` allows labels of no class."""
        known, codes = encode_known_labels(y, classes, y_name, unseen=unseen)
        return cls.of_codes(known, codes, proba, y_name=y_name, name=name)

    @classmethod
    def of_codes(
        cls,
        classes: NDArray[Any],
        codes: NDArray[np.int64],
        proba: Any,
        *,
        y_name: str = "y",
        name: str = "proba",
        present: Any = None,
    ) -> Self:
        """Validate probabilities of samples whose labels are encoded."""
        checked = check_probabilities(proba, classes, name)
        if len(checked) != len(codes):
            raise ValueError(
                f"`{name}` has {count(len(checked), 'row')}, but `{y_name}` has "
                f"{count(len(codes), 'row')}. Pass both for the same samples."
            )
        mask = np.ones(len(codes), dtype=bool) if present is None else present
        return cls(classes, codes, checked, np.asarray(mask))

    @property
    def predicted(self) -> NDArray[np.int64]:
        """Column of the most probable class of each sample."""
        return np.asarray(self.proba.argmax(axis=1), dtype=np.int64)

    @property
    def confidence(self) -> NDArray[np.float64]:
        """Probability of the predicted class."""
        return np.asarray(self.proba.max(axis=1))

    @property
    def correct(self) -> NDArray[np.bool_]:
        """Whether the predicted class is the label."""
        return np.asarray(self.predicted == self.codes)


def encode_known_labels(
    y: Any, classes: Any = None, name: str = "y", *, unseen: bool = False
) -> tuple[NDArray[Any], NDArray[np.int64]]:
    """Return the classes and the position of each label in them.

    None takes the sorted labels as classes. A label that is none of the classes raises
    ValueError, or has the position -1 if `unseen`.
    """
    labels = label_values(y, name, warn=False)
    if not len(labels):
        raise ValueError(f"`{name}` is empty; expected at least one label.")
    if classes is None:
        known, codes = np.unique(labels, return_inverse=True)
        return known, codes.astype(np.int64)
    known = label_values(classes, "classes", warn=False)
    index = pd.Index(known)
    if not index.is_unique:
        twice = index[index.duplicated()].tolist()[0]
        raise ValueError(f"`classes` contains {shown(twice)} twice.")
    codes = index.get_indexer(pd.Index(labels)).astype(np.int64)
    wrong = np.flatnonzero(codes < 0)
    if len(wrong) == len(codes) or (len(wrong) and not unseen):
        raise ValueError(
            f"`{name}` has the label {shown(labels[wrong[:1]].tolist()[0])} in "
            f"{describe_rows(wrong)}, which is none of the {count(len(known), 'class')}"
            f": {shown(known.tolist())}. `classes` must contain the labels, in the "
            "order of the columns of the probabilities."
        )
    return known, codes


def check_probabilities(
    proba: Any, classes: NDArray[Any], name: str = "proba", *, normalized: bool = True
) -> NDArray[np.float64]:
    """Return probabilities of shape (n_samples, n_classes) as floats, validated.

    Columns of a DataFrame that are named by the classes are reordered to them.
    """
    values = _as_floats(proba, classes, name)
    if values.ndim != 2 or not len(values):
        raise ValueError(
            f"`{name}` has shape {values.shape}, expected probabilities of shape "
            f"(n_samples, {len(classes)}). Pass the result of `predict_proba(X)`."
        )
    if values.shape[1] != len(classes):
        raise ValueError(
            f"`{name}` has {count(values.shape[1], 'column')}, but there are "
            f"{count(len(classes), 'class')}. If some classes have no label here, pass "
            "all of them: classes=clf.classes_."
        )
    sums = values.sum(axis=1)
    problems = {"NaN or infinity": ~np.isfinite(values).all(axis=1)}
    if normalized:
        problems["negative values"] = (values < 0).any(axis=1)
        problems["probabilities that do not sum to 1"] = (
            np.abs(sums - 1) > SUM_TOLERANCE
        )
    for problem, wrong in problems.items():
        rows = np.flatnonzero(wrong)
        if len(rows):
            raise ValueError(
                f"`{name}` has {problem} in {describe_rows(rows)} (row {rows[0]} sums "
                f"to {sums[rows[0]]:.6g}). Pass the result of `predict_proba(X)`."
            )
    return values


def _as_floats(proba: Any, classes: NDArray[Any], name: str) -> NDArray[np.float64]:
    if hasattr(proba, "predict_proba") or hasattr(proba, "fit"):
        raise TypeError(
            f"`{name}` is an estimator ({type(proba).__name__}), expected its predicted"
            " probabilities. Pass the result of `predict_proba(X)`."
        )
    proba = as_pandas(proba, name)
    columns = getattr(proba, "columns", None)
    if columns is not None and set(columns) == set(classes.tolist()):
        proba = proba[classes.tolist()]
    try:
        return np.asarray(proba, dtype=np.float64)
    except (TypeError, ValueError):
        raise ValueError(
            f"`{name}` ({shown(proba, 40)}) does not consist of numbers, expected "
            f"probabilities of shape (n_samples, {len(classes)}). Pass the result of "
            "`predict_proba(X)`."
        ) from None
