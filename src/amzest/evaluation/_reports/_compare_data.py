"""Compare new data with the data that a classifier was fitted on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from numbers import Real
from os import PathLike
from typing import Any

import numpy as np
from sklearn.utils._param_validation import Interval

from amzest.evaluation._reports._data_comparison import DataComparison
from amzest.evaluation._reports._drift_checks import check_data
from amzest.evaluation._summaries._column_kinds import Kind
from amzest.evaluation._summaries._data_summary import (
    CONSTRAINTS,
    DataSummary,
    common_columns,
    summarize_data,
    summarize_new,
)
from amzest.evaluation._summaries._prediction_summary import check_same_classes
from amzest.utils import validate_params

_SHARE = Interval(Real, 0, 1, closed="left")


@validate_params(
    CONSTRAINTS
    | {
        "min_effect": [_SHARE],
        "max_accuracy_loss": [_SHARE],
        "confidence_level": [Interval(Real, 0, 1, closed="neither")],
    }
)
def compare_data(
    reference: Any,
    new: Any,
    *,
    model: Any = None,
    y_reference: Any = None,
    proba_reference: Any = None,
    columns: Sequence[Any] | Mapping[Any, Kind | None] | None = None,
    image_root: str | PathLike[str] | None = None,
    review_threshold: float | None = None,
    max_rows: int = 20_000,
    min_effect: float = 0.1,
    max_accuracy_loss: float = 0.02,
    confidence_level: float = 0.95,
    random_state: int | np.random.RandomState | None = 0,
) -> DataComparison:
    """Compare new data with a reference, and advise whether to refit.

    Parameters
    ----------
    reference : DataSummary, table, array-like or iterator of tables
        The data that the model was fitted on or evaluated on, or a summary of them by
        :func:`summarize_data`.

    new : table, array-like of shape (n_samples,) or iterator of tables
        New data, without labels. An iterator is read once.

    model : classifier, default=None
        Fitted. None compares the columns only.

    y_reference : array-like of shape (n_samples,), default=None
        Labels of the reference, to estimate the accuracy on the new data.

    proba_reference : array-like of shape (n_samples, n_classes), default=None
        Probabilities of the reference by models that were not fitted on these rows,
        such as `oof_proba_` of an ensemble. None predicts with `model`: then the
        reference must not be its training data, for which it is too confident.

    columns : list, or dict of str to {"text", "image", "numeric", "categorical"}, \
            default=None
        Columns to compare, with their kind or without, see :func:`summarize_data`. None
        takes all that both have.

    image_root : path, default=None
        Folder that paths of images are relative to.

    review_threshold : float, default=None
        Predictions with a lower probability are reviewed. None uses the thresholds of a
        :class:`~amzest.meta.ReviewThresholdClassifier`, or those of the summary.

    max_rows : int, default=20000
        Maximum number of rows of either that are compared, a random sample.

    min_effect : float, default=0.1
        Smaller effects are not drift, even if they are significant.

    max_accuracy_loss : float, default=0.02
        If there is drift, refitting is advised from this estimated loss of accuracy on.

    confidence_level : float, default=0.95
        Differences with a corrected p-value below ``1 - confidence_level`` are
        significant. Also the level of the intervals.

    random_state : int, RandomState instance or None, default=0
        Determines the samples, and the halves of the classifier test.

    Returns
    -------
    DataComparison
        Checks, plots, estimated accuracy and advice.

    Raises
    ------
    ValueError
        If there are no rows or no common columns, the model has other classes than that
        of the summary, or rows and labels do not match.
    TypeError
        If a column has cells of another kind.

    See Also
    --------
    summarize_data : Summarizes the reference, to be saved with the model.
    DataComparison : Describes the checks.

    Notes
    -----
    The accuracy is estimated from the confidence of the model. This is only valid for
    changes of the products that leave the categories of equal products the same: if the
    meaning of a category changes, or labels are wrong, only labelled rows reveal it.

    Examples
    --------
    >>> from amzest import make_products
    >>> from amzest.evaluation import compare_data
    >>> X, y = make_products(600, return_X_y=True, random_state=0)
    >>> X = X[["title", "description"]]
    >>> new = X[400:].assign(title=X["title"].str.replace("a", "e"))
    >>> comparison = compare_data(X[:400], new)
    >>> comparison.action, comparison.drifted
    ('check', ['title'])
    """
    is_summary = isinstance(reference, DataSummary)
    if is_summary:
        _check_unused(reference, model, y_reference, proba_reference, review_threshold)
        summary = reference
    else:
        summary = summarize_data(
            reference,
            y_reference,
            model=model,
            proba=proba_reference,
            columns=common_columns(reference, new, columns),
            image_root=image_root,
            review_threshold=review_threshold,
            max_rows=max_rows,
            random_state=random_state,
        )
    if model is not None and summary.predictions is not None:
        check_same_classes(summary.predictions, np.asarray(model.classes_))
    found = summarize_new(
        new,
        summary,
        columns=columns,
        model=model,
        image_root=image_root,
        max_rows=max_rows,
        random_state=random_state,
    )
    return DataComparison(
        summary,
        found,
        check_data(summary, found),
        min_effect=min_effect,
        max_accuracy_loss=max_accuracy_loss,
        confidence_level=confidence_level,
    )


def _check_unused(
    summary: DataSummary,
    model: Any,
    y_reference: Any,
    proba_reference: Any,
    review_threshold: float | None,
) -> None:
    """Raise for arguments that belong to the data of a summary."""
    given = {
        "y_reference": y_reference,
        "proba_reference": proba_reference,
        "review_threshold": review_threshold,
    }
    for name, value in given.items():
        if value is not None:
            raise ValueError(
                f"`{name}` is passed, but `reference` is a DataSummary. Pass it to "
                "summarize_data, which summarizes the predictions."
            )
    if model is not None and summary.predictions is None:
        raise ValueError(
            "`model` is passed, but the summary has no predictions to compare with. "
            "Make it with summarize_data(..., model=model)."
        )
