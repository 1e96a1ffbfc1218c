"""A transformer that hands on some columns of a table as they are."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping, Sequence
from numbers import Integral, Real
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.callback import CallbackSupportMixin, with_callbacks
from sklearn.utils import _safe_indexing
from sklearn.utils.validation import check_is_fitted, validate_data

from amzest.utils import (
    DocumentationLinkMixin,
    FittedStateMixin,
    as_native,
    cell_matrix,
    check_rows,
    check_unique_names,
    column_names,
    is_column,
    is_row,
    is_table,
    shown,
    shown_list,
)

if TYPE_CHECKING:
    from typing import Self

    from sklearn.utils import Tags

#: Longer names are not compared with others to find misspelt ones.
_LONGEST_NAME = 200


class ColumnSelector(
    CallbackSupportMixin,
    TransformerMixin,
    DocumentationLinkMixin,
    FittedStateMixin,
    BaseEstimator,
    auto_wrap_output_keys=None,
):
    """Select columns of a table and hand them on untouched.

    :class:`~sklearn.compose.ColumnTransformer` must stack what comes out of it into
    two dimensions, which a column of texts or pictures cannot be. In a pipeline this
    transformer stands in its place: it gives the network behind it the column or
    columns it reads, the same rows in the same order with the same values.

    Parameters
    ----------
    columns : str, int, or sequence of these
        What to select. A scalar gives one dimension (a Series from a table, a 1-D
        array from an array), a sequence gives two, even if it holds one item.
        Strings are column names and need a table; integers are positions counted
        from 0, negative ones from the end.

    Attributes
    ----------
    n_features_in_ : int
        Number of columns seen during `fit`.

    feature_names_in_ : ndarray of shape (`n_features_in_`,), dtype object
        Names of the columns seen during `fit`. Exists only if `X` was a table
        whose column names are all strings.

    See Also
    --------
    sklearn.compose.ColumnTransformer : Applies transformers to columns and stacks
        their two-dimensional outputs.

    Notes
    -----
    Nothing that is needed for selecting is learnt, so `transform` also works before
    `fit`; `fit` looks for the columns early and remembers their names. After a fit on
    a frame, positions mean the columns that stood there during `fit`, so that a frame
    with other or reordered columns still gives the right ones.

    Tables may be those of pandas, polars or pyarrow, or of another library with the
    Arrow PyCapsule interface. The columns come in the same kind of table, with nothing
    converted; a pyarrow `RecordBatch` gives a `Table`.

    `set_output` is accepted, because pipelines call it on all of their steps, and
    changes nothing: a table gives a table of its kind, an array gives arrays.

    Examples
    --------
    >>> import pandas as pd
    >>> from amzest.compose import ColumnSelector
    >>> X = pd.DataFrame({"title": ["Blue mug", "Desk lamp"], "price": [7.5, 30.0]})
    >>> ColumnSelector("title").fit_transform(X).tolist()
    ['Blue mug', 'Desk lamp']
    >>> ColumnSelector(["price"]).fit_transform(X).shape
    (2, 1)

    In front of a classifier that reads a list of texts:

    >>> from sklearn.feature_extraction.text import CountVectorizer
    >>> from sklearn.naive_bayes import MultinomialNB
    >>> from sklearn.pipeline import make_pipeline
    >>> clf = make_pipeline(ColumnSelector("title"), CountVectorizer(), MultinomialNB())
    >>> clf.fit(X, ["mugs", "lamps"]).predict(X)
    array(['mugs', 'lamps'], dtype='<U5')
    """

    _needed_attributes: ClassVar[tuple[str, ...]] = ("n_features_in_",)

    def __init__(self, columns: str | int | Sequence[str] | Sequence[int]) -> None:
        self.columns = columns

    @with_callbacks
    def fit(self, X: Any, y: Any = None) -> Self:
        """Check that `X` has the columns and remember all of its columns' names.

        Parameters
        ----------
        X : table or array-like of shape (n_samples, n_features)
            The table, of pandas, polars or pyarrow. An array or a list of rows is
            accepted with integer `columns`.

        y : Ignored
            Not used, present for API consistency.

        Returns
        -------
        self : ColumnSelector
            The fitted selector.

        Raises
        ------
        ValueError
            If a column is missing, stands twice in `X`, or `X` is not a table.
        TypeError
            If `columns` is neither strings nor integers, or `X` is sparse, a mapping,
            a set, an iterator or a lazy table.
        """
        context = self._init_callback_context()
        context.call_on_fit_task_begin(estimator=self, X=X, y=y)
        table = _as_table(X)
        for n, what in zip(table.shape, ("sample", "feature"), strict=True):
            if n == 0:
                msg = (
                    f"Found array with 0 {what}(s) (shape={table.shape}) while a "
                    "minimum of 1 is required to fit ColumnSelector. Check the step "
                    "that made X."
                )
                raise ValueError(msg)
        _locate(self.columns, table)
        if is_table(table):  # what scikit-learn says of repeated names is not for users
            check_unique_names(column_names(table))
        validate_data(self, table, skip_check_array=True)
        context.call_on_fit_task_end(
            estimator=self, X=X, y=y, reconstruction_attributes={}
        )
        return self

    def transform(self, X: Any) -> Any:
        """Return the selected columns of `X`.

        Parameters
        ----------
        X : table or array-like of shape (n_samples, n_features)
            The table. One with named columns may hold more of them than the one that
            `fit` saw, in any order; an array must have as many columns.

        Returns
        -------
        X_selected : column, table or ndarray
            With a scalar `columns` a column (a Series, in pyarrow a ChunkedArray) or
            an array of shape (n_samples,), else a table or an array of shape
            (n_samples, n_selected). Tables stay of their library and arrays keep
            their dtype; a list of rows gives numbers if it holds nothing else, and
            objects otherwise.

        Raises
        ------
        ValueError
            If a column is missing, stands twice in `X`, or `X` is not a table.
        TypeError
            If `columns` is neither strings nor integers, or `X` is sparse, a mapping,
            a set, an iterator or a lazy table.
        """
        table = _as_table(X)
        if is_table(table):
            positions = _locate(self._fitted_names(), table)
            return _safe_indexing(table, positions, axis=1)
        if hasattr(self, "n_features_in_"):
            validate_data(self, table, skip_check_array=True, reset=False)
        return table[:, _locate(self.columns, table)]

    def get_feature_names_out(self, input_features: Any = None) -> NDArray[np.object_]:
        """Return the names of the selected columns.

        Parameters
        ----------
        input_features : array-like of str, default=None
            Names of the columns of `X`. With None they are `feature_names_in_` or,
            where that does not exist, `x0`, `x1`, and so on.

        Returns
        -------
        feature_names_out : ndarray of shape (n_selected,), dtype object
            The names, in the order of `columns`.

        Raises
        ------
        NotFittedError
            If the selector is not fitted.
        ValueError
            If `input_features` does not fit what `fit` has seen.
        """
        check_is_fitted(self, "n_features_in_")
        names = getattr(self, "feature_names_in_", None)
        if input_features is None:
            if names is None:
                names = [f"x{i}" for i in range(self.n_features_in_)]
        else:
            given = np.asarray(input_features, dtype=object)
            if names is not None and not np.array_equal(names, given):
                msg = (
                    "input_features is not equal to feature_names_in_. Pass None to "
                    "use the names that fit has seen."
                )
                raise ValueError(msg)
            if len(given) != self.n_features_in_:
                msg = (
                    "input_features should have length equal to number of features "
                    f"({self.n_features_in_}), got {len(given)}."
                )
                raise ValueError(msg)
            names = given
        labels = list(names)
        wanted = _checked_columns(self.columns)[0]
        chosen = [c if isinstance(c, str) else labels[c] for c in wanted]
        return np.asarray(chosen, dtype=object)

    def set_output(self, *, transform: str | None = None) -> Self:
        """Accept an output configuration and keep the input's own container.

        Parameters
        ----------
        transform : {"default", "pandas", "polars"}, default=None
            Not used, present for API consistency.

        Returns
        -------
        self : ColumnSelector
            The selector, unchanged.
        """
        return self

    def __sklearn_is_fitted__(self) -> bool:
        return True

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        tags.requires_fit = False
        tags.input_tags.string = True
        tags.input_tags.categorical = True
        tags.input_tags.allow_nan = True
        tags.transformer_tags.preserves_dtype = ["float64", "float32", "int64", "int32"]
        return tags

    def _fitted_names(self) -> Any:
        """Give `columns`, with positions turned into the names that `fit` saw."""
        wanted, scalar = _checked_columns(self.columns)
        names = getattr(self, "feature_names_in_", None)
        if names is None or isinstance(wanted[0], str):
            return self.columns
        chosen = [str(names[c]) for c in wanted]
        return chosen[0] if scalar else chosen


def _as_table(X: Any) -> Any:
    """Give `X` as a table with named columns or an array, or say why it is neither."""
    X = as_native(X)
    if is_table(X):
        return X
    check_rows(X, "a DataFrame, a table with named columns or a 2D array")
    if is_column(X):
        table = np.empty(len(X))  # of structs, it would become a table of numbers
    else:
        table = _rows_to_array(X) if isinstance(X, (list, tuple)) else np.asarray(X)
    if table.ndim != 2:
        msg = (
            f"Expected 2D array, got {table.ndim}D array instead: `X` has shape "
            f"{table.shape}. Pass a DataFrame. Reshape your data with "
            "array.reshape(-1, 1) if it is a single column."
        )
        raise ValueError(msg)
    return table


def _rows_to_array(rows: Sequence[Any]) -> NDArray[Any]:
    if not rows or not all(map(is_row, rows)):
        records = bool(rows) and all(isinstance(row, Mapping) for row in rows)
        advice = (
            "Make a table of it: pandas.DataFrame(X)."
            if records
            else "Reshape your data with [[value] for value in X] if it is a single "
            "column."
        )
        kinds = sorted({type(row).__name__ for row in rows})
        msg = (
            "Expected 2D array, got a list that is not made of rows of one length "
            f"(it holds {', '.join(kinds) or 'nothing'}). {advice}"
        )
        raise ValueError(msg)
    table = cell_matrix(rows)
    if all(isinstance(c, Real) and not isinstance(c, bool) for c in table.ravel()):
        return np.asarray([list(row) for row in rows])
    return table


def _checked_columns(columns: Any) -> tuple[list[str] | list[int], bool]:
    """Give `columns` as a list, and whether it was a scalar."""
    scalar = isinstance(columns, (str, Integral)) and not isinstance(columns, bool)
    if scalar:
        wanted = [columns]
    elif isinstance(columns, Iterable) and not isinstance(columns, (bytes, dict)):
        wanted = list(columns)
    else:
        wanted = [None]
    if not wanted:
        msg = "`columns` is empty. Name at least one column."
        raise ValueError(msg)
    strings = all(isinstance(c, str) for c in wanted)
    integers = all(isinstance(c, Integral) and not isinstance(c, bool) for c in wanted)
    if not strings and not integers:
        msg = (
            "`columns` must be a column name, a position, or a list of one of the "
            f"two, got {shown(columns)}."
        )
        raise TypeError(msg)
    twice = sorted({str(c) for c in wanted if wanted.count(c) > 1})
    if twice:
        msg = f"`columns` names {shown_list(twice)} more than once. Name it once."
        raise ValueError(msg)
    return wanted, scalar


def _locate(columns: Any, table: Any) -> int | list[int]:
    """Give the position or positions of `columns` in `table`."""
    wanted, scalar = _checked_columns(columns)
    if isinstance(wanted[0], str):
        positions = _locate_names(wanted, table)
    else:
        n_columns = table.shape[1]
        outside = [c for c in wanted if not -n_columns <= int(c) < n_columns]
        if outside:
            msg = (
                f"`columns` has {shown_list(outside)}, but X has {n_columns} "
                f"column(s): positions go from 0 to {n_columns - 1}."
            )
            raise ValueError(msg)
        positions = [int(c) for c in wanted]
    return positions[0] if scalar else positions


def _locate_names(wanted: list[str], table: Any) -> list[int]:
    if not is_table(table):
        msg = (
            f"`columns` names {shown_list(wanted)}, but X is an array and its columns "
            "have no names. Pass a DataFrame of pandas or polars or a Table of "
            "pyarrow, or select by position."
        )
        raise ValueError(msg)
    available = column_names(table)
    missing = [name for name in wanted if name not in available]
    if missing:
        msg = (
            f"`columns` names {shown_list(missing)}, which X does not have. "
            f"Available: {shown_list(available)}.{_did_you_mean(missing, available)}"
        )
        raise ValueError(msg)
    twice = [name for name in wanted if available.count(name) > 1]
    if twice:
        msg = (
            f"`columns` names {shown_list(twice)}, which X has more than once. Rename "
            "or "
            "drop the columns that are not meant."
        )
        raise ValueError(msg)
    return [available.index(name) for name in wanted]


def _did_you_mean(missing: list[str], available: list[Any]) -> str:
    names = [name for name in available if isinstance(name, str)]
    folded = {name.casefold().strip(): name for name in names}
    close = {
        folded[match]: None
        for name in missing
        if len(name) < _LONGEST_NAME
        for match in difflib.get_close_matches(name.casefold().strip(), folded, n=1)
    }
    return f" Did you mean {shown_list(close)}?" if close else ""
