"""A compact summary of a table, to compare new data with."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from numbers import Integral, Real
from os import PathLike
from typing import Any

import numpy as np
from sklearn.utils._param_validation import Interval

from amzest.evaluation._summaries._column_kinds import Kind
from amzest.evaluation._summaries._prediction_summary import (
    PredictionSummary,
    check_model,
    check_reference_labels,
    check_reference_proba,
    summarize_predictions,
)
from amzest.evaluation._summaries._table_reader import ColumnSummary, TableReader
from amzest.evaluation._summaries._text_column import (
    TextColumn,
)
from amzest.utils import (
    column_names,
    count,
    is_table,
    shown_list,
    validate_params,
)

#: Constraints of parameters that `summarize_data` and `compare_data` share.
CONSTRAINTS: dict[str, list[Any]] = {
    "columns": [list, tuple, Mapping, None],
    "image_root": [str, PathLike, None],
    "review_threshold": [Interval(Real, 0, 1, closed="both"), None],
    "max_rows": [Interval(Integral, 10, None, closed="left")],
    "random_state": ["random_state"],
}


@dataclass(frozen=True, repr=False, eq=False)
class DataSummary:
    """Summary of a table that new data are compared with.

    Returned by :func:`summarize_data`. It consists of numbers, counts and hashes of
    words: no text and no image can be restored from it. Save it with the model, so that
    the training data need not be kept.

    Parameters
    ----------
    n_rows : int
        Number of rows of the table.

    n_sampled : int
        Number of rows that were summarized.

    kinds : dict of str to str
        Kind of each column: "text", "image", "numeric", "categorical" or "other".

    columns : dict of str to object
        Summary of each column.

    predictions : object or None
        Summary of the predictions of the model.

    See Also
    --------
    summarize_data : Returns this object.
    compare_data : Compares new data with it.

    Examples
    --------
    >>> from amzest import make_products
    >>> from amzest.evaluation import summarize_data
    >>> X, y = make_products(200, return_X_y=True, random_state=0)
    >>> summarize_data(X[["title", "description"]])
    DataSummary: 200 rows, 2 columns
      title: text
      description: text
    """

    n_rows: int
    n_sampled: int
    kinds: dict[Any, Kind]
    columns: dict[Any, ColumnSummary]
    predictions: PredictionSummary | None

    def __repr__(self) -> str:
        n_columns = count(len(self.columns), "column")
        lines = [f"DataSummary: {count(self.n_rows, 'row')}, {n_columns}"]
        if self.n_sampled < self.n_rows:
            lines[0] += f" ({self.n_sampled:,} rows sampled)"
        lines += [f"  {name}: {kind}" for name, kind in self.kinds.items()]
        if self.predictions is not None:
            n_classes = count(len(self.predictions.classes), "class")
            lines.append(f"  predictions: {n_classes}")
        return "\n".join(lines)


@validate_params(CONSTRAINTS)
def summarize_data(
    X: Any,
    y: Any = None,
    *,
    model: Any = None,
    proba: Any = None,
    columns: Sequence[Any] | Mapping[Any, Kind | None] | None = None,
    image_root: str | PathLike[str] | None = None,
    review_threshold: float | None = None,
    max_rows: int = 20_000,
    random_state: int | np.random.RandomState | None = 0,
) -> DataSummary:
    """Summarize data, so that new data can be compared with them.

    Parameters
    ----------
    X : table, array-like of shape (n_samples,) or iterator of tables
        The reference, such as the training data. An iterator, such as
        ``pandas.read_csv(path, chunksize=50_000)``, is read once, so that the table
        need not fit in memory.

    y : array-like of shape (n_samples,), default=None
        Labels. With them and predictions the accuracy on new data is estimated.

    model : classifier, default=None
        Fitted. None summarizes the columns only.

    proba : array-like of shape (n_samples, n_classes), default=None
        Probabilities of the reference by models that were not fitted on these rows,
        such as `oof_proba_` of an ensemble. None predicts with `model`: then the
        reference must not be its training data, for which it is too confident.

    columns : list, or dict of str to {"text", "image", "numeric", "categorical"}, \
            default=None
        Columns to summarize, with their kind or without. None takes all. A kind that is
        not passed is found from dtype and cells: strings are categories if each occurs
        ten times on average, images if they are paths with the suffix of an image, and
        texts otherwise.

    image_root : path, default=None
        Folder that paths of images are relative to.

    review_threshold : float, default=None
        Predictions with a lower probability are reviewed. None uses the thresholds of a
        :class:`~amzest.meta.ReviewThresholdClassifier`.

    max_rows : int, default=20000
        Maximum number of rows that are summarized and predicted, a random sample. The
        words of all rows are collected.

    random_state : int, RandomState instance or None, default=0
        Determines the sample.

    Returns
    -------
    DataSummary
        The summary.

    Raises
    ------
    ValueError
        If there are no rows, a column does not exist, or rows and labels do not match.
    TypeError
        If a column has cells of another kind.

    See Also
    --------
    compare_data : Compares new data with a summary.

    Examples
    --------
    >>> import pandas as pd
    >>> from amzest.evaluation import summarize_data
    >>> titles = ["blue mug", "red mug", "desk lamp", "floor lamp"]
    >>> table = pd.DataFrame({"title": titles, "price": [5.0, 6.0, 20.0, 35.0]})
    >>> summarize_data(table)
    DataSummary: 4 rows, 2 columns
      title: text
      price: numeric
    """
    if model is None and (proba is not None or review_threshold is not None):
        name = "proba" if proba is not None else "review_threshold"
        raise ValueError(f"`{name}` needs `model`, whose predictions are summarized.")
    generator = _generator(random_state)
    reader = TableReader(columns, max_rows, generator)
    reader.read(X, "X", vocabularies=None)
    predictions = None
    if model is not None:
        check_model(model)
        n_rows, rows = reader.sample.n_rows, reader.sample.rows
        predictions = summarize_predictions(
            model,
            reader.samples,
            y=None if y is None else check_reference_labels(y, n_rows, rows),
            proba=(
                None
                if proba is None
                else check_reference_proba(proba, model, n_rows, rows)
            ),
            review_threshold=review_threshold,
        )
    return _summary(reader, image_root, generator, predictions)


def summarize_new(
    X: Any,
    reference: DataSummary,
    *,
    columns: Sequence[Any] | Mapping[Any, Kind | None] | None,
    model: Any,
    image_root: str | PathLike[str] | None,
    max_rows: int,
    random_state: int | np.random.RandomState | None,
) -> DataSummary:
    """Summarize new data in the same way as the reference, with its vocabularies."""
    generator = _generator(random_state)
    names = list(reference.kinds if columns is None else columns)
    absent = [name for name in names if name not in reference.kinds]
    if absent:
        raise ValueError(
            f"`columns` has {shown_list(absent)}, which the reference lacks; it "
            f"has {shown_list(reference.kinds)}."
        )
    reader = TableReader({n: reference.kinds[n] for n in names}, max_rows, generator)
    vocabularies = {
        name: summary.vocabulary
        for name, summary in reference.columns.items()
        if isinstance(summary, TextColumn) and summary.vocabulary is not None
    }
    reader.read(X, "new", vocabularies=vocabularies)
    predictions = None
    if model is not None and reference.predictions is not None:
        predictions = summarize_predictions(
            model,
            reader.samples,
            y=None,
            proba=None,
            review_threshold=None,
            thresholds=reference.predictions.thresholds,
        )
    return _summary(reader, image_root, generator, predictions)


def common_columns(
    reference: Any, new: Any, columns: Sequence[Any] | Mapping[Any, Kind | None] | None
) -> Sequence[Any] | Mapping[Any, Kind | None] | None:
    """Return the columns to compare: by default those that two tables have."""
    if columns is not None or not (is_table(reference) and is_table(new)):
        return columns
    names = set(column_names(new, "new"))
    common = [n for n in column_names(reference, "reference") if n in names]
    if not common:
        raise ValueError(
            "`reference` and `new` have no column in common: "
            f"{shown_list(column_names(reference))}, and {shown_list(sorted(names))}."
        )
    return common


def _summary(
    reader: TableReader,
    image_root: str | PathLike[str] | None,
    generator: np.random.Generator,
    predictions: PredictionSummary | None,
) -> DataSummary:
    kinds, columns = reader.summarize(image_root, generator)
    n_sampled = len(reader.sample.rows)
    return DataSummary(reader.sample.n_rows, n_sampled, kinds, columns, predictions)


def _generator(random_state: int | np.random.RandomState | None) -> np.random.Generator:
    """Return a generator; a RandomState instance is advanced."""
    if isinstance(random_state, np.random.RandomState):
        random_state = int(random_state.randint(2**31 - 1))
    return np.random.default_rng(random_state)
